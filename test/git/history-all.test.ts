import { expect, test } from 'vitest'
import { check, encrypted, RULES, type ScratchRepository, scratchRepository, stage } from './scratch-repository.ts'

const PLAIN = 'db:\n  password: hunter2\n  user: app\n'
const SECRET = 'secrets/x.yaml'
const BOTH = [`refuse plaintext ${SECRET}:2 db.password`, `refuse plaintext ${SECRET}:3 db.user`]

test('finds nothing in a history without plaintext', async () => {
  const repository = await encryptedRepository()
  repository.commit({ 'other.yaml': PLAIN })
  expect(check(repository, ['--all-history', '--unreachable'])).toEqual([])
})

test('finds a plaintext of long ago, with the commits from and until which it was there, and where it got', async () => {
  const repository = scratchRepository()
  const first = repository.commit({ [SECRET]: PLAIN })
  const last = repository.commit({ other: 'x' })
  repository.commit({ [SECRET]: await encrypted(PLAIN) })
  repository.git('update-ref', 'refs/remotes/origin/main', last)
  repository.git('remote', 'add', 'origin', 'https://example.com')
  repository.git('remote', 'add', 'backup', 'https://example.com')
  const { stdout } = repository.kmsfile(['git', 'check', '--json', '--all-history'])
  const place = { commit: first, lastCommit: last, remotes: ['origin'], path: SECRET }
  expect(JSON.parse(stdout).findings).toMatchObject([place, place])
  const text = repository.kmsfile(['git', 'check', '--all-history'])
  expect(text.stdout).toContain(
    `${first.slice(0, 10)} ${SECRET}:2   db.password   not encrypted, until ${last.slice(0, 10)}, on origin\n`,
  )
  expect(text.stderr).toContain('change the values at their source first')
})

test('judges by the rules of today what was there before them', () => {
  const repository = scratchRepository({ rules: '' })
  repository.commit({ [SECRET]: PLAIN })
  repository.commit({ [SECRET]: '', '.kmsfile.yaml': RULES })
  expect(check(repository, ['--all-history'])).toEqual(BOTH)
})

test('does not give up at a configuration of long ago that cannot be read', () => {
  const repository = scratchRepository()
  repository.commit({ '.kmsfile.yaml': 'broken' })
  repository.commit({ '.kmsfile.yaml': RULES })
  expect(check(repository, ['--all-history'])).toEqual(['note configuration .kmsfile.yaml:1'])
})

test('finds it in the stash, in untracked files of the stash, in dropped commits and on other branches', async () => {
  const repository = await encryptedRepository()
  repository.write(SECRET, PLAIN)
  repository.git('stash', '--quiet')
  expect(check(repository, ['--all-history'])).toEqual(BOTH)
  repository.git('stash', 'drop', '--quiet')
  expect(check(repository, ['--all-history'])).toEqual([])

  repository.write('secrets/new.yaml', PLAIN)
  repository.git('stash', '--quiet', '--include-untracked')
  expect(check(repository, ['--all-history'])).toEqual(BOTH.map((found) => found.replace('x.yaml', 'new.yaml')))
  repository.git('stash', 'clear')

  repository.commit({ [SECRET]: PLAIN })
  repository.git('reset', '--quiet', '--hard', 'HEAD~1')
  expect(check(repository, ['--all-history'])).toEqual(BOTH)
  repository.git('reflog', 'expire', '--expire=now', '--all')
  expect(check(repository, ['--all-history'])).toEqual([])

  repository.git('checkout', '--quiet', '--orphan', 'other')
  repository.commit({ [SECRET]: PLAIN })
  repository.git('checkout', '--quiet', '--force', 'main')
  expect(check(repository, ['--all-history'])).toEqual(BOTH)
})

test('finds what git noted of a diff that it showed', async () => {
  const repository = await encryptedRepository()
  repository.git('config', 'diff.kmsfile.textconv', `f() { sed 's/ENC.*/hun''ter2/' "$1"; }; f`)
  repository.git('config', 'diff.kmsfile.cachetextconv', 'true')
  repository.write('.git/info/attributes', '*.yaml diff=kmsfile\n')
  repository.git('log', '-p')
  expect(repository.git('for-each-ref', 'refs/notes')).toContain('refs/notes/textconv/kmsfile')
  expect(check(repository, ['--all-history'])).toEqual([`refuse plaintext ${SECRET}`])
  expect(repository.kmsfile(['git', 'check', '--all-history']).stdout).toContain(
    'git update-ref -d refs/notes/textconv/kmsfile',
  )
  repository.git('config', 'diff.kmsfile.textconv', 'cat')
  repository.git('update-ref', '-d', 'refs/notes/textconv/kmsfile')
  repository.git('log', '-p')
  expect(check(repository, ['--all-history'])).toEqual([])
})

test('finds what nothing leads to, if asked: commits, and contents that are like a secrets file', async () => {
  const repository = await encryptedRepository()
  stage(repository, { [SECRET]: PLAIN.replace('hunter2', 'hunter3'), 'notes.yaml': 'something: else\n' })
  repository.git('reset', '--quiet', '--hard')
  expect(check(repository, ['--all-history'])).toEqual([])
  expect(check(repository, ['--all-history', '--unreachable'])).toEqual([`refuse plaintext ${SECRET}`])

  repository.commit({ [SECRET]: PLAIN })
  repository.git('reset', '--quiet', '--hard', 'HEAD~1')
  repository.git('reflog', 'expire', '--expire=now', '--all')
  expect(check(repository, ['--all-history'])).toEqual([])
  expect(check(repository, ['--all-history', '--unreachable'])).toEqual([...BOTH, `refuse plaintext ${SECRET}`])
  repository.git('prune', '--expire=now')
  expect(check(repository, ['--all-history', '--unreachable'])).toEqual([])
})

test('works before the first commit', () => {
  const repository = scratchRepository({ rules: '' })
  expect(check(repository, ['--all-history', '--unreachable'])).toEqual([])
})

async function encryptedRepository(): Promise<ScratchRepository> {
  const repository = scratchRepository()
  repository.commit({ [SECRET]: await encrypted(PLAIN) })
  return repository
}
