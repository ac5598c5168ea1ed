import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { guardedRepository, PLAINTEXT, SECRET } from './guarded-repository.ts'
import { expectNoLeak } from './leaks.ts'
import { encrypted, RULES } from './scratch-repository.ts'

const FILE = 'secrets/prod.yaml'

describe('the guard lets pass, byte for byte,', () => {
  test.each([
    ['what is encrypted', () => encrypted(PLAINTEXT)],
    ['CRLF', async () => (await encrypted(PLAINTEXT)).replaceAll('\n', '\r\n')],
    ['a byte order mark', async () => `\ufeff${await encrypted(PLAINTEXT)}`],
    ['an empty file', async () => ''],
    ['megabytes', () => encrypted(`a: ${'x'.repeat(3_000_000)}\n`)],
  ])('%s', async (_, make) => {
    const repository = guardedRepository()
    const content = await make()
    repository.write(FILE, content)
    repository.git('add', '--all')
    repository.git('commit', '--quiet', '--message=x')
    expect(repository.git('status', '--porcelain')).toBe('')
    expect(repository.git('cat-file', 'blob', `HEAD:${FILE}`)).toBe(content)
    repository.remove(FILE)
    repository.git('checkout', '--', FILE)
    expect(repository.read(FILE)).toBe(content)
    expect(repository.git('status', '--porcelain')).toBe('')
  })

  test('what the attributes name and no rule does, be it binary and large', () => {
    const repository = guardedRepository({ attributes: '* kmsfile\n' })
    const content = randomBytes(5_000_000)
    repository.write('image.bin', content)
    repository.write('notes.yaml', 'a: b\n')
    repository.git('add', '--all')
    expect(repository.git('status', '--porcelain').split('\n')).toContain('A  image.bin')
    repository.git('commit', '--quiet', '--message=x')
    repository.remove('image.bin')
    repository.git('checkout', '--', 'image.bin')
    expect(repository.git('status', '--porcelain')).toBe('')
  })

  test('what is exempt, once that is committed', () => {
    const repository = guardedRepository({ rules: `${RULES}exempt:\n  - { path: ${FILE}, reason: "an example" }\n` })
    repository.write(FILE, PLAINTEXT)
    expect(repository.tryGit(['add', FILE]).code).toBe(0)
  })

  test('the one file that somebody names in the environment, and says so', () => {
    const repository = guardedRepository()
    repository.write(FILE, PLAINTEXT)
    repository.write('secrets/other.yaml', PLAINTEXT)
    const env = { KMSFILE_ALLOW_PLAINTEXT: FILE }
    const { code, stderr } = repository.tryGit(['add', FILE], { env })
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining(`${FILE}: let pass`) })
    expect(repository.tryGit(['add', 'secrets/other.yaml'], { env }).code).toBe(128)
  })
})

test('one process serves a command of git, however many files there are', async () => {
  const repository = guardedRepository()
  const content = await encrypted('a: b\n')
  for (let i = 0; i < 60; i++) repository.write(`secrets/${i}/${i}.yaml`, content)
  repository.git('add', '--all')
  expect(repository.starts()).toBe(1)
  repository.git('commit', '--quiet', '--message=x')
  repository.starts()
  for (let i = 0; i < 60; i++) repository.remove(`secrets/${i}/${i}.yaml`)
  repository.git('checkout', '--', 'secrets')
  expect(repository.starts()).toBe(1)
  // All of them are of the same second as the index, so that git looks into each.
  repository.git('status')
  expect(repository.starts()).toBeLessThanOrEqual(1)
})

test('a part of a file that is edited on its way into the index is refused when it is committed', async () => {
  const repository = guardedRepository()
  repository.commit({ [FILE]: await encrypted('db:\n  password: other\n') })
  repository.write(FILE, await encrypted('db:\n  password: one more\n'))
  const env = { GIT_EDITOR: `sed -i 's/^+  password:.*/+  password: ${SECRET}/'` }
  const added = repository.tryGit(['add', '--patch'], { env, input: 'e\ny\ny\ny\ny\n' })
  expect(added.code).toBe(0)
  expect(repository.git('show', `:${FILE}`)).toContain(SECRET)
  const { code, stderr } = repository.tryGit(['commit', '--message=x'])
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(`${FILE}:2   db.password`) })
})

describe('for a tool that knows no filter processes, the filter of one file', () => {
  const clean = (repository: ReturnType<typeof guardedRepository>, path: string, input: string) =>
    repository.kmsfile(['git', 'filter-guard', '--clean', path], { input })

  test('prints what is encrypted or not managed, and nothing else', async () => {
    const repository = guardedRepository()
    const text = await encrypted(PLAINTEXT)
    expect(clean(repository, FILE, text)).toEqual({ code: 0, stdout: text, stderr: '' })
    expect(clean(repository, 'notes.yaml', PLAINTEXT)).toEqual({ code: 0, stdout: PLAINTEXT, stderr: '' })
    expect(clean(repository, FILE, '')).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(clean(repository, FILE, PLAINTEXT)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('db.password'),
    })
  })

  test('is what git falls back to, and refuses as well', () => {
    const repository = guardedRepository()
    repository.git('config', 'filter.kmsfile-guard.process', '')
    repository.write(FILE, PLAINTEXT)
    expect(repository.tryGit(['add', FILE]).code).not.toBe(0)
    expectNoLeak(repository.top, [SECRET])
  })
})
