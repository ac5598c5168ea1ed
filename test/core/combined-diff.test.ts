import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CombinedHunk, combinedDiff } from '../../src/core/combined-diff.ts'
import { scratch } from '../host/scratch.ts'
import { GIT_ENV } from '../vcs/git-repository.ts'

const textOf = (hunks: readonly CombinedHunk[]) =>
  hunks
    .map(({ old, new: now, lines }) => {
      const marks = '@'.repeat(old.length + 1)
      const ranges = old.map(({ start, count }) => `-${start},${count}`).join(' ')
      const body = lines.map(({ columns, text }) => `${columns}${text}\n`).join('')
      return `${marks} ${ranges} +${now.start},${now.count} ${marks}\n${body}`
    })
    .join('')

describe('a merge of two', () => {
  test('shows the lines of both, each with a column for each parent', () => {
    expect(textOf(combinedDiff(['a\nours\nc\n', 'a\ntheirs\nc\n'], 'a\nboth\nc\n'))).toBe(
      '@@@ -1,3 -1,3 +1,3 @@@\n  a\n- ours\n -theirs\n++both\n  c\n',
    )
  })

  test('leaves out, where it is dense, what it took from one of them', () => {
    expect(combinedDiff(['a\nb\n', 'a\n'], 'a\nb\n', { dense: true })).toEqual([])
    expect(textOf(combinedDiff(['a\nb\n', 'a\n'], 'a\nb\n'))).toBe('@@@ -1,2 -1,1 +1,2 @@@\n  a\n +b\n')
  })
})

/** Small alphabets, so that lines repeat and hunks meet. */
const TEXT = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', ''), { maxLength: 24 }), fc.boolean())
  .map(([lines, hasBreak]) => lines.join('\n') + (hasBreak && lines.length > 0 ? '\n' : ''))

/** Versions that were made from one text, as in a history. */
const FAMILY = fc
  .tuple(
    fc.integer({ min: 8, max: 40 }),
    fc.integer({ min: 2, max: 4 }),
    fc.array(fc.tuple(fc.nat(4), fc.nat(39), fc.constantFrom('drop', 'x', 'y', 'double')), { maxLength: 10 }),
  )
  .map(([length, parents, edits]) => {
    const texts = Array.from({ length: parents + 1 }, (_, version) => {
      const lines = Array.from({ length }, (_, i) => [`line ${i % 9}`])
      for (const [of, at, how] of edits) {
        // The last is the result: it may have any of the changes of the others.
        if (of !== version && !(version === parents && of % 2 === 0)) continue
        const line = lines[at % length] as string[]
        if (how === 'drop') line.pop()
        else line.push(how === 'double' ? `line ${at % 9}` : how)
      }
      return lines.flat().map((line) => `${line}\n`)
    })
    return texts.map((lines) => lines.join(''))
  })

/** What git prints for merges of such texts, one after the other, all by one process. */
function gitSays(cases: readonly (readonly string[])[], options: readonly string[]): readonly string[] {
  const folder = scratch()
  const git = (args: readonly string[], input = '') => {
    const run = spawnSync('git', args, { cwd: folder, env: { ...GIT_ENV, HOME: folder }, input, encoding: 'utf8' })
    if (run.status !== 0) throw new Error(run.stderr)
    return run.stdout
  }
  git(['init', '--quiet', '--initial-branch=main'])
  let marks = 0
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`
  const commands: string[] = []
  for (const [n, texts] of cases.entries()) {
    const parents = texts.slice(0, -1)
    const first = marks + 1
    for (const text of parents) {
      commands.push(`commit refs/heads/p${n}-${++marks}\nmark :${marks}\ncommitter a <a@b> ${n} +0000\n${data('p')}`)
      commands.push(`M 100644 inline f\n${data(text)}\n`)
    }
    commands.push(`commit refs/heads/m${n}\nmark :${++marks}\ncommitter a <a@b> ${n} +0000\n${data('m')}`)
    commands.push(
      `from :${first}\n${parents
        .slice(1)
        .map((_, i) => `merge :${first + 1 + i}\n`)
        .join('')}`,
    )
    commands.push(`M 100644 inline f\n${data(texts.at(-1) as string)}\n`)
  }
  git(['fast-import', '--quiet', '--force'], commands.join(''))
  const ids = git(['rev-parse', ...cases.map((_, n) => `m${n}`)])
  // --format: what a commit prints starts with its id.
  const args = [
    '-c',
    'diff.indentHeuristic=false',
    'diff-tree',
    '--stdin',
    '-p',
    '--text',
    '--format=%x00%H',
    ...options,
  ]
  const said = new Map<string, string>()
  for (const part of git(args, ids).split('\0')) {
    const start = part.search(/^@@@/m)
    if (start !== -1) said.set(part.slice(0, 40), part.slice(start).replace(/^(@@@+ .* @@@+).*$/gm, '$1'))
  }
  return ids.split('\n').map((id) => said.get(id) ?? '')
}

describe.each([
  ['--cc', true],
  ['-c', false],
] as const)('prints what git prints with %s', (option, dense) => {
  test.each([3, 1, 10])('with %i lines of context', (context) => {
    for (const family of [FAMILY, fc.tuple(TEXT, TEXT, TEXT)]) {
      const cases = fc.sample(family as typeof FAMILY, { numRuns: 60, seed: 7 + context })
      const said = gitSays(cases, [option, `-U${context}`])
      for (const [i, texts] of cases.entries()) {
        const result = texts.at(-1) as string
        const parents = texts.slice(0, -1)
        // A file that is as in a parent is in no combined diff.
        const hunks = parents.includes(result) ? [] : combinedDiff(parents, result, { context, dense })
        expect({ texts, hunks: textOf(hunks) }).toEqual({ texts, hunks: said[i] })
      }
    }
  })
})
