import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  COMMIT_HOOKS,
  encrypted,
  repositoryIn,
  type ScratchRepository,
  scratchRepository,
} from './scratch-repository.ts'

const PLAIN = 'db:\n  password: hunter2\n'
const SECRET = 'secrets/x.yaml'

test('refuses a clean merge that brings plaintext, and lets it be aborted', () => {
  const repository = withBranch()
  for (const hooks of [['pre-merge-commit'], ['prepare-commit-msg'], [...COMMIT_HOOKS]]) {
    repository.noHooks()
    repository.hooks(...hooks)
    const { code, stderr } = repository.tryGit(['merge', '--no-edit', 'other'])
    expect(code).toBe(1)
    expect(stderr).toContain(`${SECRET}:2   db.password   not encrypted`)
    repository.git('merge', '--abort')
    expect(repository.git('status', '--porcelain')).toBe('')
  }
  repository.noHooks()
  repository.hooks(...COMMIT_HOOKS)
  expect(repository.tryGit(['merge', '--no-edit', '--no-verify', 'other']).code).toBe(1)
})

test('lets a fast forward pass: no hook runs there', () => {
  const repository = withBranch()
  repository.git('reset', '--quiet', '--hard', 'HEAD~1')
  repository.hooks(...COMMIT_HOOKS)
  expect(repository.tryGit(['merge', '--ff-only', 'other']).code).toBe(0)
})

test('lets a pull that is a fast forward pass, and refuses to push what it brought elsewhere', () => {
  const repository = scratchRepository()
  const other = repositoryIn(join(repository.top, '../other'), repository.env)
  mkdirSync(other.top)
  repository.git('clone', '--quiet', '.', other.top)
  repository.git('remote', 'add', 'origin', '../other')
  repository.git('remote', 'add', 'elsewhere', '../elsewhere')
  repository.git('clone', '--quiet', '--bare', '.', '../elsewhere')
  const bad = other.commit({ [SECRET]: PLAIN })
  repository.hooks(...COMMIT_HOOKS, 'pre-push')
  expect(repository.tryGit(['pull', '--quiet', '--ff-only', 'origin', 'main']).code).toBe(0)
  expect(repository.git('rev-parse', 'HEAD').trim()).toBe(bad)
  const { code, stderr } = repository.tryGit(['push', '--quiet', 'elsewhere', 'main'])
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`${bad.slice(0, 10)} ${SECRET}:2`) })
})

test('refuses to pick a commit that brings plaintext, and lets it be aborted', () => {
  const repository = withBranch()
  repository.hooks(...COMMIT_HOOKS)
  const before = repository.git('rev-parse', 'HEAD')
  const { code, stderr } = repository.tryGit(['cherry-pick', 'other'])
  expect(code).not.toBe(0)
  expect(stderr).toContain(`${SECRET}:2   db.password   not encrypted`)
  repository.git('cherry-pick', '--abort')
  expect(repository.git('rev-parse', 'HEAD')).toBe(before)
  expect(repository.git('status', '--porcelain')).toBe('')
})

test('refuses to revert what encrypted a file', async () => {
  const repository = scratchRepository()
  repository.commit({ [SECRET]: PLAIN })
  repository.commit({ [SECRET]: await encrypted(PLAIN) })
  repository.hooks(...COMMIT_HOOKS)
  const { code, stderr } = repository.tryGit(['revert', '--no-edit', 'HEAD'])
  expect(code).not.toBe(0)
  expect(stderr).toContain(`${SECRET}:2   db.password   not encrypted`)
})

test('refuses to go on with a rebase whose conflict was resolved with plaintext, and goes on when it is encrypted', async () => {
  const repository = scratchRepository()
  repository.commit({ [SECRET]: await encrypted('a: 1\n') })
  repository.git('checkout', '--quiet', '-b', 'other')
  repository.commit({ [SECRET]: await encrypted('a: 2\n') })
  repository.git('checkout', '--quiet', 'main')
  repository.commit({ [SECRET]: await encrypted('a: 3\n') })
  repository.hooks(...COMMIT_HOOKS)
  expect(repository.tryGit(['rebase', 'main', 'other']).code).not.toBe(0)

  repository.write(SECRET, 'a: hunter2\n')
  repository.git('add', '--all')
  const refused = repository.tryGit(['rebase', '--continue'])
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toContain(`KMSFILE_ALLOW_PLAINTEXT=${SECRET} git rebase --continue`)

  repository.write(SECRET, await encrypted('a: 4\n'))
  repository.git('add', '--all')
  expect(repository.tryGit(['rebase', '--continue']).code).toBe(0)
  expect(repository.git('log', '--format=%H', 'main..other').trim()).toHaveLength(40)
})

test('refuses to rebase a commit that brings plaintext', () => {
  const repository = withBranch()
  repository.hooks(...COMMIT_HOOKS)
  const { code, stderr } = repository.tryGit(['rebase', 'main', 'other'])
  expect(code).not.toBe(0)
  expect(stderr).toContain('not encrypted')
  repository.git('rebase', '--abort')
})

test('refuses plaintext that comes by mail, and in a rebase by patches', () => {
  const repository = withBranch()
  const patch = repository.git('format-patch', '--stdout', 'main...other')
  writeFileSync(join(repository.top, '.git/patch'), repository.git('format-patch', '--stdout', '-1', 'other'))
  expect(patch).toContain('hunter2')
  repository.hooks(...COMMIT_HOOKS)
  const { code, stderr } = repository.tryGit(['am', '.git/patch'])
  expect(code).not.toBe(0)
  expect(stderr).toContain('not encrypted')
  repository.git('am', '--abort')

  const rebase = repository.tryGit(['rebase', '--apply', 'main', 'other'])
  expect(rebase.code).not.toBe(0)
  expect(rebase.stderr).toContain('not encrypted')
})

test('says where a merge takes one side whole that both changed', async () => {
  const repository = scratchRepository()
  repository.commit({ [SECRET]: await encrypted('a: 1\n') })
  repository.git('checkout', '--quiet', '-b', 'other')
  repository.commit({ [SECRET]: await encrypted('a: 2\n') })
  repository.git('checkout', '--quiet', 'main')
  repository.commit({ [SECRET]: await encrypted('a: 3\n'), '.gitattributes': '*.yaml -merge\n' })
  repository.hooks(...COMMIT_HOOKS)

  for (const [side, dropped] of [
    ['--ours', 'theirs'],
    ['--theirs', 'ours'],
  ] as const) {
    repository.tryGit(['merge', '--no-edit', 'other'])
    repository.git('checkout', side, SECRET)
    repository.git('add', '--all')
    const { code, stderr } = repository.tryGit(['commit', '--quiet', '--no-edit'])
    expect(code).toBe(0)
    expect(stderr).toContain(
      `kmsfile: note: ${SECRET}: both sides changed it, and what ${dropped} changed is dropped\n`,
    )
    repository.git('reset', '--quiet', '--hard', 'HEAD~1')
  }
  repository.tryGit(['cherry-pick', 'other'])
  repository.git('checkout', '--ours', SECRET)
  repository.write('a', 'x')
  repository.git('add', '--all')
  expect(repository.tryGit(['cherry-pick', '--continue']).stderr).toContain('what theirs changed is dropped')
})

/** A branch `other` whose only commit brings plaintext, made from the one before the last of `main`. */
function withBranch(): ScratchRepository {
  const repository = scratchRepository()
  repository.git('checkout', '--quiet', '-b', 'other')
  repository.commit({ [SECRET]: PLAIN })
  repository.git('checkout', '--quiet', 'main')
  repository.commit({ a: '1' })
  return repository
}
