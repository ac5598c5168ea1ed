import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { openVerdictCache } from '../../src/git/check/verdict-cache.ts'
import { scratch } from '../host/scratch.ts'
import { check, encrypted, RULES, type ScratchRepository, scratchRepository, stage } from './scratch-repository.ts'

const PLAIN = 'db:\n  password: hunter2\n'
const FOUND = 'refuse plaintext secrets/bad.yaml:2 db.password'

let repository: ScratchRepository
let file: string

beforeEach(async () => {
  repository = scratchRepository()
  stage(repository, { 'secrets/good.yaml': await encrypted(PLAIN), 'secrets/bad.yaml': PLAIN, 'other.json': '{}' })
  file = join(repository.top, '.git/kmsfile/verdicts')
})

test('remembers ids of good contents, and nothing else', () => {
  expect(check(repository)).toEqual([FOUND])
  const good = repository.git('rev-parse', ':secrets/good.yaml').trim()
  const text = readFileSync(file, 'utf8')
  expect(text).toMatch(/^kmsfile verdicts \d+ \S+\n(?::[0-9a-f]{32}\n(?:[0-9a-f]{40}\n)+)+end\n$/)
  expect(text).toContain(good)
  expect(text).not.toContain(repository.git('rev-parse', ':secrets/bad.yaml').trim())
})

test('starts three processes of git, whether it knows the contents or not', () => {
  const read = () => {
    const trace = join(repository.top, '../trace')
    writeFileSync(trace, '')
    expect(check(repository, ['--staged'], { env: { GIT_TRACE2_EVENT: trace } })).toEqual([FOUND])
    return readFileSync(trace, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"event":"start"'))
  }
  expect(read()).toHaveLength(3)
  expect(read()).toHaveLength(3)
})

test('believes no verdict of other rules', async () => {
  const text = await encrypted('a_public: hunter2\nb: x\n', {
    selector: { kind: 'unencrypted-suffix', text: '_public' },
  })
  stage(repository, { '.kmsfile.yaml': RULES.replace('keys:', 'unencrypted_suffix: _public\n    keys:') })
  repository.commit({ 'secrets/bad.yaml': text })
  expect(check(repository)).toEqual([])
  repository.commit({ '.kmsfile.yaml': RULES })
  expect(check(repository)).toEqual(['refuse partly-encrypted secrets/bad.yaml:1 a_public'])
})

test.each([
  ['another version of kmsfile', (text: string) => text.replace(/^(kmsfile verdicts \d+) .*/, '$1 0.0.0')],
  ['another version of the checks', (text: string) => text.replace(/^(kmsfile verdicts) \d+/, '$1 0')],
  ['a write that was cut short', (text: string) => text.slice(0, -10)],
  ['zeros', (text: string) => '\0'.repeat(text.length)],
  ['nothing', () => ''],
])('believes no verdicts of %s', (_, change) => {
  expect(check(repository)).toEqual([FOUND])
  const bad = repository.git('rev-parse', ':secrets/bad.yaml').trim()
  const text = readFileSync(file, 'utf8')
  // As if the plaintext were good: who can write this can do anything, but then it shows whether it is read.
  const forged = text.replace(/^:.*$/gm, (line) => `${line}\n${bad}`)
  writeFileSync(file, forged)
  expect(check(repository)).toEqual([])
  writeFileSync(file, change(forged))
  expect(check(repository)).toEqual([FOUND])
})

test('works where it can neither be read nor written', () => {
  expect(check(repository)).toEqual([FOUND])
  repository.remove('.git/kmsfile')
  writeFileSync(join(repository.top, '.git/kmsfile'), 'in the way')
  expect(check(repository)).toEqual([FOUND])
  repository.remove('.git/kmsfile')
  symlinkSync('/nonexistent', join(repository.top, '.git/kmsfile'))
  expect(check(repository)).toEqual([FOUND])
  expect(existsSync('/nonexistent')).toBe(false)
})

test('does not grow beyond a limit: what the last run used stays', async () => {
  const folder = scratch()
  const id = (n: number) => n.toString(16).padStart(40, '0')
  const remember = async (from: number, to: number) => {
    const cache = await openVerdictCache(folder, { version: 'x' })
    for (let n = from; n < to; n++) cache.remember(id(n), 'demand')
    await cache.save()
  }
  await remember(0, 40_000)
  await remember(40_000, 50_000)
  let cache = await openVerdictCache(folder, { version: 'x' })
  expect([0, 49_999].map((n) => cache.isGood(id(n), 'demand'))).toEqual([true, true])
  await remember(50_000, 70_000)
  cache = await openVerdictCache(folder, { version: 'x' })
  expect([0, 49_999, 50_000, 69_999].map((n) => cache.isGood(id(n), 'demand'))).toEqual([false, false, true, true])
  expect(cache.isGood(id(69_999), 'another')).toBe(false)
})
