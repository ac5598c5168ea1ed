import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { install, planInstall } from '../../src/git/install/install.ts'
import { planUninstall, uninstall } from '../../src/git/install/uninstall.ts'
import { requireRepository } from '../../src/vcs/repository.ts'
import { type HookedRepository, hookedRepository } from './fake-kmsfile.ts'

const RULES =
  'version: 1\nrules: [{ files: ["secrets/**"], keys: [{ age: age1p4zl3tajna3y3dtp07gejv4enffy0u8jryq798jksm0thf65kpysfy0mp8 }] }]\n'
const BEFORE_COMMIT = ['pre-commit', 'prepare-commit-msg']

const called = (repository: HookedRepository) => repository.calls().map(({ args }) => args[0])

/** Installs from another working directory, or with another environment. */
async function installFrom(repository: HookedRepository, cwd: string, env: Record<string, string | undefined> = {}) {
  const host = { ...repository.host, cwd, env: { ...repository.host.env, ...env } }
  const plan = await planInstall(host, await requireRepository(host, '.'))
  await install(plan)
  return { ...plan, host }
}

describe('from wherever it is started', () => {
  test('a folder of the work tree', async () => {
    const repository = hookedRepository()
    repository.write('a/b/c', 'x')
    await installFrom(repository, join(repository.top, 'a/b'))
    repository.commit()
    expect(called(repository)).toEqual(BEFORE_COMMIT)
    expect(existsSync(join(repository.top, 'a/b/.gitattributes'))).toBe(false)
  })

  test('a linked work tree: for all of them, and taken out again from any', async () => {
    const repository = hookedRepository()
    repository.write('.kmsfile.yaml', RULES)
    repository.commit()
    repository.git(['worktree', 'add', '--quiet', '-b', 'other', '../linked tree'])
    const linked = join(repository.top, '../linked tree')
    const before = repository.tree('.git/hooks')
    const { host } = await installFrom(repository, linked)
    for (const cwd of [repository.top, linked]) {
      repository.git(['commit', '--quiet', '--allow-empty', '--message=x'], { cwd })
      expect(called(repository)).toEqual(BEFORE_COMMIT)
    }
    expect(existsSync(join(linked, '.gitattributes'))).toBe(true)
    rmSync(join(linked, '.gitattributes'))
    const found = await requireRepository({ ...host, cwd: repository.top }, '.')
    await uninstall(found, await planUninstall(found))
    expect(repository.tree('.git/hooks')).toEqual(before)
    expect(repository.git(['config', '--list', '--local'])).not.toContain('kmsfile')
  })

  test('a submodule, which then has hooks of its own', async () => {
    const library = hookedRepository()
    library.commit()
    const repository = hookedRepository()
    repository.git(['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library.top, 'lib'])
    const before = repository.tree('.git/hooks')
    await installFrom(repository, join(repository.top, 'lib'))
    expect(repository.tree('.git/hooks')).toEqual(before)
    repository.git(['commit', '--quiet', '--allow-empty', '--message=x'], { cwd: join(repository.top, 'lib') })
    expect(called(repository)).toEqual(BEFORE_COMMIT)
  })

  test('a repository whose git directory is elsewhere', async () => {
    const repository = hookedRepository()
    repository.git(['init', '--quiet', '--separate-git-dir', '../elsewhere.git'])
    await repository.install()
    repository.commit()
    expect(called(repository)).toEqual(BEFORE_COMMIT)
    expect(existsSync(join(repository.top, '../elsewhere.git/hooks/pre-commit'))).toBe(true)
  })

  test('a machine that knows no home', async () => {
    const repository = hookedRepository()
    await installFrom(repository, repository.top, { HOME: undefined, XDG_CONFIG_HOME: undefined })
    repository.commit()
    expect(called(repository)).toEqual(BEFORE_COMMIT)
  })
})

describe('with core.hooksPath', () => {
  test('that starts at the home, nothing is written there', async () => {
    const repository = hookedRepository()
    const shared = join(repository.env['HOME'] ?? '', 'hooks')
    mkdirSync(shared)
    repository.git(['config', 'core.hooksPath', '~/hooks'])
    const { hooks } = await repository.install()
    expect(hooks).toMatchObject({ keeper: 'nobody', events: [] })
    expect(hooks.notes[0]?.message).toContain(shared)
    expect(existsSync(join(shared, 'pre-commit'))).toBe(false)
  })

  test.each(['/no/such/folder', '/dev/null', '../outside'])('%s, nothing is made there', async (path) => {
    const repository = hookedRepository()
    repository.git(['config', 'core.hooksPath', path])
    const { hooks } = await repository.install()
    expect(hooks).toMatchObject({ keeper: 'nobody', events: [], changes: [] })
    await repository.uninstall()
    expect(existsSync(join(repository.top, '../outside'))).toBe(false)
  })

  test('that is relative and not there yet, hooks are made for everybody, without a path of this machine', async () => {
    const repository = hookedRepository()
    repository.git(['config', 'core.hooksPath', 'tools/git hooks'])
    await repository.install({ program: { node: '/opt/node', script: '/opt/kmsfile.cjs' } })
    repository.commit()
    expect(called(repository)).toEqual([...BEFORE_COMMIT, 'post-commit'])
    expect(repository.read('tools/git hooks/pre-commit')).not.toContain('/opt')
    await repository.uninstall({ purge: true })
    expect(existsSync(join(repository.top, 'tools/git hooks/pre-commit'))).toBe(false)
  })

  test('from a file that the configuration includes, or of one work tree alone, it counts as any other', async () => {
    const repository = hookedRepository()
    repository.commit()
    repository.write('../included', '[core]\n\thooksPath = /no/such/folder\n')
    repository.git(['config', 'include.path', join(repository.top, '../included')])
    expect((await repository.install()).hooks.keeper).toBe('nobody')
    repository.git(['config', '--unset', 'include.path'])

    repository.git(['config', 'extensions.worktreeConfig', 'true'])
    repository.git(['worktree', 'add', '--quiet', '-b', 'other', '../linked'])
    const linked = join(repository.top, '../linked')
    repository.git(['config', '--worktree', 'core.hooksPath', '/no/such/folder'], { cwd: linked })
    expect((await repository.install()).hooks.keeper).toBe('hook files')
    expect((await installFrom(repository, linked)).hooks.keeper).toBe('nobody')
    repository.git(['commit', '--quiet', '--allow-empty', '--message=x'])
    expect(called(repository)).toEqual(BEFORE_COMMIT)
  })
})

describe('with a folder of hooks that is a link', () => {
  test("to one that may be everybody's, nothing is written there nor taken out", async () => {
    const repository = hookedRepository()
    const shared = join(repository.top, '../shared')
    mkdirSync(shared)
    rmSync(join(repository.top, '.git/hooks'), { recursive: true, force: true })
    symlinkSync('../../shared', join(repository.top, '.git/hooks'))
    const { hooks } = await repository.install()
    expect(hooks).toMatchObject({ keeper: 'nobody', events: [], changes: [] })
    expect(hooks.notes[0]?.message).toMatch(/\.git\/hooks leads to .*\/shared, which may serve other repositories/)
    expect(existsSync(join(shared, 'pre-commit'))).toBe(false)
    // As people copy it there.
    const own = readFileSync(new URL('../../hooks/pre-commit', import.meta.url))
    writeFileSync(join(shared, 'pre-commit'), own, { mode: 0o755 })
    await repository.uninstall()
    expect(readFileSync(join(shared, 'pre-commit'))).toEqual(own)
    expect(lstatSync(join(repository.top, '.git/hooks')).isSymbolicLink()).toBe(true)
  })

  test('to one of the work tree, our lines go into its scripts', async () => {
    const repository = hookedRepository()
    repository.write('tools/hooks/pre-commit', '#!/bin/sh\necho theirs >> theirs\n', { mode: 0o755 })
    rmSync(join(repository.top, '.git/hooks'), { recursive: true, force: true })
    symlinkSync('../tools/hooks', join(repository.top, '.git/hooks'))
    await repository.install({ program: { node: '/opt/node', script: '/opt/kmsfile.cjs' } })
    repository.commit()
    expect(called(repository)).toEqual([...BEFORE_COMMIT, 'post-commit'])
    expect(repository.read('theirs')).toBe('theirs\n')
    expect(repository.read('tools/hooks/pre-commit')).not.toContain('/opt')
  })
})
