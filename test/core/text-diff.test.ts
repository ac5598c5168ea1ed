import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { type LineRange, textDiff } from '../../src/core/text-diff.ts'

const folder = mkdtempSync(join(tmpdir(), 'kmsfile-text-diff-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const NO_NEWLINE = String.raw`\ No newline at end of file`
const MARKS = { same: ' ', old: '-', new: '+' } as const

const rangeText = ({ start, count }: LineRange) => (count === 1 ? `${start}` : `${start},${count}`)

function printed(before: string, after: string, context?: number): string {
  return textDiff(before, after, { context })
    .flatMap(({ old, new: now, lines }) => [
      `@@ -${rangeText(old)} +${rangeText(now)} @@`,
      ...lines.flatMap(({ kind, text, noBreak }) => [`${MARKS[kind]}${text}`, ...(noBreak ? [NO_NEWLINE] : [])]),
    ])
    .map((line) => `${line}\n`)
    .join('')
}

function byGit(before: string, after: string, context = 3): string {
  writeFileSync(join(folder, 'a'), before)
  writeFileSync(join(folder, 'b'), after)
  const args = ['diff', '--no-index', '--no-color', '--no-ext-diff', '--no-indent-heuristic', '--text', `-U${context}`]
  const { stdout } = spawnSync('git', [...args, 'a', 'b'], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
  })
  const start = stdout.search(/^@@/m)
  // What git finds in a line before the hunk and shows behind its numbers.
  return start === -1 ? '' : stdout.slice(start).replaceAll(/^(@@ .* @@) .*$/gm, '$1')
}

describe('a comparison', () => {
  test.each([
    ['of nothing with something', '', 'a\nb\n'],
    ['of something with nothing', 'a\n', ''],
    ['of one line', 'a\n', 'b\n'],
    ['without line breaks at the end', 'a\nb', 'a\nc'],
    ['with a line break that comes', 'a', 'a\n'],
    ['with a line break that goes', 'a\nb\n', 'a\nb'],
    ['of changes far from each other', `x\n${'a\n'.repeat(9)}y\n`, `X\n${'a\n'.repeat(9)}Y\n`],
    ['of changes whose surroundings touch', `x\n${'a\n'.repeat(6)}y\n`, `X\n${'a\n'.repeat(6)}Y\n`],
    ['of changes just too far apart', `x\n${'a\n'.repeat(7)}y\n`, `X\n${'a\n'.repeat(7)}Y\n`],
    ['with carriage returns', 'a\r\nb\r\n', 'a\r\nc\r\n'],
  ])('%s is that of git', (_, before, after) => {
    expect(printed(before, after)).toBe(byGit(before, after))
    expect(printed(before, after, 0)).toBe(byGit(before, after, 0))
  })

  test('of the same text has no hunks', () => {
    expect(textDiff('a\n', 'a\n')).toEqual([])
  })

  test('leads from the one text to the other, in no more lines than git needs', () => {
    const line = fc.constantFrom('a', 'b', 'c', '', '  a')
    const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n'))
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = textDiff(before, after, { context: 99 }).flatMap((hunk) => hunk.lines)
        const side = (without: string) =>
          lines
            .flatMap(({ kind, text: own, noBreak }) => (kind === without ? [] : [noBreak ? own : `${own}\n`]))
            .join('')
        if (before !== after) expect([side('new'), side('old')]).toEqual([before, after])
      }),
    )
  })

  test('of many texts is that of git', () => {
    const line = fc.constantFrom('a', 'b', 'c', 'd: e')
    const text = fc.array(line, { maxLength: 10 }).map((lines) => lines.map((each) => `${each}\n`).join(''))
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(printed(before, after)).toBe(byGit(before, after))
      }),
      { numRuns: 60 },
    )
  })
})
