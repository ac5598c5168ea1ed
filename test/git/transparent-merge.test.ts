import { describe, expect, test } from 'vitest'
import { FILE } from './merge-repository.ts'
import {
  expectClean,
  HOST,
  NEW,
  OLD,
  plain,
  type TransparentRepository,
  transparentRepository,
} from './transparent-repository.ts'

const OTHER_HOST = 'other-internal-host'
const THIRD = 'third-password'
const SECRETS = [OLD, NEW, THIRD, HOST, OTHER_HOST]

const commit = (repository: TransparentRepository, text: string) => {
  repository.write(FILE, text)
  repository.git('commit', '--quiet', '--all', '--message=x')
}

/** On `feature` one value is another, on `main` another one, or the same. */
async function diverged(ours: string, theirs: string): Promise<TransparentRepository> {
  const repository = await transparentRepository()
  await repository.branch('feature', () => commit(repository, theirs))
  commit(repository, ours)
  return repository
}

describe('files of the transparent mode that both sides changed', () => {
  test('are merged value by value, and lie there as plaintext', async () => {
    const repository = await diverged(plain(NEW), plain(OLD, OTHER_HOST))
    expect(repository.merge('feature')).toMatchObject({ code: 0 })
    expect(repository.read(FILE)).toBe(plain(NEW, OTHER_HOST))
    expectClean(repository)
    repository.expectNoLeak(...SECRETS)
  })

  test.each([['--merge'], ['--apply']])('are rebased (%s)', async (backend) => {
    const repository = await diverged(plain(NEW), plain(OLD, OTHER_HOST))
    repository.git('switch', '--quiet', 'feature')
    commit(repository, plain(OLD, 'yet-another-host'))
    expect(repository.tryGit(['rebase', '--quiet', backend, 'main'])).toMatchObject({ code: 0 })
    expect(repository.read(FILE)).toBe(plain(NEW, 'yet-another-host'))
    expectClean(repository)
    repository.expectNoLeak(...SECRETS, 'yet-another-host')
  })

  test('are cherry-picked and reverted', async () => {
    const repository = await diverged(plain(NEW), plain(OLD, OTHER_HOST))
    repository.git('cherry-pick', 'feature')
    expect(repository.read(FILE)).toBe(plain(NEW, OTHER_HOST))
    expectClean(repository)
    repository.git('revert', '--no-edit', 'HEAD~1')
    expect(repository.read(FILE)).toBe(plain(OLD, OTHER_HOST))
    expectClean(repository)
  })

  test('are rebased although others were edited, which come back', async () => {
    const repository = await diverged(plain(NEW), plain(OLD, OTHER_HOST))
    repository.write('secrets/b.yaml', plain(OLD))
    repository.git('add', '--all')
    repository.git('commit', '--quiet', '--message=b')
    repository.write('secrets/b.yaml', plain(THIRD))
    expect(repository.tryGit(['rebase', '--quiet', '--autostash', 'feature'])).toMatchObject({ code: 0 })
    expect([repository.read(FILE), repository.read('secrets/b.yaml')]).toEqual([plain(NEW, OTHER_HOST), plain(THIRD)])
    expect(repository.status()).toBe(' M secrets/b.yaml\n')
    repository.expectNoLeak(...SECRETS)
  })

  test('lie there as ciphertext while they are in conflict, and are resolved', async () => {
    const repository = await diverged(plain(NEW), plain(THIRD))
    repository.git('config', 'rerere.enabled', 'true')
    expect(repository.merge('feature').code).toBe(1)
    expect(repository.read(FILE)).toContain('conflicts:')
    expect(repository.tryGit(['commit', '--all', '--message=careless']).code).not.toBe(0)
    expect(repository.kmsfile(['git', 'resolve', FILE, '--theirs']).code).toBe(0)
    repository.git('add', FILE)
    repository.git('commit', '--quiet', '--no-edit')
    expectClean(repository)
    expect(repository.kmsfile(['git', 'install']).code).toBe(0)
    expect(repository.read(FILE)).toBe(plain(THIRD))
    expectClean(repository)
    repository.expectNoLeak(...SECRETS)
  })

  test('can be resolved by one of the two versions', async () => {
    const repository = await diverged(plain(NEW), plain(THIRD))
    repository.merge('feature')
    repository.git('checkout', '--quiet', '--theirs', FILE)
    expect(repository.read(FILE)).toBe(plain(THIRD))
    repository.git('add', FILE)
    expect(repository.stored()).toBe(repository.stored(FILE, 'feature'))
    repository.git('commit', '--quiet', '--no-edit')
    expectClean(repository)
    repository.expectNoLeak(...SECRETS)
  })

  test('are what they were before when the merge is given up', async () => {
    const repository = await diverged(plain(NEW), plain(THIRD))
    repository.merge('feature')
    repository.git('merge', '--abort')
    expect(repository.read(FILE)).toBe(plain(NEW))
    expectClean(repository)
  })
})
