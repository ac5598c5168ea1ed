import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { encrypted, repositoryIn, type ScratchRepository, scratchRepository, stage } from './scratch-repository.ts'

const PLAIN = 'db:\n  password: hunter2\n'
const SECRET = 'secrets/x.yaml'

test('refuses whatever would make a branch, HEAD or the stash lead to plaintext', () => {
  const repository = scratchRepository()
  const bad = strayCommit(repository)
  repository.hooks('reference-transaction')
  const before = repository.git('rev-parse', 'HEAD')
  for (const args of [
    ['update-ref', 'refs/heads/x', bad],
    ['update-ref', 'HEAD', bad],
    ['branch', 'x', bad],
    ['checkout', '--quiet', '-b', 'x', bad],
    ['checkout', '--quiet', '--detach', bad],
    ['reset', '--quiet', '--soft', bad],
    ['merge', '--ff-only', bad],
  ]) {
    const { code, stderr } = repository.tryGit(args)
    expect([args, code === 0, stderr.includes(`${SECRET}:2   db.password   not encrypted`)]).toEqual([
      args,
      false,
      true,
    ])
    expect(repository.git('rev-parse', 'HEAD')).toBe(before)
    repository.git('read-tree', '-u', '--reset', 'HEAD')
  }
  stage(repository, { [SECRET]: PLAIN })
  expect(repository.tryGit(['stash']).code).not.toBe(0)
  expect(repository.tryGit(['commit', '--no-verify', '--message=x']).code).not.toBe(0)
  const env = { KMSFILE_ALLOW_PLAINTEXT: SECRET }
  expect(repository.tryGit(['commit', '--quiet', '--message=x'], { env }).code).toBe(0)
})

test('takes no tag, note or other ref for a sign that something was judged', () => {
  const repository = scratchRepository()
  const bad = strayCommit(repository)
  repository.hooks('reference-transaction')
  for (const ref of ['refs/tags/x', 'refs/notes/x', 'refs/any/x']) {
    repository.git('update-ref', ref, bad)
    expect([ref, repository.tryGit(['branch', '--force', 'x', ref]).code === 0]).toEqual([ref, false])
    repository.git('update-ref', '-d', ref)
  }
})

test('does not stop what is harmless, and nothing that is fetched', async () => {
  const repository = scratchRepository()
  const other = repositoryIn(join(repository.top, '../other'), repository.env)
  mkdirSync(other.top)
  repository.git('clone', '--quiet', '.', other.top)
  other.commit({ [SECRET]: PLAIN })
  repository.git('remote', 'add', 'origin', '../other')
  repository.hooks('reference-transaction')
  expect(repository.tryGit(['fetch', '--quiet', 'origin']).code).toBe(0)
  expect(repository.tryGit(['branch', 'same']).code).toBe(0)
  expect(repository.tryGit(['tag', 'v1']).code).toBe(0)
  stage(repository, { [SECRET]: await encrypted(PLAIN) })
  expect(repository.tryGit(['commit', '--quiet', '--message=x'])).toEqual({ code: 0, stdout: '', stderr: '' })
  expect(repository.tryGit(['branch', '--delete', '--force', 'same']).code).toBe(0)
})

test('takes no interest in other phases of a transaction, also such as it does not know', () => {
  const repository = scratchRepository()
  const bad = strayCommit(repository)
  const input = `${'0'.repeat(40)} ${bad} refs/heads/x\n`
  for (const phase of ['preparing', 'committed', 'aborted', 'of-the-future']) {
    expect(repository.kmsfile(['git', 'hook', 'reference-transaction', phase], { input }).code).toBe(0)
  }
  expect(repository.kmsfile(['git', 'hook', 'reference-transaction', 'prepared'], { input }).code).toBe(1)
  const symbolic = 'ref:refs/heads/main ref:refs/heads/x HEAD\n'
  expect(repository.kmsfile(['git', 'hook', 'reference-transaction', 'prepared'], { input: symbolic }).code).toBe(0)
})

/** A commit with plaintext, on top of HEAD, that nothing leads to. */
function strayCommit(repository: ScratchRepository): string {
  stage(repository, { [SECRET]: PLAIN })
  const tree = repository.git('write-tree').trim()
  repository.git('reset', '--quiet', '--hard')
  return repository.git('commit-tree', '-p', 'HEAD', '-m', 'x', tree).trim()
}
