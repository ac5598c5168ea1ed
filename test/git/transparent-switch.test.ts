import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FILE } from './merge-repository.ts'
import { repositoryIn } from './scratch-repository.ts'
import {
  expectClean,
  extended,
  HOST,
  NEW,
  OLD,
  PATTERN,
  plain,
  type TransparentRepository,
  transparentRepository,
} from './transparent-repository.ts'

const SECRETS = [OLD, NEW, HOST]

/** With a branch `other`, on which a value is another. */
async function twoBranches(): Promise<TransparentRepository> {
  const repository = await transparentRepository({
    files: { [FILE]: plain(OLD), 'secrets/b.json': '{"b": "bbbbbbbb"}\n' },
  })
  await repository.branch('other', () => {
    repository.write(FILE, plain(NEW))
    repository.git('commit', '--quiet', '--all', '--message=other')
  })
  return repository
}

/** All that the work tree and the index have, as it would be seen by who changes nothing. */
const everything = (repository: TransparentRepository) => [
  repository.read(FILE),
  repository.status(),
  repository.stored(),
]

describe('the transparent mode', () => {
  test('goes along from branch to branch', async () => {
    const repository = await twoBranches()
    expect(repository.read(FILE)).toBe(plain(OLD))
    expectClean(repository)
    repository.git('switch', '--quiet', 'other')
    expect(repository.read(FILE)).toBe(plain(NEW))
    expectClean(repository)
    repository.git('checkout', '--quiet', 'main', '--', FILE)
    expect([repository.read(FILE), repository.status()]).toEqual([plain(OLD), `M  ${FILE}\n`])
    repository.git('restore', '--staged', '--worktree', FILE)
    expectClean(repository)
    repository.git('reset', '--quiet', '--hard', 'main')
    expect(repository.read(FILE)).toBe(plain(OLD))
    expectClean(repository)
    repository.expectNoLeak(...SECRETS)
  })

  test('keeps an edit while branches are changed below it', async () => {
    const repository = await twoBranches()
    repository.write('secrets/b.json', `{"b": "${NEW}"}\n`)
    repository.git('switch', '--quiet', 'other')
    expect([repository.read('secrets/b.json'), repository.status()]).toEqual([
      `{"b": "${NEW}"}\n`,
      ' M secrets/b.json\n',
    ])
    repository.write(FILE, plain('third-password'))
    expect(repository.tryGit(['switch', 'main']).code).not.toBe(0)
    expect(repository.read(FILE)).toBe(plain('third-password'))
    repository.expectNoLeak(...SECRETS, 'third-password')
  })

  test.each([
    ['not staged', false],
    ['staged', true],
  ])('stashes an edit that is %s, and brings it back', async (_, staged) => {
    const repository = await transparentRepository()
    repository.write(FILE, plain(NEW))
    if (staged) repository.git('add', FILE)
    const before = everything(repository)
    repository.git('stash', '--quiet')
    expect(repository.read(FILE)).toBe(plain(OLD))
    expectClean(repository)
    repository.git('stash', 'pop', '--quiet', '--index')
    expect(everything(repository)).toEqual(before)
    repository.git('add', FILE)
    repository.git('commit', '--quiet', '--message=two')
    expectClean(repository)
    repository.expectNoLeak(...SECRETS)
  })

  test('stashes files that git does not track', async () => {
    const repository = await transparentRepository()
    repository.write('secrets/new.yaml', plain(NEW))
    repository.git('stash', '--quiet', '--include-untracked')
    expect(existsSync(join(repository.top, 'secrets/new.yaml'))).toBe(false)
    repository.git('stash', 'pop', '--quiet')
    expect(repository.read('secrets/new.yaml')).toBe(plain(NEW))
    repository.expectNoLeak(...SECRETS)
  })

  test('leaves plaintext out of archives', async () => {
    const repository = await transparentRepository()
    repository.write('readme', 'x\n')
    repository.git('add', 'readme')
    repository.git('commit', '--quiet', '--message=readme')
    const archive = execFileSync('git', ['archive', 'HEAD'], { cwd: repository.top, env: repository.env })
    expect(archive.includes('readme')).toBe(true)
    for (const secret of [...SECRETS, 'prod.yaml']) expect(archive.includes(secret)).toBe(false)
  })

  test('holds in a work tree that is added later', async () => {
    const repository = await twoBranches()
    repository.git('worktree', 'add', '--quiet', '../linked', 'other')
    const linked = extended({ ...repository, ...repositoryIn(join(repository.home, 'linked'), repository.env) })
    expect(linked.read(FILE)).toBe(plain(NEW))
    expectClean(linked)
    linked.write(FILE, plain('third-password'))
    linked.git('commit', '--quiet', '--all', '--message=linked')
    expectClean(linked)
    expectClean(repository)
    repository.expectNoLeak(...SECRETS, 'third-password')
  })

  test('is not that of a clone, until it is asked for there', async () => {
    const repository = await twoBranches()
    repository.git('clone', '--quiet', '.', '../clone')
    const clone = extended({ ...repository, ...repositoryIn(join(repository.home, 'clone'), repository.env) })
    expect(clone.read(FILE)).toContain('ENC[AES256_GCM,')
    expect(clone.kmsfile(['git', 'install', '--transparent', PATTERN]).code).toBe(0)
    expect(clone.read(FILE)).toBe(plain(OLD))
    expectClean(clone)
    clone.expectNoLeak(...SECRETS)
  })

  test('is not that of files for which others ask', async () => {
    const files = { [FILE]: plain(OLD), 'secrets/dev/a.yaml': plain(NEW) }
    const repository = await transparentRepository({ files, options: ['--transparent', 'secrets/dev/**'] })
    const attributes = repository.read('.gitattributes')
    const stored = repository.stored()
    repository.write('.gitattributes', `${attributes}secrets/** filter=kmsfile-transparent\n`)
    repository.git('commit', '--quiet', '--all', '--message=hostile')
    repository.remove('secrets')
    repository.git('checkout', '--quiet', '--', '.')
    expect(repository.kmsfile(['git', 'install']).code).toBe(0)
    expect([repository.read(FILE), repository.read('secrets/dev/a.yaml')]).toEqual([stored, plain(NEW)])
    expectClean(repository)
    repository.write(FILE, plain(NEW))
    expect(repository.tryGit(['add', FILE]).code).not.toBe(0)
    repository.expectNoLeak(...SECRETS)
  })

  test('goes back to a commit in which a file was not encrypted, and forward again', async () => {
    const repository = await transparentRepository({ options: [] })
    const id = repository
      .tryGit(['hash-object', '-w', '--no-filters', '--stdin'], { input: 'password: was-never-secret\n' })
      .stdout.trim()
    repository.git('update-index', '--cacheinfo', `100644,${id},${FILE}`)
    repository.git('-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--message=plaintext')
    repository.git('read-tree', 'HEAD~1')
    repository.git('-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--message=encrypted again')
    expect(repository.kmsfile(['git', 'install', '--transparent', PATTERN]).code).toBe(0)
    const checkout = repository.tryGit(['checkout', '--quiet', 'HEAD~1'])
    expect(checkout.code).toBe(0)
    expect(checkout.stderr).toContain('it is not encrypted in git')
    expect(repository.read(FILE)).toBe('password: was-never-secret\n')
    expectClean(repository)
    repository.git('checkout', '--quiet', 'main')
    expect(repository.read(FILE)).toBe(plain(OLD))
    expectClean(repository)
  })
})
