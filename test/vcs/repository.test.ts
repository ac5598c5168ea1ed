import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { findRepository, type Repository, requireRepository } from '../../src/vcs/repository.ts'
import { hostIn, program, scratch } from '../host/scratch.ts'
import { GIT_ENV, type GitRepository, gitRepository } from './git-repository.ts'

const coded = (code: string) => expect.objectContaining({ code })
const bytes = (text: string) => new Uint8Array(Buffer.from(text))

async function open({ host, top }: Pick<GitRepository, 'host' | 'top'>): Promise<Repository> {
  return (await findRepository(host, top))!
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const result: T[] = []
  for await (const item of items) result.push(item)
  return result
}

describe('the last commit', () => {
  test('gives the bytes of a file, whatever its name is', async () => {
    const made = gitRepository()
    const names = ['a', 'ordner/ä b.yaml', 'line\nbreak', '-n', ' missing', 'q\'u"o`te', 'back\\slash', '*']
    const content = new Uint8Array([0, 255, 10, 13, 10])
    made.commit(Object.fromEntries(names.map((name) => [name, content])))
    made.write('a', 'changed since')
    const repository = await open(made)
    for (const name of names) expect(await repository.headVersion(name), name).toEqual(content)
  })

  test('has nothing for a file that is not in it, for a folder, and before there is one', async () => {
    const made = gitRepository()
    const repository = await open(made)
    expect(await repository.headVersion('a')).toBeUndefined()
    made.commit({ 'folder/a': 'x' })
    for (const path of ['new', 'folder', 'folder/b', 'no\nline']) {
      expect(await repository.headVersion(path), path).toBeUndefined()
    }
  })
})

describe('the list of files', () => {
  test('has what git tracks, each once, without submodules and links', async () => {
    const library = gitRepository()
    library.commit({ a: '' })
    const made = gitRepository()
    made.commit({ 'b ä\n.yaml': '', 'a/b': '', gone: '' })
    symlinkSync('a/b', join(made.top, 'link'))
    made.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library.top, 'lib')
    made.git('add', '--all')
    rmSync(join(made.top, 'gone'))
    made.write('untracked', '')
    expect(await (await open(made)).listFiles()).toEqual(['.gitmodules', 'a/b', 'b ä\n.yaml', 'gone'])
  })

  test('has a file in conflict once', async () => {
    const made = gitRepository()
    made.commit({ a: 'base' })
    made.git('checkout', '--quiet', '-b', 'other')
    made.commit({ a: 'theirs' })
    made.git('checkout', '--quiet', 'main')
    made.commit({ a: 'ours' })
    expect(() => made.git('merge', 'other')).toThrow()
    expect(await (await open(made)).listFiles()).toEqual(['a'])
  })

  test('has, if asked, what is not tracked either, but nothing that is ignored or another repository', async () => {
    const made = gitRepository()
    made.commit({ '.gitignore': 'ignored\n', a: '' })
    made.write('ignored', '')
    made.write('new/x', '')
    mkdirSync(join(made.top, 'other'))
    gitRepository(join(made.top, 'other')).commit({ y: '' })
    expect(await (await open(made)).listFiles({ untracked: true })).toEqual(['.gitignore', 'a', 'new/x'])
  })

  test('has, if asked, what lies below some paths, which are no patterns', async () => {
    const made = gitRepository()
    made.commit({ 'a/b': '', 'a*/c': '', 'ab/d': '', e: '' })
    made.write('a/new', '')
    const repository = await open(made)
    expect(await repository.listFiles({ below: ['a*', 'e'] })).toEqual(['a*/c', 'e'])
    expect(await repository.listFiles({ below: ['a'], untracked: true })).toEqual(['a/b', 'a/new'])
    expect(await repository.listFiles({ below: [''] })).toHaveLength(4)
    expect(await repository.listFiles({ below: ['none'] })).toEqual([])
  })

  test('starts no program that the configuration names', async () => {
    const made = gitRepository()
    made.commit({ a: '' })
    const trap = join(made.top, '.git/trap')
    writeFileSync(trap, `#!/bin/sh\ntouch '${made.top}/sprung'\n`)
    chmodSync(trap, 0o755)
    made.git('config', 'core.fsmonitor', trap)
    await (await open(made)).listFiles({ untracked: true })
    expect(existsSync(join(made.top, 'sprung'))).toBe(false)
  })
})

describe('objects', () => {
  test('are read in order, by one process, whatever is in them', async () => {
    const made = gitRepository()
    const big = new Uint8Array(3_000_000).map((_, at) => at % 251)
    made.commit({ a: 'one\n', empty: '', big, 'with space': '\n\n' })
    const names = ['HEAD:big', 'HEAD:none', 'HEAD:a', ':empty', 'HEAD', 'HEAD:with space', 'HEAD:', 'no such name 1 2']
    const objects = await all((await open(made)).catFiles(names))
    expect(objects.map((object) => object?.type)).toEqual([
      'blob',
      undefined,
      'blob',
      'blob',
      'commit',
      'blob',
      'tree',
      undefined,
    ])
    expect(Buffer.compare(objects[0]!.content!, big)).toBe(0)
    expect(objects[2]).toMatchObject({ id: made.git('rev-parse', 'HEAD:a').trim(), size: 4, content: bytes('one\n') })
    expect(objects[3]?.content).toEqual(new Uint8Array())
    expect(objects[5]?.content).toEqual(bytes('\n\n'))
  })

  test('above a size come without content', async () => {
    const made = gitRepository()
    made.commit({ a: '12345', b: '123456', c: '1' })
    const objects = await all((await open(made)).catFiles(['HEAD:a', 'HEAD:b', 'HEAD:c'], { maxBytes: 5 }))
    expect(objects.map((object) => [object?.size, object?.content?.length])).toEqual([
      [5, 5],
      [6, undefined],
      [1, 1],
    ])
  })

  test('are as many as are asked for: none, thousands, or until the reader has seen enough', async () => {
    const made = gitRepository()
    made.commit({ a: 'x'.repeat(2000) })
    const repository = await open(made)
    expect(await all(repository.catFiles([]))).toEqual([])
    expect(await all(repository.catFiles(Array(3000).fill('HEAD:a')))).toHaveLength(3000)
    for await (const object of repository.catFiles(Array(100_000).fill('HEAD:a'))) {
      expect(object?.size).toBe(2000)
      break
    }
  })

  test('have no names with line breaks', async () => {
    const made = gitRepository()
    await expect(all((await open(made)).catFiles(['HEAD:a\nb']))).rejects.toThrow(RangeError)
  })

  test('are not read where git refuses', async () => {
    const made = gitRepository()
    const repository = await open(made)
    writeFileSync(join(made.top, '.git/config'), '[broken')
    await expect(all(repository.catFiles(['HEAD:a']))).rejects.toEqual(coded('GIT_FAILED'))
  })

  test('are not read after an interruption', async () => {
    const made = gitRepository()
    made.commit({ a: 'x' })
    const repository = await open(made)
    made.host.abort()
    await expect(all(repository.catFiles(['HEAD:a']))).rejects.toEqual(coded('INTERRUPTED'))
  })
})

describe('git', () => {
  test('gets its input and gives its output as bytes', async () => {
    const repository = await open(gitRepository())
    const input = new Uint8Array([0, 255, 254, 10])
    const id = await repository.git(['hash-object', '-w', '--stdin'], { input })
    const { stdout } = await repository.git(['cat-file', 'blob', Buffer.from(id.stdout).toString().trim()])
    expect(new Uint8Array(stdout)).toEqual(input)
  })

  test('fails with its first words, or with an exit code that was expected', async () => {
    const repository = await open(gitRepository())
    const error = await repository.git(['rev-parse', '--verify', 'none']).catch((error) => error)
    expect(error).toEqual(coded('GIT_FAILED'))
    expect(error.message).toBe('git rev-parse: Needed a single revision')
    const { exitCode } = await repository.git(['rev-parse', '--verify', '--quiet', 'none'], { exitCodes: [1] })
    expect(exitCode).toBe(1)
  })

  test('that is not installed is an error with something to do', async () => {
    const made = gitRepository()
    const host = { ...made.host, env: { PATH: scratch() } }
    const error = await (await open({ ...made, host })).config('a.b').catch((error) => error)
    expect(error).toEqual(coded('GIT_FAILED'))
    expect(error.hint).toBeDefined()
  })

  test('is interrupted with its caller', async () => {
    const made = gitRepository()
    const repository = await open(made)
    made.host.abort()
    await expect(repository.config('a.b')).rejects.toEqual(coded('INTERRUPTED'))
  })

  test('speaks English and takes no locks to read', async () => {
    const repository = await open(gitRepository())
    const { stdout } = await repository.git(['-c', 'alias.env=!env', 'env'])
    expect(Buffer.from(stdout).toString()).toContain('LC_ALL=C\n')
    expect(Buffer.from(stdout).toString()).toContain('GIT_OPTIONAL_LOCKS=0')
  })
})

describe('the configuration', () => {
  test('has values as they are, and none for what is not set', async () => {
    const made = gitRepository()
    made.git('config', 'core.editor', 'ed "it"\nnow')
    const repository = await open(made)
    expect(await repository.config('core.editor')).toBe('ed "it"\nnow')
    expect(await repository.config('core.none')).toBeUndefined()
  })
})

describe('a path', () => {
  test('is what git calls a file', async () => {
    const made = gitRepository()
    mkdirSync(join(made.top, 'a'))
    symlinkSync(join(made.top, 'a'), join(made.top, 'linked'))
    symlinkSync('a/b', join(made.top, 'file'))
    const repository = (await findRepository({ ...made.host, cwd: join(made.top, 'a') }, '.'))!
    expect(await repository.pathOf('b')).toBe('a/b')
    expect(await repository.pathOf('../new/folder/c')).toBe('new/folder/c')
    expect(await repository.pathOf(join(made.top, 'linked/b'))).toBe('a/b')
    expect(await repository.pathOf('../file')).toBe('file')
    expect(await repository.pathOf('..')).toBe('')
    expect(await repository.pathOf('..x')).toBe('a/..x')
    expect(await repository.pathOf('../../outside')).toBeUndefined()
  })
})

describe('what git tells a hook', () => {
  /** Runs a hook that asks kmsfile's functions for what they see, and gives its answer. */
  async function inHook(
    made: GitRepository,
    hook: string,
    asked: string,
    command: readonly string[],
  ): Promise<unknown> {
    const out = join(scratch(), 'out')
    const child = await program(
      scratch(),
      `import { writeFileSync } from 'node:fs'
       import { findRepository } from '#src/vcs/repository.ts'
       const host = { cwd: process.cwd(), env: process.env, signal: new AbortController().signal }
       const text = (bytes) => bytes && Buffer.from(bytes).toString()
       const staged = async (repository, path) => {
         for await (const object of repository.catFiles([':' + path])) return text(object?.content)
       }
       writeFileSync(${JSON.stringify(out)}, JSON.stringify((await (async () => { ${asked} })()) ?? null))`,
    )
    const path = join(made.git('rev-parse', '--git-path', 'hooks').trim(), hook)
    const absolute = join(made.top, path)
    mkdirSync(join(absolute, '..'), { recursive: true })
    // Not at the top, where relative paths would be right by chance; a bare repository has nothing else.
    const move = hook === 'pre-commit' ? 'mkdir -p sub && cd sub && ' : ''
    writeFileSync(absolute, `#!/bin/sh\n${move}exec "${process.execPath}" "${child}"\n`)
    chmodSync(absolute, 0o755)
    made.git(...command)
    return JSON.parse(readFileSync(out, 'utf8'))
  }

  test('shows the index of a partial commit, not the one that stays', async () => {
    const made = gitRepository()
    made.commit({ a: 'old', b: 'old' })
    made.write('a', 'new')
    made.write('b', 'new')
    made.git('add', 'a')
    const asked = `const repository = await findRepository(host, 'folder/x')
      return [await staged(repository, 'a'), await staged(repository, 'b')]`
    expect(await inHook(made, 'pre-commit', asked, ['commit', '-q', '-m', 'x', 'b'])).toEqual(['old', 'new'])
  })

  test('does not reach another repository', async () => {
    const made = gitRepository()
    made.commit({ a: 'mine' })
    const other = gitRepository()
    other.commit({ a: 'other’s' })
    made.write('a', 'new')
    const asked = `const repository = await findRepository(host, ${JSON.stringify(other.top)})
      return [repository.topLevel, await staged(repository, 'a'), await repository.listFiles()]`
    for (const options of [[], ['-a']]) {
      made.write('a', `new ${options.length}`)
      made.git('add', 'a')
      expect(await inHook(made, 'pre-commit', asked, ['commit', '-q', '-m', 'x', ...options])).toEqual([
        other.top,
        'other’s',
        ['a'],
      ])
    }
  })

  test('holds in a linked work tree', async () => {
    const made = gitRepository()
    made.commit({ a: 'main' })
    const top = join(scratch(), 'tree')
    made.git('worktree', 'add', '--quiet', top)
    const run = (...args: string[]) =>
      execFileSync('git', args, { cwd: top, env: { ...GIT_ENV, HOME: top }, encoding: 'utf8', stdio: 'pipe' })
    writeFileSync(join(top, 'a'), 'tree')
    run('add', 'a')
    const linked: GitRepository = {
      ...made,
      git: (...args) => (args[0] === 'commit' ? run(...args) : made.git(...args)),
    }
    const asked = `const repository = await findRepository(host, '.')
      return [repository.topLevel, await staged(repository, 'a'), text(await repository.headVersion('a'))]`
    expect(await inHook(linked, 'pre-commit', asked, ['commit', '-q', '-m', 'x'])).toEqual([top, 'tree', 'main'])
  })

  test('shows objects that a push has brought, before they are accepted', async () => {
    const server = gitRepository(scratch(), '--bare')
    const made = gitRepository()
    made.commit({ a: 'pushed' })
    const id = made.git('rev-parse', 'HEAD').trim()
    const pushed: GitRepository = {
      ...server,
      git: (...args) => (args[0] === 'push' ? made.git(...args) : server.git(...args)),
    }
    const asked = `const repository = await findRepository(host, '.')
      for await (const object of repository.catFiles(['${id}:a'])) return [repository.bare, text(object?.content)]`
    expect(await inHook(pushed, 'pre-receive', asked, ['push', '-q', server.top, 'main'])).toEqual([true, 'pushed'])
  })
})

test('where there is no repository, a command that needs one says so', async () => {
  const folder = scratch()
  const host: Host = hostIn(folder)
  expect(await findRepository(host, 'a')).toBeUndefined()
  await expect(requireRepository(host, 'a')).rejects.toEqual(coded('GIT_NOT_A_REPOSITORY'))
})
