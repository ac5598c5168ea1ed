import { expect, test } from 'vitest'
import type { Finding } from '../../src/git/check/finding.ts'
import { judgeContent } from '../../src/git/check/judge-content.ts'
import type { Demand } from '../../src/git/check/judge-demand.ts'
import { oddField } from '../../src/git/check/judge-metadata.ts'
import { straysOf } from '../../src/git/check/judge-strays.ts'
import { findingLines } from '../../src/git/check/report-text.ts'
import { encrypted } from './scratch-repository.ts'

// What takes the square of its length would not end within the time that a test has.
const MANY = 400_000
const DEMAND: Demand = { format: 'yaml', managed: true, selectors: [], sealed: false, strays: true, key: '' }

test('a wrapped key with much white space in it is looked at once', () => {
  const path = ['kms', 0, 'enc']
  expect(oddField(path, `${'A'.repeat(60)}${' '.repeat(MANY * 10)}!`)).toBe('malformed')
  expect(oddField(path, `${'A'.repeat(60)}${' '.repeat(MANY * 10)}==`)).toBeUndefined()
})

test('a text full of starts of conflicts is looked at once', async () => {
  const text = `ENC[AES256_GCM,\n${'<<<<<<< \n'.repeat(MANY)}`
  const verdicts = async (each: string) => (await judgeContent(Buffer.from(each), DEMAND)).map(({ verdict }) => verdict)
  expect(await verdicts(text)).not.toContain('conflict-markers')
  expect(await verdicts(`${text}>>>>>>> \n`)).toEqual(['conflict-markers'])
  expect(await verdicts(`ENC[AES256_GCM,\n>>>>>>> \n${'<<<<<<< \n'}`)).not.toContain('conflict-markers')
})

test('of very many readable comments each is found, on its line', async () => {
  const [first = '', ...rest] = (await encrypted('a: 1\nb: 2\n')).split('\n')
  const comments = Array.from({ length: MANY }, (_, i) => `# ${i}`)
  const found = await straysOf(Buffer.from([first, ...comments, ...rest].join('\n')), DEMAND)
  expect(found.map(({ flaw }) => flaw.line)).toEqual(comments.map((_, i) => i + 2))
  expect(found.at(-1)?.text.trim()).toBe(`${MANY - 1}`)
})

test('very many findings of one file are put together, and counted', () => {
  const findings = Array.from({ length: MANY }, (_, i): Finding => {
    return { verdict: 'stray-comment', severity: 'refuse', path: 'x', line: i + 1, message: 'm' }
  })
  expect(findingLines(findings).at(-1)).toContain(`${MANY - 3} more`)
  expect(findingLines(findings, { all: true })).toHaveLength(MANY)
})
