import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'
import { repositoryIn } from './scratch-repository.ts'

const BASE = 'a: base\nb: 1\n'
const OURS = BASE.replace('base', 'ours')
const THEIRS = BASE.replace('base', 'theirs')

test('resolves in a linked worktree, by the rules that are checked out there', async () => {
  const repository = await diverged()
  const linked = join(repository.home, 'linked')
  repository.git('worktree', 'add', '--quiet', '-b', 'here', linked)
  const there = repositoryIn(linked, repository.env)
  expect(there.tryGit(['merge', '--no-edit', 'feature']).code).toBe(1)
  expect(there.kmsfile(['git', 'resolve', '--theirs', FILE])).toMatchObject({ code: 0 })
  expect(there.kmsfile(['decrypt', FILE]).stdout).toBe(THEIRS)
  expect(repository.plain()).toBe(OURS)
})

test('resolves in a submodule, also from outside of it', async () => {
  const repository = await diverged()
  const outer = join(repository.home, 'outer')
  const above = mergeRepository()
  above.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', repository.top, 'inner')
  const inner = repositoryIn(join(above.top, 'inner'), repository.env)
  for (const setting of ['driver', 'recursive']) {
    inner.git('config', `merge.kmsfile.${setting}`, repository.git('config', `merge.kmsfile.${setting}`).trim())
  }
  const attributes = inner.git('rev-parse', '--git-path', 'info/attributes').trim()
  inner.write(join('..', '.git/modules/inner/info/attributes'), repository.read('.git/info/attributes'))
  expect([outer, attributes]).toEqual([expect.any(String), expect.stringContaining('modules/inner')])
  expect(inner.tryGit(['merge', '--no-edit', 'origin/feature']).code).toBe(1)
  expect(above.kmsfile(['git', 'resolve', '--theirs', `inner/${FILE}`])).toMatchObject({ code: 0 })
  expect(inner.kmsfile(['decrypt', FILE]).stdout).toBe(THEIRS)
})

test('resolves a file that both sides made, and one that one side moved while the other changed it', async () => {
  const repository = mergeRepository()
  await repository.saved(`${BASE}c: 1\nd: 2\n`)
  await repository.branch('feature', async () => {
    repository.git('mv', FILE, 'secrets/moved.yaml')
    repository.commit({})
    await repository.saved(`${THEIRS}c: 1\nd: 2\n`, 'secrets/moved.yaml')
    await repository.saved(THEIRS, 'secrets/new.yaml')
  })
  await repository.save(`${OURS}c: 1\nd: 2\n`)
  await repository.saved(OURS, 'secrets/new.yaml')
  expect(repository.merge('feature').code).toBe(1)
  expect(repository.kmsfile(['git', 'resolve', '--theirs'])).toMatchObject({ code: 0 })
  expect(repository.plain('secrets/moved.yaml')).toBe(`${THEIRS}c: 1\nd: 2\n`)
  expect(repository.plain('secrets/new.yaml')).toBe(THEIRS)
})

test('resolves what can be, beside a file that one side removed, and says what is to be done about that', async () => {
  const repository = mergeRepository()
  await repository.save(BASE, 'secrets/a.yaml')
  await repository.saved(BASE)
  await repository.branch('feature', async () => {
    repository.git('rm', '--quiet', 'secrets/a.yaml')
    await repository.saved(THEIRS)
  })
  await repository.save(OURS, 'secrets/a.yaml')
  await repository.saved(OURS)
  expect(repository.merge('feature').code).toBe(1)
  const { code, stderr } = repository.kmsfile(['git', 'resolve', '--theirs'])
  expect([code, stderr]).toEqual([4, expect.stringContaining('[FILE_NOT_FOUND]')])
  expect(stderr).toContain('git add secrets/a.yaml')
  expect(repository.plain()).toBe(THEIRS)
})

async function diverged(): Promise<MergeRepository> {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => repository.saved(THEIRS))
  await repository.saved(OURS)
  return repository
}
