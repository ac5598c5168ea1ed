import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findGitPlace } from '../../src/vcs/git-place.ts'
import { hostIn, scratch } from '../host/scratch.ts'
import { gitRepository } from './git-repository.ts'

const find = (path: string, env: Record<string, string> = {}, cwd = '/') => findGitPlace(path, env, cwd)

describe('a repository', () => {
  test('is found from its top, from below, and for files that do not exist yet', async () => {
    const { top, commit } = gitRepository()
    commit({ 'a/b/c': '' })
    const place = { topLevel: top, gitDir: join(top, '.git'), commonDir: join(top, '.git'), bare: false }
    for (const path of ['', 'a', 'a/b/c', 'a/new', 'new/folder/file', '.git', '.git/config']) {
      expect(await find(join(top, path)), path).toEqual(place)
    }
  })

  test('is the nearest one', async () => {
    const outer = gitRepository()
    const inner = gitRepository(join(outer.top, mkdirAt(outer.top, 'inner')))
    expect((await find(join(inner.top, 'a')))?.topLevel).toBe(inner.top)
  })

  test('is, for a linked work tree, that work tree with its own index and the shared objects', async () => {
    const { top, git, commit } = gitRepository()
    commit({ a: '' })
    const tree = join(scratch(), 'tree')
    git('worktree', 'add', '--quiet', tree)
    expect(await find(join(tree, 'a'))).toEqual({
      topLevel: tree,
      gitDir: join(top, '.git/worktrees/tree'),
      commonDir: join(top, '.git'),
      bare: false,
    })
  })

  test('is, in a submodule, the submodule', async () => {
    const library = gitRepository()
    library.commit({ a: '' })
    const { top, git } = gitRepository()
    git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library.top, 'lib')
    expect(await find(join(top, 'lib/a'))).toEqual({
      topLevel: join(top, 'lib'),
      gitDir: join(top, '.git/modules/lib'),
      commonDir: join(top, '.git/modules/lib'),
      bare: false,
    })
  })

  test('is the one that a linked folder lies in, but where a linked file is, not where it leads', async () => {
    const one = gitRepository()
    const two = gitRepository()
    two.commit({ 'folder/file': '' })
    symlinkSync(join(two.top, 'folder'), join(one.top, 'linked'))
    symlinkSync(join(two.top, 'folder/file'), join(one.top, 'file'))
    expect((await find(join(one.top, 'linked/file')))?.topLevel).toBe(two.top)
    expect((await find(join(one.top, 'file')))?.topLevel).toBe(one.top)
  })

  test('is none where there is none, or what is called .git is something else', async () => {
    const { top, git } = gitRepository()
    git('worktree', 'prune')
    const folder = scratch()
    mkdirSync(join(folder, 'a/.git'), { recursive: true })
    mkdirSync(join(folder, 'b'))
    writeFileSync(join(folder, 'b/.git'), 'gitdir: /none/such\n')
    mkdirSync(join(folder, 'c'))
    writeFileSync(join(folder, 'c/.git'), 'nonsense')
    for (const name of ['', 'a', 'b', 'c']) expect(await find(join(folder, name)), name).toBeUndefined()
    rmSync(join(top, '.git/HEAD'))
    expect(await find(top)).toBeUndefined()
  })

  test('is not searched for above a ceiling', async () => {
    const { top } = gitRepository()
    mkdirSync(join(top, 'a/b'), { recursive: true })
    expect(await find(join(top, 'a/b'), { GIT_CEILING_DIRECTORIES: `/none:${top}` })).toBeUndefined()
  })

  test('is none where a folder within one merely looks like one', async () => {
    const { top } = gitRepository()
    gitRepository(join(top, mkdirAt(top, 'trap')), '--bare')
    expect((await find(join(top, 'trap/hooks')))?.topLevel).toBe(top)
  })
})

describe('GIT_DIR', () => {
  test('names the repository of the work tree that a hook runs in', async () => {
    const { top, git } = gitRepository(scratch(), '--separate-git-dir', join(scratch(), 'elsewhere'))
    const gitDir = git('rev-parse', '--absolute-git-dir').trim()
    const place = { topLevel: top, gitDir, commonDir: gitDir, bare: false }
    rmSync(join(top, '.git'))
    expect(await find(join(top, 'a'), { GIT_DIR: gitDir }, top)).toEqual(place)
    expect(await find(join(top, 'a'), { GIT_DIR: gitDir, GIT_WORK_TREE: top }, '/')).toEqual(place)
    expect(await find('/elsewhere', { GIT_DIR: gitDir }, top)).toBeUndefined()
  })

  test('does not hide a repository within that work tree', async () => {
    const outer = gitRepository()
    const inner = gitRepository(join(outer.top, mkdirAt(outer.top, 'inner')))
    const env = { GIT_DIR: join(outer.top, '.git') }
    expect((await find(join(inner.top, 'a'), env, outer.top))?.topLevel).toBe(inner.top)
    expect((await find(join(outer.top, 'a'), env, outer.top))?.topLevel).toBe(outer.top)
  })

  test('names a bare repository, in whose folder git starts its hooks', async () => {
    const { top } = gitRepository(scratch(), '--bare')
    expect(await find(top, { GIT_DIR: '.' }, top)).toEqual({ topLevel: top, gitDir: top, commonDir: top, bare: true })
    expect(await find(top)).toBeUndefined()
  })
})

function mkdirAt(top: string, name: string): string {
  mkdirSync(join(top, name))
  return name
}

test('nothing but folders is looked at: no program is started', async () => {
  const { top } = gitRepository()
  const host = hostIn(top, { env: { PATH: '/none' } })
  expect((await findGitPlace(top, host.env, host.cwd))?.topLevel).toBe(top)
})
