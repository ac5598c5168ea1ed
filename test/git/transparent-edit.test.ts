import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FILE } from './merge-repository.ts'
import { changedLines, expectClean, HOST, NEW, OLD, plain, transparentRepository } from './transparent-repository.ts'

const SECRETS = [OLD, NEW, HOST]

describe('a file of the transparent mode', () => {
  test('is plaintext in the work tree and ciphertext in git, and does not differ', async () => {
    const repository = await transparentRepository()
    expect(repository.read(FILE)).toBe(plain(OLD))
    expect(repository.stored()).toContain('ENC[AES256_GCM,')
    expectClean(repository)
    repository.expectNoLeak(...SECRETS)
  })

  test('differs in git by the one value that was edited, and by what seals it', async () => {
    const repository = await transparentRepository()
    const before = repository.stored()
    repository.write(FILE, plain(NEW))
    expect(repository.status()).toBe(` M ${FILE}\n`)
    repository.git('add', FILE)
    expect(repository.status()).toBe(`M  ${FILE}\n`)
    expect(changedLines(before, repository.stored())).toEqual(['password', 'kmsfile', 'mac'])
    repository.git('commit', '--quiet', '--message=two')
    expectClean(repository)
    expect(repository.read(FILE)).toBe(plain(NEW))
    repository.expectNoLeak(...SECRETS)
  })

  test('does not differ any more when the edit is taken back', async () => {
    const repository = await transparentRepository()
    const before = repository.stored()
    repository.write(FILE, plain(NEW))
    repository.git('add', FILE)
    repository.write(FILE, plain(OLD))
    repository.git('add', FILE)
    expect(repository.stored()).toBe(before)
    expectClean(repository)
  })

  test.each([
    ['commit --all', ['--all']],
    ['commit PATH', ['--', FILE]],
    ['commit --include PATH', ['--include', FILE]],
  ])('is the same in the commit and in the index after %s', async (_, args) => {
    const repository = await transparentRepository()
    repository.write(FILE, plain(NEW))
    repository.git('commit', '--quiet', '--message=two', ...args)
    expect(repository.stored()).toBe(repository.stored(FILE, 'HEAD'))
    expectClean(repository)
    repository.expectNoLeak(...SECRETS)
  })

  test('is encrypted by the rules when it is new', async () => {
    const repository = await transparentRepository()
    const path = 'secrets/sub/new file.json'
    repository.write(path, `{\n\t"token": "${NEW}",\n\t"n": 1.0\n}\n`)
    expect(repository.status()).toBe(`?? "${path}"\n`)
    repository.git('add', '--all')
    expect(repository.stored(path)).toContain('"token": "ENC[')
    expect(repository.status()).toBe(`A  "${path}"\n`)
    repository.git('commit', '--quiet', '--message=two')
    expectClean(repository)
    repository.expectNoLeak(...SECRETS)
  })

  test('is announced to git without a content, and encrypted later', async () => {
    const repository = await transparentRepository()
    repository.write('secrets/b.yaml', plain(NEW))
    repository.git('add', '--intent-to-add', 'secrets/b.yaml')
    repository.git('status')
    repository.git('commit', '--quiet', '--all', '--message=two')
    expectClean(repository)
    repository.expectNoLeak(...SECRETS)
  })

  test('stays empty where it is empty', async () => {
    const repository = await transparentRepository()
    repository.write('secrets/b.yaml', '')
    repository.git('add', '--all')
    repository.git('commit', '--quiet', '--message=two')
    expect(repository.stored('secrets/b.yaml')).toBe('')
    expectClean(repository)
  })

  test('passes as it is where it is ciphertext already', async () => {
    const repository = await transparentRepository()
    await repository.save(plain(NEW), 'secrets/b.yaml')
    const text = repository.read('secrets/b.yaml')
    repository.git('add', '--all')
    expect(repository.stored('secrets/b.yaml')).toBe(text)
  })

  test('keeps its line endings, whatever git would do to those of texts', async () => {
    const files = { [FILE]: plain(OLD).replaceAll('\n', '\r\n'), 'secrets/b.yaml': plain(OLD) }
    const repository = await transparentRepository({ files })
    for (const autocrlf of ['true', 'input', 'false']) {
      repository.git('config', 'core.autocrlf', autocrlf)
      expectClean(repository)
      repository.remove('secrets')
      repository.git('checkout', '--quiet', '--', '.')
      for (const [path, text] of Object.entries(files)) expect(repository.read(path)).toBe(text)
    }
  })

  test('keeps the permissions that it has', async () => {
    const repository = await transparentRepository({ options: [] })
    chmodSync(join(repository.top, FILE), 0o600)
    expect(repository.kmsfile(['git', 'install', '--transparent', 'secrets/**']).code).toBe(0)
    expect(statSync(join(repository.top, FILE)).mode & 0o777).toBe(0o600)
  })

  test('does not differ, however many there are that were written just now', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `secrets/${i}.yaml`)
    const repository = await transparentRepository()
    for (const name of names) repository.write(name, plain(name))
    repository.git('add', '--all')
    expect(repository.git('diff', '--name-only')).toBe('')
    repository.git('commit', '--quiet', '--message=two')
    expectClean(repository)
  })
})
