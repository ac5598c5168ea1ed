import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { encrypted, RULES, repositoryIn, type ScratchRepository, scratchRepository } from './scratch-repository.ts'

const PLAIN = 'db:\n  password: hunter2\n'
const SECRET = 'secrets/x.yaml'

test('refuses a plaintext in a commit on the way, though the last one has it no more, and names the commit', async () => {
  const repository = withRemote()
  const bad = repository.commit({ [SECRET]: PLAIN })
  repository.commit({ [SECRET]: await encrypted(PLAIN) })
  const { code, stderr } = repository.tryGit(['push', 'origin', 'main'])
  expect(code).toBe(1)
  expect(stderr).toBe(`kmsfile: refused: 1 file would put plaintext into the repository
  ${bad.slice(0, 10)} ${SECRET}:2   db.password   not encrypted
fix:  take it out of the commit that brings it, before it leaves this machine: git rebase -i ${bad.slice(0, 10)}^
fix:  kmsfile encrypt -i ${SECRET}
one file, one time: KMSFILE_ALLOW_PLAINTEXT=${SECRET} git push ...
error: failed to push some refs to '../remote.git'
`)
  expect(repository.tryGit(['push', 'origin', 'main'], { env: { KMSFILE_ALLOW_PLAINTEXT: SECRET } }).code).toBe(0)
})

test('finds what only a merge adds', () => {
  const repository = withRemote()
  repository.git('checkout', '--quiet', '-b', 'other')
  repository.commit({ a: '1' })
  repository.git('checkout', '--quiet', 'main')
  repository.commit({ b: '1' })
  repository.git('merge', '--quiet', '--no-commit', 'other')
  repository.commit({ [SECRET]: PLAIN })
  repository.commit({ [SECRET]: '' })
  expect(refusedPlaces(repository, 'origin', 'main')).toEqual([`${SECRET}:2`])
})

test('finds what a merge brings to a branch, though the remote has it on another', () => {
  const repository = withRemote()
  repository.git('checkout', '--quiet', '-b', 'dirty')
  repository.commit({ [SECRET]: PLAIN })
  repository.git('push', '--quiet', '--no-verify', 'origin', 'dirty')
  repository.git('checkout', '--quiet', 'main')
  repository.commit({ a: '1' })
  repository.git('push', '--quiet', 'origin', 'main')
  repository.git('checkout', '--quiet', 'dirty')
  // What it brings to main comes from its first parent, so only a look at the second shows it.
  repository.git('merge', '--quiet', '--no-edit', 'main')
  expect(refusedPlaces(repository, 'origin', 'dirty:main')).toEqual([`${SECRET}:2`])
})

test('finds a content at a managed path that lies at a harmless one as well', () => {
  const repository = withRemote()
  repository.commit({ 'a.yaml': PLAIN })
  repository.commit({ [SECRET]: PLAIN, 'z.yaml': PLAIN })
  expect(refusedPlaces(repository, 'origin', 'main')).toEqual([`${SECRET}:2`])
})

test('judges all commits by the rules of the remote branch: two must not do what one may not', () => {
  const repository = withRemote()
  repository.commit({ '.kmsfile.yaml': RULES.replace('secrets', 'nothing') })
  repository.commit({ a: '1' })
  repository.commit({ [SECRET]: PLAIN })
  expect(refusedPlaces(repository, 'origin', 'main')).toEqual([`${SECRET}:2`])
  expect(refusedPlaces(repository, 'origin', 'main:another')).toEqual([`${SECRET}:2`])
})

test('lets an exemption count that the remote branch has already', () => {
  const repository = withRemote()
  repository.commit({ '.kmsfile.yaml': `${RULES}exempt: [{ path: ${SECRET}, reason: made up }]\n` })
  const { code, stderr } = repository.tryGit(['push', '--quiet', 'origin', 'main'])
  expect(code).toBe(0)
  expect(stderr).toContain('note: ')
  repository.commit({ [SECRET]: PLAIN })
  expect(refusedPlaces(repository, 'origin', 'main')).toEqual([])
})

test('judges each commit by its own rules where the remote has none', () => {
  const repository = scratchRepository({ rules: '' })
  addRemote(repository)
  repository.commit({ [SECRET]: 'a: 1\n' })
  repository.commit({ '.kmsfile.yaml': RULES, [SECRET]: '' })
  expect(refusedPlaces(repository, 'origin', 'main')).toEqual([])
  repository.commit({ [SECRET]: PLAIN, 'sub/.kmsfile.yaml': RULES, 'sub/secrets/y.yaml': 'a: 1\n' })
  expect(refusedPlaces(repository, 'origin', 'main').toSorted()).toEqual([`${SECRET}:2`, 'sub/secrets/y.yaml:1'])
})

test('takes the right commits, whatever is pushed', () => {
  const repository = withRemote()
  const good = repository.commit({ a: '1' })
  const bad = repository.commit({ [SECRET]: PLAIN })
  repository.git('tag', '-a', '-m', 'x', 'tagged')
  for (const refs of [
    ['main'],
    ['HEAD:refs/heads/new'],
    ['HEAD~0:refs/heads/new'],
    [`${bad}:refs/heads/new`],
    ['tagged'],
    ['--force', 'main'],
    ['--all'],
    ['--mirror'],
    [`${good}:refs/heads/good`, 'main'],
    ['--dry-run', 'main'],
  ]) {
    expect([refs, refusedPlaces(repository, 'origin', ...refs)]).toEqual([refs, [`${SECRET}:2`]])
  }
  expect(refusedPlaces(repository, '../remote.git', 'main')).toEqual([`${SECRET}:2`])
  for (const refs of [[`${good}:refs/heads/good`], [`${good}:main`], [`${good}:main`], ['--delete', 'good']]) {
    expect([refs, refusedPlaces(repository, 'origin', ...refs)]).toEqual([refs, []])
  }
})

test('refuses to push to another remote what one has already', () => {
  const repository = withRemote()
  repository.commit({ [SECRET]: PLAIN })
  repository.git('push', '--quiet', '--no-verify', 'origin', 'main')
  expect(refusedPlaces(repository, 'origin', 'main:again')).toEqual([])
  addRemote(repository, 'elsewhere')
  expect(refusedPlaces(repository, 'elsewhere', 'main')).toEqual([`${SECRET}:2`])
})

test('copes with a remote branch that has commits which are not here', () => {
  const repository = withRemote()
  const other = repositoryIn(join(repository.top, '../other'), repository.env)
  repository.git('clone', '--quiet', '../remote.git', other.top)
  other.commit({ b: '1' })
  other.git('push', '--quiet', 'origin', 'main')
  repository.commit({ a: '1' })
  expect(refusedPlaces(repository, 'origin', '--force', 'main')).toEqual([])
  other.commit({ c: '1' })
  other.git('push', '--quiet', '--force', 'origin', 'main')
  repository.commit({ [SECRET]: PLAIN })
  expect(refusedPlaces(repository, 'origin', '--force', 'main')).toEqual([`${SECRET}:2`])
})

test('refuses a ref that leads to no commit: what is behind it cannot be judged', () => {
  const repository = withRemote()
  const id = repository.tryGit(['hash-object', '-w', '--stdin'], { input: PLAIN }).stdout.trim()
  const { code, stderr } = repository.tryGit(['push', '--quiet', 'origin', `${id}:refs/x/blob`])
  expect(code).toBe(1)
  expect(stderr).toContain('refs/x/blob')
  expect(stderr).toContain('leads to no commit, and cannot be judged')
})

test('reads what the pre-commit framework says instead of git', () => {
  const repository = withRemote()
  const before = repository.git('rev-parse', 'HEAD').trim()
  const bad = repository.commit({ [SECRET]: PLAIN })
  const hook = (env: Record<string, string>) =>
    repository.kmsfile(['git', 'hook', 'pre-push'], { env: { PRE_COMMIT: '1', ...env }, input: '' }).code
  const remote = { PRE_COMMIT_REMOTE_NAME: 'origin', PRE_COMMIT_REMOTE_URL: '../remote.git' }
  expect(hook({ ...remote, PRE_COMMIT_FROM_REF: before, PRE_COMMIT_TO_REF: bad })).toBe(1)
  expect(hook({ ...remote, PRE_COMMIT_LOCAL_BRANCH: 'refs/heads/main' })).toBe(1)
  expect(hook(remote)).toBe(1)
  expect(hook({ ...remote, PRE_COMMIT_FROM_REF: before, PRE_COMMIT_TO_REF: before })).toBe(0)
  expect(repository.kmsfile(['git', 'hook', 'pre-push', 'origin', '../remote.git'], { input: '' }).code).toBe(0)
})

/** A repository whose rules a remote has, with kmsfile in the way of what is pushed. */
function withRemote(): ScratchRepository {
  const repository = scratchRepository()
  addRemote(repository)
  repository.git('push', '--quiet', 'origin', 'main')
  repository.git('remote', 'set-head', 'origin', '--auto')
  repository.hooks('pre-push')
  return repository
}

function addRemote(repository: ScratchRepository, name = 'origin'): void {
  const folder = name === 'origin' ? 'remote.git' : `${name}.git`
  const bare = repositoryIn(join(repository.top, '..', folder), repository.env)
  mkdirSync(bare.top)
  bare.git('init', '--quiet', '--bare', '--initial-branch=main')
  repository.git('remote', 'add', name, `../${folder}`)
  repository.hooks('pre-push')
}

/** The places that a refused push names; none where it is not refused. */
function refusedPlaces(repository: ScratchRepository, ...args: string[]): readonly string[] {
  const { code, stderr } = repository.tryGit(['push', '--quiet', ...args])
  const places = Array.from(stderr.matchAll(/^ {2}[0-9a-f]{10} (\S+) .*not encrypted/gm), ([, place = '']) => place)
  if ((code === 0) !== (places.length === 0)) throw new Error(stderr)
  return places
}
