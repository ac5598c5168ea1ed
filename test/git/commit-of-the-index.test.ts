import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  COMMIT_HOOKS,
  check,
  encrypted,
  isolated,
  RULES,
  type RunOptions,
  repositoryIn,
  type ScratchRepository,
  scratchRepository,
  stage,
} from './scratch-repository.ts'

const PLAIN = 'db:\n  password: hunter2\n'
const SECRET = 'secrets/x.yaml'

describe('git commit is judged by what is staged:', () => {
  test('plaintext is refused, though the work tree has it encrypted by now', async () => {
    const repository = guarded()
    stage(repository, { [SECRET]: PLAIN })
    repository.write(SECRET, await encrypted(PLAIN))
    expect(commit(repository)).toBe('refused')
    repository.git('add', SECRET)
    expect(commit(repository)).toBe('committed')
  })

  test('plaintext that is in the work tree alone stops no commit, and somebody is reminded of it once', async () => {
    const repository = guarded()
    stage(repository, { [SECRET]: await encrypted(PLAIN), other: 'x' })
    repository.write(SECRET, PLAIN)
    const note = `kmsfile: note: ${SECRET}: plaintext in the work tree, which this commit does not take\n`
    expect(repository.tryGit(['commit', '--quiet', '--message=x'])).toEqual({ code: 0, stdout: '', stderr: note })
    stage(repository, { other: 'y', '.kmsfile.yaml': `${RULES}exempt: [{ path: docs/x.yaml, reason: made up }]\n` })
    const changed = 'kmsfile: note: .kmsfile.yaml:5: /docs/x.yaml may be plaintext: made up\n'
    expect(repository.tryGit(['commit', '--quiet', '--message=x'])).toEqual({
      code: 0,
      stdout: '',
      stderr: `${changed}${note}`,
    })
    expect(repository.git('show', `HEAD:${SECRET}`)).not.toContain('hunter2')
    expect(check(repository)).toEqual([])
  })

  test('of the work tree nobody is reminded where it is as it should be, or no file', async () => {
    const repository = guarded()
    const text = await encrypted(PLAIN)
    const names = ['encrypted', 'gone', 'link', 'pipe', 'folder', 'empty'].map((name) => `secrets/${name}.yaml`)
    stage(repository, Object.fromEntries(names.map((name) => [name, text])))
    for (const name of names.slice(1)) repository.remove(name)
    repository.write('plain', PLAIN)
    symlinkSync('../plain', join(repository.top, 'secrets/link.yaml'))
    execFileSync('mkfifo', [join(repository.top, 'secrets/pipe.yaml')])
    repository.write('secrets/folder.yaml/x', PLAIN)
    repository.write('secrets/empty.yaml', '')
    repository.write('secrets/untracked.yaml', PLAIN)
    expect(repository.tryGit(['commit', '--quiet', '--message=x'])).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test('the first commit of a repository is refused as well', () => {
    const repository = scratchRepository({ rules: '' })
    repository.hooks(...COMMIT_HOOKS)
    stage(repository, { '.kmsfile.yaml': RULES, [SECRET]: PLAIN })
    expect(commit(repository)).toBe('refused')
    expect(repository.tryGit(['rev-parse', '--verify', '--quiet', 'HEAD']).code).toBe(1)
  })

  test.each(['true', 'false', 'copies'])(
    'a plaintext that moves to a managed path with edits is refused, with diff.renames=%s',
    (renames) => {
      const repository = guarded()
      const many = Array.from({ length: 30 }, (_, i) => `key${i}: value${i}\n`).join('')
      repository.commit({ 'notes.yaml': many })
      repository.git('config', 'diff.renames', renames)
      repository.git('config', 'status.renames', renames)
      mkdirSync(join(repository.top, 'secrets'))
      repository.git('mv', 'notes.yaml', SECRET)
      stage(repository, { [SECRET]: many.replace('value7', 'hunter2') })
      expect(repository.git('diff', '--cached', '--find-renames', '--name-status')).toMatch(/^R\d/)
      expect(commit(repository)).toBe('refused')
    },
  )

  test('a plaintext in place of a link is refused, a link in place of a file is named', async () => {
    const repository = guarded()
    mkdirSync(join(repository.top, 'secrets'))
    symlinkSync('../elsewhere', join(repository.top, SECRET))
    repository.git('add', SECRET)
    const { code, stderr } = repository.tryGit(['commit', '--quiet', '--message=x'])
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `kmsfile: note: ${SECRET}: is a link where a secrets file is expected\n`,
    })
    repository.remove(SECRET)
    stage(repository, { [SECRET]: PLAIN })
    expect(repository.git('diff', '--cached', '--name-status')).toBe(`T\t${SECRET}\n`)
    expect(commit(repository)).toBe('refused')
    // The file behind the link is not what is committed.
    repository.remove(SECRET)
    symlinkSync('/dev/null', join(repository.top, SECRET))
    expect(commit(repository)).toBe('refused')
  })

  test('what an earlier commit has is refused until it is put right, whatever else changes', async () => {
    const repository = guarded()
    repository.commit({ [SECRET]: PLAIN })
    expect(commit(repository, '--amend')).toBe('refused')
    stage(repository, { other: 'x' })
    expect(commit(repository)).toBe('refused')
    stage(repository, { [SECRET]: await encrypted(PLAIN) })
    expect(commit(repository, '--amend')).toBe('committed')
  })

  test('rules that are taken away count, be it in the work tree or along with the plaintext', () => {
    const repository = guarded()
    stage(repository, { [SECRET]: PLAIN })
    repository.write('.kmsfile.yaml', RULES.replace('secrets', 'nothing'))
    repository.write('.gitattributes', '* -kmsfile\n')
    repository.write('.git/info/attributes', '* !kmsfile !diff !merge !filter\n')
    expect(commit(repository)).toBe('refused')
    repository.git('add', '.kmsfile.yaml', '.gitattributes')
    expect(commit(repository)).toBe('refused')
    repository.git('rm', '--quiet', '--cached', '.kmsfile.yaml')
    expect(commit(repository)).toBe('refused')
  })

  test('so are files outside of a sparse checkout, with and without a sparse index', async () => {
    for (const index of ['--sparse-index', '--no-sparse-index']) {
      const repository = guarded()
      repository.commit({ [SECRET]: PLAIN, 'src/a': 'x' })
      repository.git('sparse-checkout', 'set', '--cone', index, 'src')
      expect(readdirSync(repository.top)).not.toContain('secrets')
      stage(repository, { 'src/a': 'y' })
      expect(commit(repository)).toBe('refused')
    }
  })

  test.each(['.x.yaml.swp', '.decrypted~x.yaml', '#x.yaml#', 'x.yaml~', 'x.yaml.bak'])(
    'the leftover %s is refused',
    async (name) => {
      const repository = guarded()
      stage(repository, { [SECRET]: await encrypted(PLAIN), [`secrets/${name}`]: PLAIN })
      expect(commit(repository)).toBe('refused')
      repository.git('rm', '--quiet', '--cached', '--', `secrets/${name}`)
      expect(commit(repository)).toBe('committed')
    },
  )

  test.each<readonly [string, RunOptions, readonly string[]]>([
    ['from a folder', { cwd: 'a' }, []],
    ['with -C from elsewhere', { cwd: '..' }, ['-C', 'repository']],
    ['with --git-dir and --work-tree', { cwd: '..' }, ['--git-dir=repository/.git', '--work-tree=repository']],
    ['with GIT_DIR', { env: { GIT_DIR: '.git' } }, []],
    [
      'with GIT_DIR and GIT_WORK_TREE',
      { cwd: '..', env: { GIT_DIR: 'repository/.git', GIT_WORK_TREE: 'repository' } },
      [],
    ],
    ['with an index of its own', { env: { GIT_INDEX_FILE: '.git/other' } }, []],
  ])('%s', async (_, options, before) => {
    const repository = guarded()
    repository.commit({ 'a/b': 'x' })
    repository.write(SECRET, PLAIN)
    expect(repository.tryGit([...before, 'add', '--all', ':/'], options).code).toBe(0)
    const { code, stderr } = repository.tryGit([...before, 'commit', '--message=x'], options)
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`${SECRET}:2   db.password`) })
  })

  test('in a linked work tree and in a submodule', () => {
    const repository = guarded()
    repository.git('worktree', 'add', '--quiet', '../linked')
    const linked = repositoryIn(join(repository.top, '../linked'), repository.env)
    stage(linked, { [SECRET]: PLAIN })
    expect(commit(linked)).toBe('refused')
    expect(commit(repository, '--allow-empty')).toBe('committed')

    const outer = repositoryIn(join(repository.top, '../outer'), isolated(repository.top))
    mkdirSync(outer.top)
    outer.git('init', '--quiet')
    outer.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', repository.top, 'inner')
    const inner = repositoryIn(join(outer.top, 'inner'), repository.env)
    inner.hooks(...COMMIT_HOOKS)
    expect(readdirSync(join(outer.top, '.git/modules/inner/hooks'))).toContain('pre-commit')
    stage(inner, { [SECRET]: PLAIN })
    expect(commit(inner)).toBe('refused')
  })

  test('a folder in place of an encrypted file is looked into', async () => {
    const repository = guarded()
    repository.commit({ [SECRET]: await encrypted(PLAIN) })
    repository.remove(SECRET)
    stage(repository, { [`${SECRET}/y.yaml`]: PLAIN })
    expect(commit(repository)).toBe('refused')
  })

  test('what lies in a submodule is not part of the commit', () => {
    const repository = guarded()
    const inner = repositoryIn(join(repository.top, 'secrets'), repository.env)
    mkdirSync(inner.top)
    inner.git('init', '--quiet')
    inner.commit({ 'x.yaml': PLAIN })
    repository.tryGit(['add', 'secrets'])
    expect(repository.git('ls-files', '--stage')).toContain('160000')
    expect(commit(repository)).toBe('committed')
  })
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
