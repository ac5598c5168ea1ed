import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { installationOf, missingHooks } from '../../src/git/install/installation.ts'
import { readGitConfig } from '../../src/vcs/git-config.ts'
import { requireRepository } from '../../src/vcs/repository.ts'
import { type HookedRepository, hookedRepository, installedState } from './fake-kmsfile.ts'

const EVENTS = ['pre-commit', 'prepare-commit-msg', 'pre-merge-commit', 'pre-applypatch', 'post-commit', 'pre-push']
const NEW = { major: 2, minor: 54 }
const OLD = { major: 2, minor: 53 }

/** A git that only says that it is a newer one. */
function pretend(repository: HookedRepository, version: string): void {
  const script = `#!/bin/sh
if [ "$1" = --version ]; then echo 'git version ${version}'; exit; fi
PATH=\${PATH#*:}
exec git "$@"
`
  writeFileSync(join(repository.bin, 'git'), script, { mode: 0o755 })
}

const missing = async (repository: HookedRepository) => {
  const found = await requireRepository(repository.host, '.')
  return missingHooks(await installationOf(repository.host, found, await readGitConfig(found)))
}

describe('where git has hooks in its configuration', () => {
  test('they are there alone, each for its own event, and no file of hooks is made', async () => {
    const repository = hookedRepository()
    const before = installedState(repository)
    const { hooks } = await repository.install({ gits: [NEW] })
    expect(hooks).toMatchObject({ keeper: 'git configuration', events: EVENTS, changes: [] })
    for (const event of EVENTS) {
      expect(repository.git(['config', '--get-all', `hook.kmsfile-${event}.event`])).toBe(`${event}\n`)
      expect(repository.git(['config', `hook.kmsfile-${event}.command`])).toContain(`kmsfile git hook ${event} "$@"`)
    }
    expect(repository.tree('.git/hooks')).not.toHaveProperty('pre-commit')
    await repository.uninstall()
    expect(installedState(repository)).toEqual(before)
  })

  test('its command does what git would have it do: arguments, stdin and exit code', async () => {
    const repository = hookedRepository()
    await repository.install({ gits: [NEW] })
    const command = repository.git(['config', 'hook.kmsfile-pre-push.command']).trim()
    // As git runs a command that has anything special to a shell in it.
    repository.git([
      'config',
      'alias.as-git',
      `!printf 'a\\nb' | sh -c "$(git config hook.kmsfile-pre-push.command) \\"\\$@\\"" x`,
    ])
    repository.answer(4)
    expect(repository.tryGit('as-git', 'origin', 'https://x/$(y)').code).toBe(4)
    expect(repository.calls()).toEqual([{ args: ['pre-push', 'origin', 'https://x/$(y)'], stdin: 'a\nb' }])
    expect(command).not.toBe('')
  })

  test('they are enough beside husky, whose files stay as they are', async () => {
    const repository = hookedRepository()
    repository.write('.husky/pre-commit', 'npm test\n')
    repository.git(['config', 'core.hooksPath', '.husky/_'])
    await repository.install({ gits: [{ major: 3, minor: 0 }] })
    expect(repository.read('.husky/pre-commit')).toBe('npm test\n')
  })

  test('they run, and after them the hooks of husky, as such a git starts both', async () => {
    const repository = hookedRepository()
    repository.write('.husky/pre-commit', 'echo husky >> theirs\n')
    const stub = '#!/bin/sh\nsh -e "$(dirname "$(dirname "$0")")/$(basename "$0")" "$@"\n'
    repository.write('.husky/_/pre-commit', stub, { mode: 0o755 })
    repository.git(['config', 'core.hooksPath', '.husky/_'])
    await repository.install({ gits: [NEW] })
    // What stands in for it: the commands of the configuration come first, and one that fails ends all.
    const commit = `!for name in $(git config --get-regexp '^hook\\..*\\.event$' '^pre-commit$' | sed 's/\\.event .*//'); do sh -c "$(git config "$name.command")" || exit 1; done; git commit --quiet --allow-empty --message=x`
    repository.git(['config', 'alias.as-git', commit])
    expect(repository.tryGit('as-git').code).toBe(0)
    expect(repository.calls().map(({ args }) => args)).toEqual([['pre-commit']])
    expect(repository.read('theirs')).toBe('husky\n')
    repository.answer(1)
    expect(repository.tryGit('as-git').code).toBe(1)
    expect(repository.read('theirs')).toBe('husky\n')
  })

  test('an older git on the same machine gets files as well', async () => {
    const repository = hookedRepository()
    const { hooks } = await repository.install({ gits: [NEW, OLD] })
    expect(hooks).toMatchObject({ keeper: 'git configuration', events: EVENTS })
    expect(repository.tree('.git/hooks')).toHaveProperty('pre-commit')
    expect(repository.read('.git/config')).toContain('[hook "kmsfile-pre-commit"]')
  })

  test('files can be had instead', async () => {
    const repository = hookedRepository()
    await repository.install({ gits: [NEW], hooks: 'files' })
    expect(repository.read('.git/config')).not.toContain('[hook ')
    repository.commit()
    expect(repository.calls()[0]?.args).toEqual(['pre-commit'])
  })
})

test('an older git is told that it has none', async () => {
  const repository = hookedRepository()
  await expect(repository.install({ gits: [OLD], hooks: 'config' })).rejects.toMatchObject({ code: 'GIT_TOO_OLD' })
  expect((await repository.install({ gits: [OLD] })).hooks.keeper).toBe('hook files')
})

test('the version of git is what git says', async () => {
  const repository = hookedRepository()
  pretend(repository, '2.54.1.windows.2')
  // The real one further down the PATH is older.
  expect((await repository.install()).hooks.keeper).toBe('git configuration')
  expect(repository.tree('.git/hooks')).toHaveProperty('pre-commit')
})

test('hooks can be printed, and none is written', async () => {
  const repository = hookedRepository()
  const { hooks } = await repository.install({ hooks: 'print' })
  for (const event of EVENTS) expect(hooks.instructions).toContain(`run git hook ${event} "$@"`)
  expect((await repository.install()).settings.hooks).toBe('print')
  expect(repository.tree('.git/hooks')).not.toHaveProperty('pre-commit')
})

describe('whether the hooks of the configuration run', () => {
  test('depends on the git that is there', async () => {
    const repository = hookedRepository()
    await repository.install({ gits: [NEW] })
    expect(await missing(repository)).toEqual(EVENTS)
    pretend(repository, '2.54.0')
    expect(await missing(repository)).toEqual([])
  })

  test('depends on whether somebody switched them off', async () => {
    const repository = hookedRepository()
    await repository.install({ gits: [NEW] })
    pretend(repository, '2.54.0')
    repository.git(['config', 'hook.kmsfile-pre-push.enabled', 'false'])
    repository.git(['config', 'hook.pre-commit.enabled', 'no'])
    expect(await missing(repository)).toEqual(['pre-commit', 'pre-push'])
  })
})
