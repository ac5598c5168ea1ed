import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'
import { COMMIT_HOOKS } from './scratch-repository.ts'

const BASE = 'a: base-secret\nb: 1\n'
const OURS = BASE.replace('base', 'our')
const THEIRS = BASE.replace('base', 'their')

test.each([
  ['a merge', ['merge', '--no-edit', 'feature'], ['commit', '--no-edit']],
  ['a merge, past the hooks', ['merge', '--no-edit', 'feature'], ['commit', '--no-edit', '--no-verify']],
  ['a pick', ['cherry-pick', 'feature'], ['cherry-pick', '--continue']],
  ['a rebase', ['rebase', 'feature'], ['rebase', '--continue']],
])('a file that somebody staged without resolving it is not committed, after %s', async (_name, start, go) => {
  const repository = await conflicting(start)
  repository.hooks(...COMMIT_HOOKS)
  const head = repository.git('rev-parse', 'HEAD')
  repository.git('add', FILE)
  const { code, stdout, stderr } = repository.tryGit(go)
  expect([code === 0, stdout + stderr]).toEqual([false, expect.stringContaining(FILE)])
  expect(stdout + stderr).toContain('kmsfile git resolve')
  expect(repository.git('rev-parse', 'HEAD')).toBe(head)

  // Nothing is lost: it is resolved, and goes on.
  expect(repository.kmsfile(['git', 'resolve', '--theirs', FILE]).code).toBe(0)
  repository.git('add', FILE)
  expect(repository.tryGit(go)).toMatchObject({ code: 0 })
  expect(repository.plain()).toBe(start[0] === 'rebase' ? OURS : THEIRS)
})

test('a file that is not resolved does not get into the index past the guard', async () => {
  const repository = await conflicting(['merge', '--no-edit', 'feature'])
  appendFileSync(
    join(repository.top, '.git/config'),
    '[filter "kmsfile-guard"]\n\tprocess = kmsfile git filter-guard\n\trequired = true\n',
  )
  repository.write('.git/info/attributes', '[attr]kmsfile diff=kmsfile merge=kmsfile filter=kmsfile-guard -text\n')
  for (const command of [
    ['add', FILE],
    ['commit', '--all', '--no-edit', '--no-verify'],
    ['stash', 'push', '--', FILE],
  ]) {
    expect(repository.tryGit(command).code).not.toBe(0)
  }
  expect(repository.git('ls-files', '--unmerged').trim().split('\n')).toHaveLength(3)
  expect(repository.kmsfile(['git', 'resolve', '--ours', FILE]).code).toBe(0)
  repository.git('add', FILE)
  expect(repository.plain()).toBe(OURS)
})

async function conflicting(start: readonly string[]): Promise<MergeRepository> {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => repository.saved(THEIRS))
  await repository.saved(OURS)
  expect(repository.tryGit(start).code).toBe(1)
  return repository
}
