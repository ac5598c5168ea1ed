import { expect, test } from 'vitest'
import { COMMIT_HOOKS, encrypted, RULES, type ScratchRepository, scratchRepository } from './scratch-repository.ts'

const PLAIN = 'db:\n  password: hunter2\n'
const SECRET = 'secrets/x.yaml'

test('says what is refused, where, what to do about it, and how to let it pass', () => {
  const repository = guarded()
  repository.write('secrets/new.yaml', PLAIN)
  repository.git('add', '--all')
  const { code, stdout, stderr } = repository.tryGit(['commit', '--message=x'])
  expect(code).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).toBe(
    `kmsfile: refused: 1 file would put plaintext into the repository
  secrets/new.yaml:2   db.password   not encrypted
fix:  kmsfile encrypt -i secrets/new.yaml && git add secrets/new.yaml
note: the staged plaintext is already in the object store of this clone; kmsfile git scrub removes it
one file, one time: KMSFILE_ALLOW_PLAINTEXT=secrets/new.yaml git commit ...
`,
  )
})

test('lists the first places of the first files', () => {
  const repository = guarded()
  for (let i = 0; i < 25; i++) repository.write(`secrets/f${i}.yaml`, 'a: 1\nb: 2\nc: 3\nd: 4\ne: 5\n')
  repository.git('add', '--all')
  const { stderr } = repository.tryGit(['commit', '--message=x'])
  expect(stderr).toContain('refused: 25 files would put plaintext')
  expect(stderr).toContain('  secrets/f0.yaml:3    c   not encrypted\n  secrets/f0.yaml          and 2 more\n')
  expect(stderr).toContain('and 5 files more')
  expect(stderr).not.toContain('one file, one time')
})

test('says nothing where nothing is wrong', async () => {
  const repository = guarded()
  repository.write(SECRET, await encrypted(PLAIN))
  repository.git('add', '--all')
  expect(repository.tryGit(['commit', '--quiet', '--message=x'])).toEqual({ code: 0, stdout: '', stderr: '' })
})

test('judges the files of a partial commit alone', async () => {
  const repository = guarded()
  repository.commit({ [SECRET]: await encrypted(PLAIN), a: '1' })
  repository.write(SECRET, PLAIN)
  repository.write('a', '2')
  repository.git('add', '--all')
  expect(commit(repository, 'a')).toBe('committed')
  expect(commit(repository, SECRET)).toBe('refused')
  expect(commit(repository, '--include', 'a')).toBe('refused')
  expect(repository.git('show', '--name-only', '--format=', 'HEAD')).toBe('a\n')
})

test('judges what commit --all adds, and what add --intent-to-add announced', async () => {
  const repository = guarded()
  repository.write(SECRET, PLAIN)
  repository.git('add', '--intent-to-add', SECRET)
  repository.write('a', '1')
  repository.git('add', 'a')
  expect(commit(repository)).toBe('committed')
  expect(commit(repository, '--all')).toBe('refused')
  expect(commit(repository, '--all')).toBe('refused')
})

test('refuses to amend a commit that went past it', () => {
  const repository = guarded()
  repository.commit({ [SECRET]: PLAIN })
  expect(commit(repository, '--amend')).toBe('refused')
})

test('refuses commit --no-verify as well', () => {
  const repository = guarded()
  repository.write(SECRET, PLAIN)
  repository.git('add', '--all')
  expect(commit(repository, '--no-verify')).toBe('refused')
})

test('lets one named file pass, once, and says so', () => {
  const repository = guarded()
  repository.write(SECRET, PLAIN)
  repository.git('add', '--all')
  const env = { KMSFILE_ALLOW_PLAINTEXT: SECRET }
  const { code, stderr } = repository.tryGit(['commit', '--quiet', '--no-verify', '--message=x'], { env })
  expect(code).toBe(0)
  expect(stderr).toBe(`kmsfile: warning: ${SECRET}: let pass, this one time: KMSFILE_ALLOW_PLAINTEXT names it\n`)

  repository.write('secrets/y.yaml', PLAIN)
  repository.git('add', '--all')
  expect(repository.tryGit(['commit', '--message=x'], { env }).code).toBe(1)
  expect(repository.tryGit(['commit', '--message=x'], { env: { KMSFILE_ALLOW_PLAINTEXT: 'secrets/**' } }).code).toBe(1)
  expect(repository.tryGit(['commit', '--message=x'], { env: { KMSFILE_ALLOW_PLAINTEXT: '1' } }).code).toBe(1)
})

test('never lets a configuration pass that cannot be read', () => {
  const repository = guarded()
  repository.write('.kmsfile.yaml', 'rules')
  repository.git('add', '--all')
  const env = { KMSFILE_ALLOW_PLAINTEXT: '.kmsfile.yaml' }
  expect(repository.tryGit(['commit', '--message=x'], { env }).code).toBe(1)
})

test('names what changed in the rules, and lets it pass', () => {
  const repository = guarded()
  repository.write('.kmsfile.yaml', `${RULES}exempt: [{ path: docs/example.yaml, reason: made up }]\n`)
  repository.git('add', '--all')
  const { code, stderr } = repository.tryGit(['commit', '--quiet', '--message=x'])
  expect(code).toBe(0)
  // pre-commit and prepare-commit-msg both see it; once is enough.
  expect(stderr).toBe('kmsfile: note: .kmsfile.yaml:5: /docs/example.yaml may be plaintext: made up\n')
})

test('asks nobody and hangs nowhere: stdin is not read', () => {
  const repository = guarded()
  repository.write(SECRET, PLAIN)
  repository.git('add', '--all')
  const { code, stderr } = repository.kmsfile(['git', 'hook', 'pre-commit'], { input: 'y\n' })
  expect(code).toBe(1)
  expect(stderr).toContain('refused')
  expect(repository.kmsfile(['git', 'hook', 'no-such-hook']).code).toBe(2)
})

function guarded(): ScratchRepository {
  const repository = scratchRepository()
  repository.hooks(...COMMIT_HOOKS)
  return repository
}

function commit(repository: ScratchRepository, ...args: string[]): 'committed' | 'refused' {
  const { code, stderr } = repository.tryGit(['commit', '--quiet', '--message=x', ...args])
  if (code !== 0) expect(stderr).toContain('kmsfile: refused')
  return code === 0 ? 'committed' : 'refused'
}
