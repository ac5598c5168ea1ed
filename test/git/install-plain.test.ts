import { chmodSync, existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { planInstall } from '../../src/git/install/install.ts'
import { requireRepository } from '../../src/vcs/repository.ts'
import { hookedRepository, installedState } from './fake-kmsfile.ts'

const RULES =
  'version: 1\nrules: [{ files: ["secrets/**"], keys: [{ age: age1p4zl3tajna3y3dtp07gejv4enffy0u8jryq798jksm0thf65kpysfy0mp8 }] }]\n'
const EVENTS = ['pre-commit', 'prepare-commit-msg', 'pre-merge-commit', 'pre-applypatch', 'post-commit', 'pre-push']

test('git calls kmsfile on the way to a commit, after it, and before a push', async () => {
  const repository = hookedRepository()
  const { hooks } = await repository.install()
  expect(hooks).toMatchObject({ keeper: 'hook files', events: EVENTS, chained: [], notes: [] })
  repository.commit()
  expect(repository.calls().map(({ args }) => args[0])).toEqual(['pre-commit', 'prepare-commit-msg'])
  // Only this one leaves a diff in the message.
  repository.git(['-c', 'core.editor=sed -i 1s/^/x/', 'commit', '--quiet', '--allow-empty', '--verbose'])
  expect(repository.calls().map(({ args }) => args[0])).toEqual(['pre-commit', 'prepare-commit-msg', 'post-commit'])
  repository.git(['init', '--quiet', '--bare', '../other.git'])
  repository.git(['push', '--quiet', '../other.git', 'HEAD:refs/heads/main'])
  const id = repository.git(['rev-parse', 'HEAD']).trim()
  expect(repository.calls()).toEqual([
    {
      args: ['pre-push', '../other.git', '../other.git'],
      stdin: `HEAD ${id} refs/heads/main ${'0'.repeat(40)}\n`,
    },
  ])
})

test('what kmsfile refuses, git does not do, and the exit code says so', async () => {
  const repository = hookedRepository()
  await repository.install()
  repository.answer(1)
  expect(repository.tryGit('commit', '--allow-empty', '--message=x').code).toBe(1)
  // The hook before the message is the one that --no-verify does not skip.
  expect(repository.tryGit('commit', '--allow-empty', '--no-verify', '--message=x').code).toBe(1)
  expect(repository.tryGit('rev-parse', '--verify', '--quiet', 'HEAD').code).toBe(1)
})

test('without kmsfile nothing is committed, and one line says why', async () => {
  const repository = hookedRepository()
  await repository.install()
  rmSync(join(repository.bin, 'kmsfile'))
  const { code, stderr } = repository.tryGit('commit', '--allow-empty', '--message=x')
  expect(code).toBe(1)
  expect(stderr.trim().split('\n')).toEqual([
    expect.stringMatching(/^kmsfile: refused: there is no kmsfile on the PATH/),
  ])
})

test('the program that installed goes first, and the one on the PATH takes over where that is gone', async () => {
  const repository = hookedRepository()
  const script = join(repository.bin, 'own.sh')
  writeFileSync(script, 'echo "own: $*" >&2\n')
  await repository.install({ program: { node: '/bin/sh', script } })
  expect(repository.tryGit('commit', '--allow-empty', '--message=x').stderr).toContain('own: git hook pre-commit')
  expect(repository.calls()).toEqual([])
  rmSync(script)
  expect(repository.tryGit('commit', '--allow-empty', '--message=y').stderr).toBe('')
  expect(repository.calls().length).toBe(2)
})

test('an installation of the package in the work tree is found as well', async () => {
  const repository = hookedRepository()
  await repository.install()
  rmSync(join(repository.bin, 'kmsfile'))
  repository.write('node_modules/.bin/kmsfile', '#!/bin/sh\necho "local: $*" >&2\n', { mode: 0o755 })
  expect(repository.tryGit('commit', '--allow-empty', '--message=x').stderr).toContain('local: git hook pre-commit')
})

describe('a second run', () => {
  test('has nothing to do, and keeps what was chosen before', async () => {
    const repository = hookedRepository()
    await repository.install({ guard: true, strictRefs: true, diff: 'redacted' })
    const before = installedState(repository)
    const again = await repository.install()
    expect(again.changes).toEqual([])
    expect(again.settings).toMatchObject({ guard: true, strictRefs: true, diff: 'redacted', hooks: 'auto' })
    expect(installedState(repository)).toEqual(before)
  })

  test('changes what is asked for, and no more', async () => {
    const repository = hookedRepository()
    await repository.install({ guard: true, strictRefs: true })
    expect(repository.read('.git/info/attributes')).toContain('filter=kmsfile-guard')
    const { changes } = await repository.install({ guard: false, strictRefs: false })
    expect(changes.map(({ kind, path }) => `${kind} ${path.split('/').at(-1)}`)).toEqual([
      'write config',
      'write attributes',
      'remove reference-transaction',
    ])
    expect(repository.tree('.')).not.toHaveProperty('.git/hooks/reference-transaction')
    expect(repository.tryGit('config', '--get-regexp', '^filter').code).toBe(1)
  })
})

describe('a hook that was there before', () => {
  const foreign = '#!/bin/sh\nprintf "%s|" "$@" > foreign.args\ncat > foreign.stdin\nexit 3\n'

  test('runs after ours, with the same arguments and the same stdin, and its exit code counts', async () => {
    const repository = hookedRepository()
    repository.write('.git/hooks/pre-push', foreign, { mode: 0o755 })
    expect((await repository.install()).hooks.chained).toEqual(['pre-push'])
    repository.commit()
    repository.git(['init', '--quiet', '--bare', '../other.git'])
    repository.calls()
    expect(repository.tryGit('push', '../other.git', 'HEAD:refs/heads/a', 'HEAD:refs/heads/b').code).toBe(1)
    const [call] = repository.calls()
    expect(call?.stdin.split('\n').length).toBe(3)
    expect(repository.read('foreign.stdin')).toBe(call?.stdin)
    expect(repository.read('foreign.args')).toBe('../other.git|../other.git|')
  })

  test('gets an empty stdin where git has nothing to say', async () => {
    const repository = hookedRepository()
    repository.commit()
    repository.git(['init', '--quiet', '--bare', '../other.git'])
    repository.git(['push', '--quiet', '../other.git', 'HEAD:refs/heads/a'])
    repository.write('.git/hooks/pre-push', foreign.replace('exit 3', 'exit 0'), { mode: 0o755 })
    await repository.install()
    repository.git(['push', '--quiet', '../other.git', 'HEAD:refs/heads/a'])
    expect(repository.read('foreign.stdin')).toBe('')
    expect(repository.calls()[0]?.stdin).toBe('')
  })

  test('does not run where kmsfile refuses', async () => {
    const repository = hookedRepository()
    repository.write('.git/hooks/pre-commit', '#!/bin/sh\ntouch foreign.ran\n', { mode: 0o755 })
    await repository.install()
    repository.answer(1)
    repository.tryGit('commit', '--allow-empty', '--message=x')
    expect(existsSync(join(repository.top, 'foreign.ran'))).toBe(false)
  })

  test('that is not executable did not run, and does not now', async () => {
    const repository = hookedRepository()
    repository.write('.git/hooks/pre-commit', '#!/bin/sh\nexit 1\n', { mode: 0o644 })
    await repository.install()
    repository.commit()
    expect(repository.calls()[0]?.args).toEqual(['pre-commit'])
  })

  test('may be a program of any kind, or a link', async () => {
    const repository = hookedRepository()
    repository.write('tools/check', '#!/usr/bin/env node\nprocess.exitCode = 5\n', { mode: 0o755 })
    symlinkSync('../../tools/check', join(repository.top, '.git/hooks/pre-commit'))
    await repository.install()
    expect(repository.tryGit('commit', '--allow-empty', '--message=x').code).toBe(1)
    expect(repository.calls()[0]?.args).toEqual(['pre-commit'])
  })

  test('and calls kmsfile already stays as it is', async () => {
    const repository = hookedRepository()
    const own = '#!/bin/sh\nkmsfile git hook pre-commit || exit 1\necho mine\n'
    repository.write('.git/hooks/pre-commit', own, { mode: 0o755 })
    const { hooks } = await repository.install()
    expect(hooks.events).toEqual(EVENTS)
    expect(repository.read('.git/hooks/pre-commit')).toBe(own)
    await repository.uninstall()
    expect(repository.read('.git/hooks/pre-commit')).toBe(own)
  })

  test('of which a former installation has put another aside is left to people', async () => {
    const repository = hookedRepository()
    for (const name of ['pre-commit', 'pre-commit.kmsfile-chain']) {
      repository.write(`.git/hooks/${name}`, foreign, { mode: 0o755 })
    }
    const { hooks } = await repository.install()
    expect(hooks.events).not.toContain('pre-commit')
    expect(hooks.notes).toEqual([expect.objectContaining({ message: expect.stringContaining('not ours') })])
  })
})

describe('taking it out', () => {
  test('gives back every file as it was, byte for byte', async () => {
    const repository = hookedRepository()
    repository.write('.kmsfile.yaml', RULES)
    repository.write('.git/hooks/pre-push', '#!/bin/sh\nexit 0\n', { mode: 0o755 })
    repository.write('.git/hooks/pre-commit', 'not executable', { mode: 0o600 })
    repository.write('.git/info/attributes', '* text=auto')
    // What git wrote, with comments and bytes that are no UTF-8.
    writeFileSync(
      join(repository.top, '.git/config'),
      Buffer.concat([Buffer.from(repository.read('.git/config')), Buffer.from('# caf\xe9\n[a]\n\tb = c', 'latin1')]),
    )
    const before = installedState(repository)
    await repository.install({ guard: true, strictRefs: true })
    await repository.install({ diff: 'redacted' })
    expect(installedState(repository)).not.toEqual(before)
    await repository.uninstall()
    expect(installedState(repository)).toEqual(before)
  })

  test('leaves what git and people have added since', async () => {
    const repository = hookedRepository()
    await repository.install()
    repository.git(['config', 'remote.x.url', 'y'])
    repository.write('.git/info/attributes', `${repository.read('.git/info/attributes')}*.md text\n`)
    await repository.uninstall()
    expect(repository.git(['config', 'remote.x.url'])).toBe('y\n')
    expect(repository.git(['config', '--local', '--list'])).not.toContain('kmsfile')
    expect(repository.read('.git/info/attributes')).toBe('*.md text\n')
  })

  test('leaves a hook of ours that somebody changed, and what it calls', async () => {
    const repository = hookedRepository()
    repository.write('.git/hooks/pre-commit', '#!/bin/sh\nexit 0\n', { mode: 0o755 })
    await repository.install()
    const changed = `${repository.read('.git/hooks/pre-commit')}echo more\n`
    repository.write('.git/hooks/pre-commit', changed)
    const { notes } = await repository.uninstall()
    expect(notes.map(({ message }) => message)).toEqual(['the hook pre-commit was changed, and stays'])
    expect(repository.read('.git/hooks/pre-commit')).toBe(changed)
    expect(repository.read('.git/hooks/pre-commit.kmsfile-chain')).toBe('#!/bin/sh\nexit 0\n')
  })

  test('removes refs with what git kept of decrypted texts, and the cache of verdicts', async () => {
    const repository = hookedRepository()
    await repository.install()
    repository.commit()
    repository.git(['update-ref', 'refs/notes/textconv/kmsfile', 'HEAD'])
    repository.write('.git/kmsfile/verdicts', 'x')
    await repository.uninstall()
    expect(repository.git(['for-each-ref', 'refs/notes'])).toBe('')
    expect(existsSync(join(repository.top, '.git/kmsfile'))).toBe(false)
  })

  test('has nothing to do where nothing is installed', async () => {
    const repository = hookedRepository()
    const before = installedState(repository)
    expect(await repository.uninstall()).toMatchObject({ changes: [], refs: [], caches: [] })
    expect(installedState(repository)).toEqual(before)
  })
})

test('two people who write the configuration at the same time do not lose what the other wrote', async () => {
  const repository = hookedRepository()
  repository.write('.git/config.lock', '')
  await expect(repository.install()).rejects.toMatchObject({ code: 'FILE_LOCKED' })
  expect(repository.read('.git/config')).not.toContain('kmsfile')
})

test('a hook of ours that lost its executable bit gets it back', async () => {
  const repository = hookedRepository()
  await repository.install()
  chmodSync(join(repository.top, '.git/hooks/pre-commit'), 0o644)
  expect((await repository.install()).changes.length).toBe(1)
  repository.commit()
  expect(repository.calls()[0]?.args).toEqual(['pre-commit'])
})

test('a bare repository is refused, with a word about the hook for servers', async () => {
  const repository = hookedRepository()
  repository.git(['init', '--quiet', '--bare', '../server.git'])
  const server = {
    ...repository.host,
    cwd: join(repository.top, '../server.git'),
    env: { ...repository.env, GIT_DIR: '.' },
  }
  await expect(planInstall(server, await requireRepository(server, '.'))).rejects.toMatchObject({
    code: 'GIT_NOT_A_REPOSITORY',
  })
})
