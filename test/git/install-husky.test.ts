import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type HookedRepository, hookedRepository, installedState } from './fake-kmsfile.ts'

/** What husky 9 puts into a work tree, as far as it matters here. */
function husky(repository: HookedRepository): void {
  const stub = '#!/usr/bin/env sh\n. "$(dirname "$0")/h"'
  const runner = `#!/usr/bin/env sh
n=$(basename "$0")
s=$(dirname "$(dirname "$0")")/$n
[ ! -f "$s" ] && exit 0
[ "\${HUSKY-}" = "0" ] && exit 0
export PATH="node_modules/.bin:$PATH"
sh -e "$s" "$@"
exit $?
`
  for (const name of [
    'pre-commit',
    'prepare-commit-msg',
    'pre-merge-commit',
    'pre-applypatch',
    'post-commit',
    'pre-push',
  ]) {
    repository.write(`.husky/_/${name}`, stub, { mode: 0o755 })
  }
  repository.write('.husky/_/h', runner)
  repository.write('.husky/_/.gitignore', '*')
  repository.git(['config', 'core.hooksPath', '.husky/_'])
}

describe('with husky', () => {
  test('our lines come first in the hooks that people write, and those go on afterwards', async () => {
    const repository = hookedRepository()
    husky(repository)
    repository.write('.husky/pre-commit', 'echo theirs >> theirs\n')
    const { hooks } = await repository.install()
    expect(hooks).toMatchObject({ keeper: 'husky', chained: ['pre-commit'] })
    repository.commit()
    expect(repository.calls().map(({ args }) => args[0])).toEqual(['pre-commit', 'prepare-commit-msg', 'post-commit'])
    expect(repository.read('theirs')).toBe('theirs\n')
    repository.answer(1)
    expect(repository.tryGit('commit', '--allow-empty', '--message=x').code).toBe(1)
    expect(repository.read('theirs')).toBe('theirs\n')
  })

  test('both get what git says of a push', async () => {
    const repository = hookedRepository()
    husky(repository)
    repository.write('.husky/pre-push', 'cat > theirs\n')
    await repository.install()
    repository.commit()
    repository.git(['init', '--quiet', '--bare', '../other.git'])
    repository.calls()
    repository.git(['push', '--quiet', '../other.git', 'HEAD:refs/heads/main'])
    expect(repository.calls()[0]?.stdin).toMatch(/^HEAD [0-9a-f]{40} refs\/heads\/main 0{40}\n$/)
    expect(repository.read('theirs')).toMatch(/^HEAD [0-9a-f]{40} refs\/heads\/main 0{40}\n$/)
    repository.git(['push', '--quiet', '../other.git', 'HEAD:refs/heads/main'])
    expect(repository.read('theirs')).toBe('')
  })

  test('nothing of this machine gets into what everybody has', async () => {
    const repository = hookedRepository()
    husky(repository)
    await repository.install({ program: { node: '/opt/node', script: '/opt/kmsfile.cjs' } })
    expect(repository.read('.husky/pre-commit')).not.toContain('/opt')
    expect(repository.read('.git/config')).toContain('/opt')
  })

  test('a hook of an older version keeps its first lines first', async () => {
    const repository = hookedRepository()
    const head = '#!/usr/bin/env sh\n. "$(dirname -- "$0")/_/husky.sh"\n'
    repository.write('.husky/_/husky.sh', '')
    repository.write('.husky/pre-commit', `${head}\nnpm test\n`, { mode: 0o755 })
    repository.git(['config', 'core.hooksPath', '.husky'])
    await repository.install()
    expect(repository.read('.husky/pre-commit').startsWith(`${head}# kmsfile-begin\n`)).toBe(true)
  })

  test('what was not committed is taken out again, byte for byte', async () => {
    const repository = hookedRepository()
    husky(repository)
    repository.write('.husky/pre-commit', 'npm test')
    const before = installedState(repository)
    await repository.install()
    expect((await repository.install()).changes).toEqual([])
    await repository.uninstall()
    expect(installedState(repository)).toEqual(before)
  })

  test('what is committed stays, since others have it, unless it is asked for', async () => {
    const repository = hookedRepository()
    husky(repository)
    repository.write('.husky/pre-push', 'cat > theirs\n')
    await repository.install()
    repository.commit()
    const { notes } = await repository.uninstall()
    expect(notes.length).toBe(6)
    expect(repository.read('.husky/pre-commit')).toContain('kmsfile')
    await repository.uninstall({ purge: true })
    expect(existsSync(join(repository.top, '.husky/pre-commit'))).toBe(false)
    expect(repository.read('.husky/pre-push')).toBe('cat > theirs\n')
  })

  test('that is not installed yet, its hooks are ready, and git has its own until then', async () => {
    const repository = hookedRepository()
    repository.write('.husky/pre-commit', 'npm test\n')
    await repository.install()
    expect(repository.read('.husky/pre-commit')).toContain('"$kmsfile" git hook pre-commit')
    repository.commit()
    expect(repository.calls()[0]?.args).toEqual(['pre-commit'])
  })

  test('a hook for every ref cannot be had, and that is said', async () => {
    const repository = hookedRepository()
    husky(repository)
    const { hooks } = await repository.install({ strictRefs: true })
    expect(hooks.events).not.toContain('reference-transaction')
    expect(hooks.notes[0]?.message).toBe('husky does not run reference-transaction')
  })

  test('a link that leads out of the repository is not followed', async () => {
    const repository = hookedRepository()
    husky(repository)
    repository.write('../outside', 'precious\n')
    symlinkSync('../../outside', join(repository.top, '.husky/pre-commit'))
    const { hooks } = await repository.install()
    expect(hooks.events).not.toContain('pre-commit')
    expect(repository.read('../outside')).toBe('precious\n')
  })
})

describe('with a folder that core.hooksPath names', () => {
  test('inside the repository, our lines go into its scripts', async () => {
    const repository = hookedRepository()
    repository.write('tools/hooks/pre-commit', '#!/usr/bin/env bash\nset -eu\necho theirs >> theirs\n', { mode: 0o755 })
    repository.git(['config', 'core.hooksPath', 'tools/hooks'])
    const before = installedState(repository)
    const { hooks } = await repository.install()
    expect(hooks.keeper).toBe('hook files')
    repository.commit()
    expect(repository.calls().map(({ args }) => args[0])).toEqual(['pre-commit', 'prepare-commit-msg', 'post-commit'])
    expect(repository.read('theirs')).toBe('theirs\n')
    repository.git(['update-ref', '-d', 'HEAD'])
    repository.git(['rm', '--cached', '-rq', '.'])
    await repository.uninstall()
    expect(installedState(repository)).toMatchObject(before as object)
  })

  test('a hook there that is no shell script is left to people', async () => {
    const repository = hookedRepository()
    repository.write('tools/hooks/pre-commit', '#!/usr/bin/env node\n', { mode: 0o755 })
    repository.git(['config', 'core.hooksPath', 'tools/hooks'])
    const { hooks } = await repository.install()
    expect(hooks.events).not.toContain('pre-commit')
    expect(hooks.notes).toEqual([{ message: expect.stringContaining('no shell script'), hint: expect.anything() }])
  })

  test('outside of the repository, nothing is written, and what to do is said', async () => {
    const repository = hookedRepository()
    const shared = join(repository.top, '../shared hooks')
    mkdirSync(shared)
    repository.git(['config', 'core.hooksPath', shared])
    const { hooks } = await repository.install()
    expect(hooks).toMatchObject({ keeper: 'nobody', events: [], changes: [] })
    expect(hooks.instructions).toContain('kmsfile git hook pre-push "$@" || exit')
    expect(hooks.notes[0]?.message).toContain('core.hooksPath (local)')
    expect(existsSync(join(shared, 'pre-commit'))).toBe(false)
    // The drivers are there all the same.
    expect(repository.read('.git/config')).toContain('[merge "kmsfile"]')
  })

  test('that is the usual one, it is as without', async () => {
    const repository = hookedRepository()
    repository.git(['config', 'core.hooksPath', '.git/hooks'])
    await repository.install()
    repository.commit()
    expect(repository.calls()[0]?.args).toEqual(['pre-commit'])
  })
})
