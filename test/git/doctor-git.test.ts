import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkGit } from '../../src/git/install/doctor-git.ts'
import type { Host } from '../../src/host/host.ts'
import { requireRepository } from '../../src/vcs/repository.ts'
import { type HookedRepository, hookedRepository, installedState } from './fake-kmsfile.ts'

const AGE = 'age1p4zl3tajna3y3dtp07gejv4enffy0u8jryq798jksm0thf65kpysfy0mp8'
const RULES = `version: 1\nrules: [{ files: ["secrets/**", "*.enc.{yaml,json}"], keys: [{ age: ${AGE} }] }]\n`

/** A repository with rules, in which all is well. */
async function healthy(options = {}): Promise<HookedRepository> {
  const repository = hookedRepository()
  repository.write('.kmsfile.yaml', RULES)
  // What stands in for kmsfile refuses everything.
  repository.answer(1)
  // Where no PATH leads to it.
  await repository.install({ program: { node: '/bin/sh', script: join(repository.bin, 'kmsfile') }, ...options })
  return repository
}

async function examine({ host }: HookedRepository, changes: Partial<Host> = {}): Promise<readonly string[]> {
  const own = { ...host, ...changes }
  const checks = await checkGit(own, await requireRepository(own, '.'), { version: 'test' })
  return checks.map(({ about, state, message }) => `${state} ${about}: ${message}`)
}

const ALL = 'pre-commit, prepare-commit-msg, pre-merge-commit, pre-applypatch, post-commit, pre-push'
const WELL = [
  `ok hooks: git runs kmsfile: ${ALL}`,
  'ok hooks: the hook refuses plaintext: tried with a sample',
  'ok drivers: git shows and merges secrets files with kmsfile',
]

test('where all is well, it says so, and changes nothing', async () => {
  const repository = await healthy({ guard: true })
  const before = { state: installedState(repository), objects: repository.tree('.git/objects') }
  expect(await examine(repository)).toEqual(WELL)
  expect({ state: installedState(repository), objects: repository.tree('.git/objects') }).toEqual(before)
})

test('a repository without rules has nothing to be looked at', async () => {
  expect(await examine(hookedRepository())).toEqual([])
})

describe('hooks', () => {
  test('that are not there are missed', async () => {
    const repository = hookedRepository()
    repository.write('.kmsfile.yaml', RULES)
    expect(await examine(repository)).toEqual([
      `problem hooks: hooks that do not call kmsfile: ${ALL}`,
      'problem drivers: git does not know the diff and merge driver of kmsfile in this clone',
      'warning drivers: the attributes do not say that kmsfile is for secrets/kmsfile-doctor.yaml (diff is unspecified), and for 1 more',
    ])
  })

  test('that somebody replaced are missed', async () => {
    const repository = await healthy()
    repository.write('.git/hooks/pre-push', '#!/bin/sh\nexit 0\n')
    expect(await examine(repository)).toContain('problem hooks: hooks that do not call kmsfile: pre-push')
  })

  test('that are not executable are ignored by git', async () => {
    const repository = await healthy()
    chmodSync(join(repository.top, '.git/hooks/pre-commit'), 0o644)
    expect(await examine(repository)).toContain('problem hooks: git ignores hooks that are not executable: pre-commit')
  })

  test('of a global folder count where they call kmsfile', async () => {
    const repository = await healthy()
    const folder = join(repository.top, '../shared')
    mkdirSync(folder)
    repository.git(['config', 'core.hooksPath', folder])
    expect((await examine(repository))[0]).toBe(`problem hooks: hooks that do not call kmsfile: ${ALL}`)
    const text = 'kmsfile git hook pre-commit "$@" || exit\n'
    writeFileSync(join(folder, 'pre-commit'), `#!/bin/sh\n${text}`, { mode: 0o755 })
    expect((await examine(repository))[0]).not.toContain('pre-commit,')
  })

  test('of lefthook need lefthook to be installed', async () => {
    const repository = hookedRepository()
    repository.write('.kmsfile.yaml', RULES)
    repository.write('lefthook.yml', 'colors: true\n')
    await repository.install()
    expect((await examine(repository))[0]).toBe(
      `problem hooks: hooks that are written down, but that nothing starts in this work tree: ${ALL}`,
    )
    for (const event of ALL.split(', ')) {
      repository.write(`.git/hooks/${event}`, 'call_lefthook run', { mode: 0o755 })
    }
    repository.answer(1)
    const checks = await examine(repository, { env: { ...repository.host.env, LEFTHOOK: '0' } })
    expect(checks.slice(0, 2)).toEqual([
      `ok hooks: git runs kmsfile (lefthook): ${ALL}`,
      'problem hooks: LEFTHOOK=0 in the environment switches all hooks off',
    ])
  })

  test('of husky need husky to be installed in this work tree', async () => {
    const repository = hookedRepository()
    repository.write('.kmsfile.yaml', RULES)
    repository.write('.husky/_/h', '')
    repository.git(['config', 'core.hooksPath', '.husky/_'])
    await repository.install()
    expect((await examine(repository))[0]).toContain('that nothing starts in this work tree')
    for (const event of ALL.split(', ')) repository.write(`.husky/_/${event}`, '')
    repository.answer(1)
    const checks = await examine(repository, { env: { ...repository.host.env, HUSKY: '0' } })
    expect(checks.slice(0, 2)).toEqual([
      `ok hooks: git runs kmsfile (husky): ${ALL}`,
      'problem hooks: HUSKY=0 in the environment switches all hooks off',
    ])
  })

  test('of the pre-commit framework count where its configuration names ours', async () => {
    const repository = await healthy()
    repository.write(
      '.git/hooks/pre-commit',
      '#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\n',
    )
    expect((await examine(repository))[0]).toContain('do not call kmsfile: pre-commit')
    repository.write('.pre-commit-config.yaml', 'repos: [{ repo: x, rev: y, hooks: [{ id: kmsfile-pre-commit }] }]\n')
    expect((await examine(repository))[0]).toBe(WELL[0])
  })
})

describe('the hook is tried with plaintext', () => {
  test('which it may let pass', async () => {
    const repository = await healthy()
    repository.answer(0)
    expect(await examine(repository)).toContain(
      'problem hooks: the hook lets plaintext pass: tried with a sample, in an index of its own',
    )
  })

  test('and must not be satisfied with a failure', async () => {
    const repository = await healthy()
    rmSync(join(repository.bin, 'kmsfile'))
    expect(await examine(repository)).toContain(
      'problem hooks: the hook refuses whatever is committed: it does not find kmsfile, or kmsfile fails',
    )
  })

  test('and with the PATH that graphical programs have', async () => {
    const repository = await healthy({ program: undefined })
    expect(await examine(repository)).toContain(
      'warning hooks: the hook refuses plaintext, but finds kmsfile only on the PATH of this shell',
    )
  })

  test('while no hook of others runs, even where ours fails to stop it', async () => {
    const repository = hookedRepository()
    repository.write('.kmsfile.yaml', RULES)
    repository.write('.git/hooks/pre-commit', '#!/bin/sh\ntouch ran\n', { mode: 0o755 })
    await repository.install()
    await examine(repository)
    expect(repository.tree('.')).not.toHaveProperty('ran')
  })

  test('although configurations are called strangely, are links, or were deleted', async () => {
    const repository = await healthy()
    for (const folder of ['"quoted"', '-dash', 'a,b', 'gone']) repository.write(`${folder}/.kmsfile.yaml`, RULES)
    repository.git(['add', '--all'])
    rmSync(join(repository.top, 'gone'), { recursive: true })
    mkdirSync(join(repository.top, 'link'))
    symlinkSync('../.kmsfile.yaml', join(repository.top, 'link/.kmsfile.yaml'))
    expect((await examine(repository)).slice(0, 2)).toEqual(WELL.slice(0, 2))
  })

  test('although somebody lets a file pass by the environment', async () => {
    const repository = await healthy()
    const env = { ...repository.host.env, KMSFILE_ALLOW_PLAINTEXT: 'secrets/kmsfile-doctor.yaml' }
    expect(await examine(repository, { env })).toEqual(WELL)
  })
})

describe('drivers', () => {
  test.each([
    ['merge.kmsfile.recursive', 'text', 'problem drivers: merge.kmsfile.recursive is not binary'],
    ['diff.kmsfile.cachetextconv', 'true', 'problem plaintext: diff.kmsfile.cachetextconv is on'],
    ['filter.kmsfile-guard.required', 'false', 'problem drivers: the guard is not required'],
    ['commit.verbose', 'true', 'warning plaintext: commit.verbose is set: while you write a message'],
    ['commit.verbose', '2', 'warning plaintext: commit.verbose is set'],
    ['diff.kmsfile.textconv', 'cat', 'problem drivers: git does not know the diff driver'],
  ])('%s=%s is found', async (name, value, message) => {
    const repository = await healthy({ guard: true })
    repository.git(['config', '--local', '--add', name, value])
    expect(await examine(repository)).toContainEqual(expect.stringContaining(message))
  })

  test('a diff that shows no values may be shown while a message is written', async () => {
    const repository = await healthy({ diff: 'redacted' })
    repository.git(['config', 'commit.verbose', 'true'])
    expect(await examine(repository)).toEqual(WELL)
  })

  test('the program that was written down may be gone', async () => {
    const repository = await healthy({ program: { node: "/no/it's/node", script: '/no/kmsfile.cjs' } })
    expect(await examine(repository)).toContain(
      "warning drivers: the program that git was told to start is gone: /no/it's/node, /no/kmsfile.cjs",
    )
  })

  test.each([
    ['.git/info/attributes', '* !kmsfile !diff !merge\n'],
    ['.git/info/attributes', 'secrets/** merge=union\n'],
    ['secrets/.gitattributes', '* -diff\n'],
  ])('lines in %s that take them back are found: %j', async (file, text) => {
    const repository = await healthy()
    const old = file.startsWith('.git/') ? repository.read(file) : ''
    repository.write(file, old + text)
    expect(await examine(repository)).toContainEqual(
      expect.stringMatching(/^warning drivers: the attributes do not say that kmsfile is for secrets\/kmsfile-doctor/),
    )
  })

  test('what git kept of decrypted texts is found', async () => {
    const repository = await healthy()
    repository.git([
      'update-ref',
      'refs/notes/textconv/kmsfile',
      repository.git(['hash-object', '-w', '.kmsfile.yaml']).trim(),
    ])
    expect(await examine(repository)).toContain(
      'problem plaintext: refs/notes/textconv/kmsfile has in it what git showed decrypted',
    )
  })
})

test('what merges and editors left is found, also where git ignores it', async () => {
  const repository = await healthy()
  repository.write('.gitignore', '.decrypted~*\n')
  repository.write('secrets/.decrypted~prod.yaml', 'a: b\n')
  repository.write('.merge_file_a1b2c3', '')
  expect(await examine(repository)).toContain(
    'warning plaintext: what a merge or an editor left may be plaintext: .merge_file_a1b2c3 and 1 more',
  )
})

describe('plaintext that git keeps', () => {
  const PLAIN = 'password: hunter2\n'

  test('in a stash is found', async () => {
    const repository = await healthy()
    repository.answer(0)
    repository.write('secrets/a.yaml', 'password: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]\n')
    repository.commit()
    repository.write('secrets/a.yaml', PLAIN)
    repository.git(['stash', '--quiet'])
    repository.answer(1)
    expect(await examine(repository)).toContain('warning plaintext: stash@{0} holds plaintext: secrets/a.yaml')
  })

  test('although it was refused is found', async () => {
    const repository = await healthy()
    repository.write('secrets/a.yaml', PLAIN)
    repository.git(['add', '--all'])
    repository.git(['rm', '--quiet', '--cached', 'secrets/a.yaml'])
    expect(await examine(repository)).toContain(
      'warning plaintext: git keeps plaintext that nothing leads to: secrets/a.yaml',
    )
  })
})

describe('other work trees', () => {
  test('share the hooks of the repository', async () => {
    const repository = await healthy()
    repository.answer(0)
    repository.commit()
    repository.git(['worktree', 'add', '--quiet', '../tree', '-b', 'other'])
    repository.answer(1)
    const tree = join(repository.top, '../tree')
    expect(await examine(repository)).toContain(`ok hooks: work tree ${tree}: hooks run there, too`)
    expect((await examine(repository, { cwd: tree })).slice(0, 2)).toEqual(WELL.slice(0, 2))
  })

  test('do not have those of husky until its packages are installed there', async () => {
    const repository = hookedRepository()
    repository.write('.kmsfile.yaml', RULES)
    for (const event of [...ALL.split(', '), 'h']) repository.write(`.husky/_/${event}`, '', { mode: 0o755 })
    repository.write('.gitignore', '.husky/_\n')
    await repository.install()
    repository.commit()
    repository.git(['config', 'core.hooksPath', '.husky/_'])
    await repository.install()
    repository.git(['worktree', 'add', '--quiet', '../tree', '-b', 'other'])
    const tree = join(repository.top, '../tree')
    expect(await examine(repository)).toContainEqual(
      expect.stringContaining(`warning hooks: work tree ${tree}: hooks that do not run there: pre-commit`),
    )
  })
})

test('submodules are repositories of their own', async () => {
  const library = hookedRepository()
  library.write('.kmsfile.yaml', RULES)
  library.commit()
  const plain = hookedRepository()
  plain.commit()
  const repository = await healthy()
  for (const [name, { top }] of Object.entries({ lib: library, plain })) {
    repository.git(['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', top, name])
  }
  const checks = await examine(repository)
  expect(checks).toContain('ok git: submodule plain has no .kmsfile.yaml of its own')
  expect(checks).toContainEqual(expect.stringMatching(/^warning hooks: submodule .*\/lib: hooks that do not run there/))
})

test('a second git on the PATH that is older is named', async () => {
  const repository = await healthy()
  const script =
    '#!/bin/sh\n[ "$1" != --version ] || { echo git version 2.60.0; exit; }\nPATH=$(echo "$PATH" | cut -d: -f2-) exec git "$@"\n'
  writeFileSync(join(repository.bin, 'git'), script, { mode: 0o755 })
  expect((await examine(repository))[0]).toMatch(/^warning git: there is an older git on the PATH/)
})
