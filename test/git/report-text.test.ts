import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import type { Finding } from '../../src/git/check/finding.ts'
import { fixesOf } from '../../src/git/check/report-fixes.ts'
import { findingLines, reportLines } from '../../src/git/check/report-text.ts'
import { shownPath } from '../../src/git/check/report-words.ts'
import { shellWord } from '../../src/host/shell-words.ts'

const NAMES = [
  'a b',
  "it's",
  '$(x)',
  '`x`',
  'new\nline',
  'tab\t',
  '-rf',
  'ü',
  '\u202egnp',
  '\x1b[31m',
  '*',
  '~',
  'a\\b',
  "'\n'",
]

test.each(NAMES)('writes %j so that a shell reads it again, on one line', (name) => {
  const word = shellWord(name)
  expect(word).not.toMatch(/[\p{Cc}\u202e]/u)
  const read = execFileSync('bash', ['-c', `printf %s ${word}`], { encoding: 'utf8' })
  expect(read.replace(/^\.\//, '')).toBe(name)
})

test.each(NAMES)('shows %j so that it cannot steer a terminal', (name) => {
  expect(shownPath(name)).not.toMatch(/[\p{Cc}\u202e]/u)
})

test('says nothing where nothing is found', () => {
  expect(reportLines([], { done: 'committed' })).toEqual([])
})

test('offers a way round for one file alone, and for nothing that concerns all', () => {
  const way = (findings: readonly Finding[]) =>
    reportLines(findings, { done: 'committed', command: 'git commit' }).some((line) => line.startsWith('one file'))
  expect(way([found('plaintext', 'a.yaml'), found('plaintext', 'a.yaml')])).toBe(true)
  expect(way([found('plaintext', 'a.yaml'), found('plaintext', 'b.yaml')])).toBe(false)
  expect(way([found('configuration', '.kmsfile.yaml')])).toBe(false)
})

test('says what is refused in other words where it is no plaintext', () => {
  const [first] = reportLines([found('structure-changed', 'a.yaml')], { done: 'pushed' })
  expect(first).toBe('kmsfile: refused: 1 file cannot be pushed')
  expect(reportLines([found('not-compared', '')], { done: 'accepted' })).toEqual([
    'kmsfile: refused: this cannot be accepted',
    '  the repository   x',
  ])
})

test('has something to do for every kind of trouble, a line each', () => {
  expect(
    fixesOf([found('plaintext', 'a.yaml'), found('plaintext', 'b c.yaml'), found('leftover', 'x~')], {
      done: 'committed',
    }),
  ).toEqual(["kmsfile encrypt -i a.yaml 'b c.yaml' && git add a.yaml 'b c.yaml'", "git rm --cached -- 'x~'"])
  expect(fixesOf([found('plaintext', 'x.txt')], { done: 'committed' })[0]).toContain('exempt it')
})

test('lists all places where all are asked for', () => {
  const findings = Array.from({ length: 30 }, (_, i) => ({ ...found('plaintext', `f${i % 2}.yaml`), line: i + 1 }))
  expect(findingLines(findings, { all: true })).toHaveLength(30)
  expect(findingLines(findings)).toHaveLength(8)
})

function found(verdict: Finding['verdict'], path: string): Finding {
  return { verdict, severity: 'refuse', path, message: 'x' }
}
