import { expect, test } from 'vitest'
import type { Finding } from '../../src/git/check/finding.ts'
import { reportSarif } from '../../src/git/check/report-sarif.ts'

const at = (line: number, rest: Partial<Finding> = {}): Finding => ({
  verdict: 'plaintext',
  severity: 'refuse',
  path: 'secrets/x.yaml',
  line,
  keys: ['db', 'password'],
  message: 'not encrypted',
  ...rest,
})

test('a finding is the same when it moves to another line', () => {
  expect(idsOf([at(2), at(5, { keys: ['a'] })])).toEqual(idsOf([at(12), at(15, { keys: ['a'] })]))
})

test('findings at one key of one file are told apart, and stay who they are when lines move', () => {
  const [first, second, third] = idsOf([at(2), at(9), at(20)])
  expect(new Set([first, second, third]).size).toBe(3)
  expect(idsOf([at(3), at(10), at(21)])).toEqual([first, second, third])
  // One more at the end changes none of those before.
  expect(idsOf([at(2), at(9), at(20), at(30)]).slice(0, 3)).toEqual([first, second, third])
  expect(idsOf([at(2)])).toEqual([first])
})

test('another verdict, file or key is another finding', () => {
  const ids = idsOf([
    at(2),
    at(2, { verdict: 'partly-encrypted' }),
    at(2, { path: 'secrets/y.yaml' }),
    at(2, { keys: ['db'] }),
    at(2, { keys: undefined }),
    at(2, { keys: ['db.password'] }),
  ])
  expect(new Set(ids).size).toBe(ids.length)
})

test('every verdict has a rule with words of its own', () => {
  const [run] = reportSarif([at(1)], { version: '1.0.0' }).runs
  const texts = run?.tool.driver.rules.map(({ shortDescription: { text } }) => text) ?? []
  expect(texts.length).toBeGreaterThan(25)
  expect(new Set(texts).size).toBe(texts.length)
})

function idsOf(findings: readonly Finding[]): readonly string[] {
  const [run] = reportSarif(findings, { version: '1.0.0' }).runs
  return run?.results.map(({ partialFingerprints }) => partialFingerprints['kmsfile/v1']) ?? []
}
