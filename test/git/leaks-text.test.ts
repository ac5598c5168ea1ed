import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { utf8Of, wrappedRuns } from '../../src/git/leaks/leaks-text.ts'
import { leaksIn, PEM, PEM_LINES } from './leak-search.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

const VALUE = 'x7Kp9q/Lm2V+"end"'

let repository: MergeRepository
beforeEach(async () => {
  repository = mergeRepository()
  await repository.saved(`password: '${VALUE}'\nkey: |\n${PEM_LINES.map((line) => `  ${line}\n`).join('')}`)
})

const wrapped = (bytes: Uint8Array | string, width: number, indent = '') =>
  (
    Buffer.from(bytes)
      .toString('base64')
      .match(new RegExp(`.{1,${width}}`, 'g')) ?? []
  )
    .map((line) => `${indent}${line}\n`)
    .join('')

describe('in base64 that is broken into lines', () => {
  test.each([
    ['after 76 characters', 76, ''],
    ['after 64 characters', 64, ''],
    ['after 76 characters, indented', 76, '    '],
  ])('%s, a value is found wherever it starts', (_, width, indent) => {
    const starts = Array.from({ length: 20 }, (_, i) => i + 30)
    for (const before of starts) {
      const text = `${'z'.repeat(before)}${VALUE}${'z'.repeat(90)}`
      repository.write(`files/${before}`, `one: |\n${wrapped(text, width, indent)}two: x\n`)
    }
    const lines = leaksIn(repository).map((line) => line.replace(/:[23] /, ' '))
    expect(lines).toEqual(
      starts.map((before) => `refuse leak files/${before} password a secret of ${FILE} is readable here (base64)`),
    )
  })

  test('a key of several lines is found, and the key file itself only once', () => {
    repository.write('a', `x\r\n${wrapped(PEM, 76).replaceAll('\n', '\r\n')}`)
    repository.write('b', PEM)
    expect(leaksIn(repository)).toEqual([
      `refuse leak a:2 key a secret of ${FILE} is readable here (base64)`,
      `refuse leak b:1 key a secret of ${FILE} is readable here`,
    ])
  })
})

describe('in UTF-16', () => {
  const swapped = (text: string) => Buffer.from(text, 'utf16le').swap16()
  test.each([
    ['with its mark', Buffer.from(`\ufeffü\r\npassword ${VALUE}\r\n`, 'utf16le')],
    ['without it', Buffer.from(`first\npassword ${VALUE}\n`, 'utf16le')],
    ['of the other order', swapped(`\ufeffü\npassword ${VALUE}\n`)],
    ['of the other order, without its mark', swapped(`first\npassword ${VALUE}\n`)],
    ['with a byte too many', Buffer.concat([Buffer.from(`\ufeff\npassword ${VALUE}\n`, 'utf16le'), Buffer.of(0)])],
  ])('%s, a value is found, and its line', (_, content) => {
    repository.write('a', content)
    expect(leaksIn(repository)).toEqual([`refuse leak a:2 password a secret of ${FILE} is readable here`])
  })

  test('what is something else stays as it is', () => {
    for (const content of ['', 'a', 'text\n', '\0\0\0\0\0\0\0\0', 'a\0b\0c\0d\0\0\0', '\u0001\0\0\0\u0002\0\0\0']) {
      const bytes = Buffer.from(content, 'latin1')
      expect(utf8Of(bytes)).toBe(bytes)
    }
  })
})

test('lines of words are no base64, and long lines by themselves are none that were broken', () => {
  const runs = (text: string) => [...wrappedRuns(Buffer.from(text))].map(({ line }) => line)
  expect(runs('one\ntwo\nthree\n')).toEqual([])
  expect(runs(`${'a'.repeat(500)}\n`)).toEqual([])
  expect(runs(`x: y\n${`${'a'.repeat(64)}\n`.repeat(3)}zz==\n\n${`${'b'.repeat(76)}\n`.repeat(2)}`)).toEqual([2, 7])
})

test('neither one endless line nor endless lines of base64 are too much', () => {
  const runs = (text: string) => [...wrappedRuns(Buffer.from(text))].map(({ bytes, line }) => [bytes.length, line])
  expect(runs('a'.repeat(30_000_000))).toEqual([])
  expect(runs(`${'a'.repeat(76)}\n`.repeat(300_000))).toEqual([[76 * 300_000, 1]])
})

test('of five thousand values each is found in one look at every file, and short ones and words are left out', async () => {
  const values = Array.from({ length: 5000 }, (_, i) =>
    createHash('sha256').update(`${i}`).digest('base64url').slice(0, 16),
  )
  await repository.saved(
    `${values.map((value, i) => `token${i}: ${value}\n`).join('')}short: abc\nword: postgres\nport: 5432\n`,
    'secrets/many.yaml',
  )
  for (const i of [0, 1234, 2500, 4999]) repository.write(`found/${i}`, `${values[i]}\n`)
  repository.write('forms', [10, 20, 30].map((i) => Buffer.from(`u:${values[i]}`).toString('base64')).join('\n'))
  repository.write('clean', 'abc postgres 5432 v-Qzx\n'.repeat(1000))
  repository.write('all', values.join('\n'))
  const lines = leaksIn(repository)
  const of = (path: string) =>
    lines.filter((line) => line.startsWith(`refuse leak ${path}`)).map((line) => line.split(' ')[3])
  expect(['found/0', 'found/1234', 'found/2500', 'found/4999'].flatMap(of)).toEqual([
    'token0',
    'token1234',
    'token2500',
    'token4999',
  ])
  expect(of('forms')).toEqual(['token10', 'token20', 'token30'])
  expect(of('clean')).toEqual([])
  expect(lines.at(0)).toMatch(/^refuse leak all:1 token0 /)
  expect(lines.filter((line) => line.startsWith('refuse leak all'))).toHaveLength(101)
  expect(lines).toContain('refuse leak all 4900 more secrets are readable')
}, 30_000)
