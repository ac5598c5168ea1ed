import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type HookedRepository, hookedRepository } from './fake-kmsfile.ts'

/** As `git lfs install` writes it. */
const lfsHook = (event: string) =>
  `#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || { echo >&2 "git-lfs was not found"; exit 2; }\ngit lfs ${event} "$@"\n`

interface Lfs extends HookedRepository {
  /** What it was called with since the last time. */
  lfsCalls(): readonly string[]
  lfsAnswer(code: number): void
}

/** A repository with a program in it that stands in for git-lfs. */
function withLfs(): Lfs {
  const repository = hookedRepository()
  const [log, answer] = ['lfs.log', 'lfs.answer'].map((name) => join(repository.top, '..', name)) as [string, string]
  writeFileSync(
    join(repository.bin, 'git-lfs'),
    `#!/bin/sh\nprintf '%s|' "$@" >> '${log}'\n[ "$1" != pre-push ] || cat >> '${log}'\necho >> '${log}'\nexit $(cat '${answer}' 2>/dev/null || echo 0)\n`,
    { mode: 0o755 },
  )
  repository.git(['init', '--quiet', '--bare', '../other.git'])
  repository.git(['remote', 'add', 'origin', '../other.git'])
  return {
    ...repository,
    lfsCalls() {
      const text = existsSync(log) ? readFileSync(log, 'utf8') : ''
      writeFileSync(log, '')
      return text.split('\n').filter((line) => line !== '')
    },
    lfsAnswer: (code) => writeFileSync(answer, `${code}`),
  }
}

const EVENTS = ['pre-push', 'post-commit', 'post-checkout', 'post-merge']

/** What must hold whoever starts the hooks: both run, ours first, with the same arguments and stdin, and both are heeded. */
function expectBoth(repository: Lfs): void {
  repository.commit()
  const [before] = repository.lfsCalls().slice(-1)
  expect(before).toBe('post-commit|')
  repository.calls()
  const id = repository.git(['rev-parse', 'HEAD']).trim()
  const said = (branch: string) => `HEAD ${id} refs/heads/${branch} ${'0'.repeat(40)}`

  repository.git(['push', '--quiet', 'origin', 'HEAD:refs/heads/a', 'HEAD:refs/heads/b'])
  expect(repository.lfsCalls()).toEqual([`pre-push|origin|../other.git|${said('a')}`, said('b')])
  expect(repository.calls()).toEqual([
    { args: ['pre-push', 'origin', '../other.git'], stdin: `${said('a')}\n${said('b')}\n` },
  ])

  repository.lfsAnswer(3)
  expect(repository.tryGit('push', '--quiet', 'origin', 'HEAD:refs/heads/c').code).toBe(1)
  expect(repository.lfsCalls()).toHaveLength(1)
  expect(repository.calls()).toHaveLength(1)

  repository.lfsAnswer(0)
  repository.answer(1)
  expect(repository.tryGit('push', '--quiet', 'origin', 'HEAD:refs/heads/c').code).toBe(1)
  expect(repository.lfsCalls()).toEqual([])
  expect(repository.git(['ls-remote', 'origin', 'refs/heads/c'])).toBe('')
  repository.answer(0)
}

describe('beside git-lfs', () => {
  test('whose hooks are there already', async () => {
    const repository = withLfs()
    for (const event of EVENTS) repository.write(`.git/hooks/${event}`, lfsHook(event), { mode: 0o755 })
    expect((await repository.install()).hooks.chained).toEqual(['post-commit', 'pre-push'])
    expectBoth(repository)
    await repository.uninstall()
    for (const event of EVENTS) expect(repository.read(`.git/hooks/${event}`)).toBe(lfsHook(event))
  })

  test('whose hooks are those of a folder of the repository', async () => {
    const repository = withLfs()
    for (const event of EVENTS) repository.write(`.githooks/${event}`, lfsHook(event), { mode: 0o755 })
    repository.git(['config', 'core.hooksPath', '.githooks'])
    await repository.install()
    expectBoth(repository)
  })

  test('whose hooks are those of a global folder, where people call kmsfile as they are told to', async () => {
    const repository = withLfs()
    const shared = join(repository.top, '../global')
    repository.write('../global.gitconfig', `[core]\n\thooksPath = ${JSON.stringify(shared)}\n`)
    repository.env['GIT_CONFIG_GLOBAL'] = join(repository.top, '../global.gitconfig')
    for (const event of EVENTS) repository.write(`../global/${event}`, lfsHook(event), { mode: 0o755 })
    const { hooks } = await repository.install()
    expect(hooks.keeper).toBe('nobody')
    expect(hooks.notes[0]?.message).toContain('core.hooksPath (global)')
    const calls = Array.from(
      (hooks.instructions ?? '').matchAll(/^# (\S+), at the beginning\n((?:(?!# ).*\n)+)/gm),
      ([, event = '', lines = '']) => [event, lines] as const,
    )
    expect(calls).toHaveLength(6)
    for (const [event, lines] of calls) {
      const [first = '', ...rest] = (EVENTS.includes(event) ? lfsHook(event) : '#!/bin/sh\n').split('\n')
      repository.write(`../global/${event}`, `${first}\n${lines}${rest.join('\n')}`, { mode: 0o755 })
    }
    repository.commit()
    expect(repository.calls().map(({ args }) => args[0])).toEqual(['pre-commit', 'prepare-commit-msg', 'post-commit'])
    repository.answer(1)
    expect(repository.tryGit('commit', '--allow-empty', '--message=x').code).toBe(1)
    repository.answer(0)
    expectBoth(repository)
  })
})
