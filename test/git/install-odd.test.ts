import { chmodSync, existsSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { installationOf } from '../../src/git/install/installation.ts'
import { readGitConfig } from '../../src/vcs/git-config.ts'
import { requireRepository } from '../../src/vcs/repository.ts'
import { hookedRepository, installedState } from './fake-kmsfile.ts'

const RULES =
  'version: 1\nrules: [{ files: ["secrets/**"], keys: [{ age: age1p4zl3tajna3y3dtp07gejv4enffy0u8jryq798jksm0thf65kpysfy0mp8 }] }]\n'
const FOREIGN = '#!/bin/sh\nexit 0\n'

describe('every file is as it was before, byte for byte, after it is taken out', () => {
  test.each([
    ['line breaks of Windows', '# ours\r\n*.md text\r\n'],
    ['line breaks of Windows, and none at the end', '# ours\r\n*.md text'],
    ['no line break at the end', '*.md text'],
    ['nothing in it', ''],
    ['an empty line at the end', '*.md text\n\n'],
    ['a byte order mark', '\ufeff*.md text\n'],
    ['a macro of its own', '[attr]kmsfile -diff\nsecrets/** kmsfile\n'],
  ])('.gitattributes and info/attributes with %s', async (_, text) => {
    const repository = hookedRepository()
    repository.write('.kmsfile.yaml', RULES)
    repository.write('.gitattributes', text)
    repository.write('.git/info/attributes', text)
    const before = installedState(repository)
    await repository.install({ guard: true })
    await repository.install({ guard: false })
    await repository.uninstall()
    expect(installedState(repository)).toEqual(before)
  })

  test.each([
    ['no line break at the end', '[a]\n\tb = c'],
    ['line breaks of Windows', '[a]\r\n\tb = c\r\n'],
    ['a value that goes on', '[a]\n\tb = c \\\n'],
    ['a comment at the end', '[a]\n\tb = c # d'],
    ['a section at the end that something of ours could get into', '[hook "kmsfile-pre-commit"]'],
  ])('.git/config with %s, and git reads the same from it meanwhile', async (_, text) => {
    const repository = hookedRepository()
    writeFileSync(join(repository.top, '.git/config'), repository.read('.git/config') + text)
    const values = () => repository.git(['config', '--local', '--list']).replace(/^(?!a\.).*\n/gm, '')
    const [before, own] = [installedState(repository), values()]
    await repository.install()
    expect(values()).toBe(own)
    await repository.uninstall()
    expect(installedState(repository)).toEqual(before)
  })

  test('hooks of all sorts: programs, links that lead somewhere, links that lead nowhere, what cannot be started', async () => {
    const repository = hookedRepository()
    repository.write('.git/hooks/pre-commit', FOREIGN, { mode: 0o755 })
    repository.write('.git/hooks/pre-push', FOREIGN, { mode: 0o644 })
    repository.write('tool', FOREIGN, { mode: 0o755 })
    symlinkSync('../../tool', join(repository.top, '.git/hooks/post-commit'))
    symlinkSync('../../gone', join(repository.top, '.git/hooks/pre-applypatch'))
    const links = () =>
      ['post-commit', 'pre-applypatch'].map((name) => readlinkSync(join(repository.top, '.git/hooks', name)))
    const read = () => ['pre-commit', 'pre-push', 'post-commit'].map((name) => repository.read(`.git/hooks/${name}`))
    const before = [links(), read()]
    const { hooks } = await repository.install()
    expect(hooks.chained).toEqual(['pre-commit', 'pre-applypatch', 'post-commit', 'pre-push'])
    repository.commit()
    expect(repository.calls().map(({ args }) => args[0])).toEqual(['pre-commit', 'prepare-commit-msg'])
    await repository.uninstall()
    expect([links(), read()]).toEqual(before)
  })
})

describe('a hook that was there before', () => {
  test('and was changed since stays as it was changed', async () => {
    const repository = hookedRepository()
    repository.write('.git/hooks/pre-commit', FOREIGN, { mode: 0o755 })
    await repository.install()
    const changed = '#!/bin/sh\necho changed\n'
    repository.write('.git/hooks/pre-commit.kmsfile-chain', changed)
    await repository.uninstall()
    expect(repository.read('.git/hooks/pre-commit')).toBe(changed)
    expect(existsSync(join(repository.top, '.git/hooks/pre-commit.kmsfile-chain'))).toBe(false)
  })

  test('comes back though somebody has deleted ours', async () => {
    const repository = hookedRepository()
    repository.write('.git/hooks/pre-commit', FOREIGN, { mode: 0o755 })
    const before = installedState(repository)
    await repository.install()
    rmSync(join(repository.top, '.git/hooks/pre-commit'))
    await repository.uninstall()
    expect(installedState(repository)).toEqual(before)
  })

  test('still runs where the pre-commit framework has put ours aside, and is what it calls when ours is taken out', async () => {
    const repository = hookedRepository()
    repository.write('.git/hooks/pre-commit', '#!/bin/sh\necho foreign >> foreign\n', { mode: 0o755 })
    await repository.install()
    renameSync(join(repository.top, '.git/hooks/pre-commit'), join(repository.top, '.git/hooks/pre-commit.legacy'))
    const framework = '#!/bin/sh\n# File generated by pre-commit: https://pre-commit.com\n"$0.legacy" "$@" || exit\n'
    repository.write('.git/hooks/pre-commit', framework, { mode: 0o755 })
    repository.commit()
    expect(repository.calls()[0]?.args).toEqual(['pre-commit'])
    expect(repository.read('foreign')).toBe('foreign\n')
    const found = await requireRepository(repository.host, '.')
    const { hooks } = await installationOf(repository.host, found, await readGitConfig(found))
    expect(hooks.get('pre-commit')).toBe('runs')
    expect(await repository.install()).toMatchObject({ changes: [], notes: [], hooks: { chained: ['pre-commit'] } })
    expect((await repository.uninstall()).notes).toEqual([])
    repository.commit()
    expect(repository.calls()).toEqual([])
    expect(repository.read('foreign')).toBe('foreign\nforeign\n')
    expect(repository.read('.git/hooks/pre-commit')).toBe(framework)
  })

  test('is named, and kept, where somebody has put another one over ours', async () => {
    const repository = hookedRepository()
    repository.write('.git/hooks/pre-commit', FOREIGN, { mode: 0o755 })
    await repository.install()
    const third = '#!/bin/sh\necho third\n'
    repository.write('.git/hooks/pre-commit', third)
    const { notes } = await repository.uninstall()
    expect(notes.map(({ message }) => message)).toEqual([
      'there is another hook pre-commit in the place of ours, so the one from before stays aside',
    ])
    expect(repository.read('.git/hooks/pre-commit')).toBe(third)
    expect(repository.read('.git/hooks/pre-commit.kmsfile-chain')).toBe(FOREIGN)
  })
})

test.each(['two\nlines', '100% \\n "x"', "it's `touch PWNED` $(touch PWNED) ;touch PWNED", '-n', ' '])(
  'a program in a folder called %j is started, nothing else is, and all of it is taken out again',
  async (name) => {
    const repository = hookedRepository()
    const folder = join(repository.top, '..', name)
    mkdirSync(folder, { recursive: true })
    const [node, script] = [join(folder, 'node'), join(folder, 'kmsfile.cjs')]
    symlinkSync('/bin/sh', node)
    writeFileSync(script, 'echo "own: $*" >&2\n')
    repository.write('.kmsfile.yaml', RULES)
    const before = installedState(repository)
    await repository.install({ program: { node, script }, guard: true })
    expect((await repository.install({ program: { node, script } })).changes).toEqual([])
    expect(repository.tryGit('commit', '--allow-empty', '--message=x').stderr).toContain('own: git hook pre-commit')
    expect(repository.git(['config', 'diff.kmsfile.textconv'])).toContain(script.replaceAll("'", `'\\''`))
    await repository.uninstall()
    expect(installedState(repository)).toEqual(before)
    expect(existsSync(join(repository.top, 'PWNED'))).toBe(false)
  },
)

describe('where something cannot be written', () => {
  test.skipIf(process.getuid?.() === 0)(
    'an error says what (where files can be protected from this user)',
    async () => {
      const repository = hookedRepository()
      mkdirSync(join(repository.top, '.git/hooks'), { recursive: true })
      chmodSync(join(repository.top, '.git/hooks'), 0o555)
      await expect(repository.install()).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
      chmodSync(join(repository.top, '.git/hooks'), 0o755)
      await repository.install()
      repository.commit()
      expect(repository.calls()).toHaveLength(2)
    },
  )

  test('since a folder is where a hook should be, nothing is changed at all', async () => {
    const repository = hookedRepository()
    mkdirSync(join(repository.top, '.git/hooks/pre-push'), { recursive: true })
    const before = installedState(repository)
    await expect(repository.install()).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
    expect(installedState(repository)).toEqual(before)
  })

  test('a file that is only to be read keeps being so', async () => {
    const repository = hookedRepository()
    chmodSync(join(repository.top, '.git/config'), 0o444)
    const before = installedState(repository)
    await repository.install()
    await repository.uninstall()
    expect(installedState(repository)).toEqual(before)
  })
})
