import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { guardedRepository, PLAINTEXT, SECRET } from './guarded-repository.ts'
import { expectNoLeak } from './leaks.ts'
import { encrypted } from './scratch-repository.ts'

const FILE = 'secrets/prod.yaml'

describe('with the guard, plaintext in a managed path does not get into .git by', () => {
  test.each([
    ['git add', ['add', '--all']],
    ['git add of the file', ['add', '--force', '--', FILE]],
    ['git stash of new files', ['stash', '--include-untracked']],
    ['git hash-object -w', ['hash-object', '-w', FILE]],
    ['git add --intent-to-add and commit --all', ['commit', '--all', '--message=x'], ['add', '--intent-to-add', FILE]],
  ])('%s', (_, args, before = undefined) => {
    const repository = guardedRepository()
    repository.write(FILE, PLAINTEXT)
    if (before !== undefined) repository.git(...before)
    const { code, stderr } = repository.tryGit(args)
    expect(code).not.toBe(0)
    expect(stderr).toContain('kmsfile: refused: 1 file would put plaintext into the repository\n')
    expect(stderr).toContain(`${FILE}:2   db.password   not encrypted`)
    expect(stderr).toContain(`kmsfile encrypt -i ${FILE}`)
    expect(stderr).not.toContain(SECRET)
    expectNoLeak(repository.top, [SECRET])
  })

  test.each([
    ['git stash', ['stash']],
    ['git commit --all', ['commit', '--all', '--message=x']],
    ['git commit of the file', ['commit', '--message=x', '--', FILE]],
    ['git commit --amend --all', ['commit', '--amend', '--all', '--no-edit', '--no-verify']],
    ['git rebase --autostash', ['rebase', '--autostash', 'HEAD~1']],
    ['git checkout --merge', ['checkout', '--merge', '-b', 'other', 'HEAD~1']],
  ])('%s where it replaces what was encrypted', async (_, args) => {
    const repository = guardedRepository()
    repository.commit({ [FILE]: await encrypted('db:\n  password: other\n') })
    repository.commit({ [FILE]: await encrypted('db:\n  password: one more\n'), 'README.md': 'x\n' })
    repository.write(FILE, PLAINTEXT)
    const { code } = repository.tryGit(args)
    expect(code).not.toBe(0)
    expectNoLeak(repository.top, [SECRET])
    expect(repository.read(FILE)).toBe(PLAINTEXT)
  })

  test('git worktree, where another one is linked', () => {
    const repository = guardedRepository()
    repository.git('worktree', 'add', '--quiet', '-b', 'other', '../linked')
    repository.write(`../linked/${FILE}`, PLAINTEXT)
    const { code, stderr } = repository.tryGit(['-C', '../linked', 'add', '--all'])
    expect({ code, stderr }).toMatchObject({ code: 128, stderr: expect.stringContaining(FILE) })
    expectNoLeak(repository.top, [SECRET])
  })
})

describe('the guard refuses', () => {
  test.each([
    ['a value that is not encrypted among those that are', (text: string) => text.replace(/ENC\[[^\]]*\]/, SECRET)],
    ['the marks of a merge', (text: string) => `<<<<<<< ours\n${text}=======\n${text}>>>>>>> theirs\n`],
    ['encrypted values without their metadata', (text: string) => text.replace(/^sops:[\s\S]*/m, '')],
  ])('%s', async (_, change) => {
    const repository = guardedRepository()
    repository.write(FILE, change(await encrypted('db:\n  password: other\n  user: me\n')))
    expect(repository.tryGit(['add', '--all']).code).toBe(128)
    expectNoLeak(repository.top, [SECRET])
  })

  test('plaintext although somebody takes the rule out of the work tree, or breaks it', () => {
    for (const rules of ['version: 1\nrules: []\n', 'version: 1\nrules: [\n', '']) {
      const repository = guardedRepository()
      repository.write('.kmsfile.yaml', rules)
      repository.write(FILE, PLAINTEXT)
      expect(repository.tryGit(['add', '--', FILE]).code).toBe(128)
      repository.remove('.kmsfile.yaml')
      expect(repository.tryGit(['add', '--', FILE]).code).toBe(128)
      expectNoLeak(repository.top, [SECRET])
    }
  })

  test('plaintext by a rule that nobody has committed yet, and in a repository without a commit', () => {
    const repository = guardedRepository()
    repository.git('checkout', '--quiet', '--orphan', 'fresh')
    repository.write('.kmsfile.yaml', repository.read('.kmsfile.yaml').replace('secrets', 'private'))
    repository.write('.gitattributes', '[attr]kmsfile diff=kmsfile -merge -text\n/private/** kmsfile\n')
    repository.write('private/a.yaml', PLAINTEXT)
    expect(repository.tryGit(['add', '--all']).stderr).toContain('private/a.yaml:2')
    expectNoLeak(repository.top, [SECRET])
  })

  test('by a configuration in a folder further down', () => {
    const repository = guardedRepository({ attributes: '/secrets/** kmsfile\n/app/** kmsfile\n' })
    repository.write('app/.kmsfile.yaml', repository.read('.kmsfile.yaml').replace('secrets/**', '*.enc.yaml'))
    repository.write('app/deep/a.enc.yaml', PLAINTEXT)
    repository.write('app/deep/other.yaml', 'not: managed\n')
    expect(repository.tryGit(['add', 'app/deep/a.enc.yaml']).code).toBe(128)
    expect(repository.tryGit(['add', 'app/deep/other.yaml']).code).toBe(0)
    expectNoLeak(repository.top, [SECRET])
  })

  test.each([
    'secrets/with space.yaml',
    'secrets/"quoted".yaml',
    "secrets/it's $(touch pwned) `touch pwned`.yaml",
    'secrets/line\nbreak.yaml',
    'secrets/über ☃.yaml',
    'secrets/-rf.yaml',
    'secrets/esc\u001b[31m.yaml',
    'secrets/percent%f%%.yaml',
  ])('plaintext under the name %j, and names it', (path) => {
    const repository = guardedRepository()
    repository.write(path, PLAINTEXT)
    const { code, stderr } = repository.tryGit(['add', '--all'])
    expect(code).toBe(128)
    const [said = ''] = stderr.split('\nfatal: ')
    expect(said).toContain('would put plaintext into the repository')
    expect(said).not.toContain('\u001b')
    expect(readdirSync(repository.top)).not.toContain('pwned')
    expectNoLeak(repository.top, [SECRET])
  })

  test('a file too large to be looked at, and goes on', async () => {
    const repository = guardedRepository()
    repository.write('secrets/huge.yaml', Buffer.alloc(65 * 1024 * 1024, 'a: b\n'))
    const { code, stderr } = repository.tryGit(['add', 'secrets/huge.yaml'])
    expect({ code, stderr }).toMatchObject({ code: 128, stderr: expect.stringContaining('too large to be checked') })
    repository.write('secrets/small.yaml', await encrypted('a: b\n'))
    expect(repository.tryGit(['add', 'secrets/small.yaml']).code).toBe(0)
  })

  test('everything where the filter cannot run, and lets other files alone', () => {
    for (const script of [join('/nonexistent', 'kmsfile.cjs'), '/dev/null']) {
      const repository = guardedRepository({ script })
      repository.write(FILE, PLAINTEXT)
      repository.write('README.md', 'no secret\n')
      expect(repository.tryGit(['add', 'README.md']).code).toBe(0)
      expect(repository.tryGit(['add', FILE]).code).not.toBe(0)
      expectNoLeak(repository.top, [SECRET])
    }
  })

  test('everything where the filter dies on the way', () => {
    const repository = guardedRepository({ script: '/dev/null' })
    const dying = join(repository.top, '.git/dying.cjs')
    repository.write('.git/dying.cjs', "process.stdin.once('data', () => process.exit(0))\n")
    repository.git('config', 'filter.kmsfile-guard.process', `'${process.execPath}' '${dying}'`)
    repository.write(FILE, PLAINTEXT)
    expect(repository.tryGit(['add', FILE]).code).not.toBe(0)
    expectNoLeak(repository.top, [SECRET])
  })
})
