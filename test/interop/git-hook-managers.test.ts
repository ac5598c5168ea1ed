import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, inject, test } from 'vitest'
import { expectNoLeak } from '../git/leaks.ts'
import { type HookedRepository, hookedRepository } from './hooked-repository.ts'

const { hookManagers, python, certificates } = inject('peers')
const bin = hookManagers ?? ''
const FILE = 'secrets/prod.yaml'
const lines = (password: string, port: number) =>
  `password: ${password}\n${'filler: x\n'.replace('x', '1')}a: 1\nb: 2\nc: 3\nd: 4\nport: ${port}\n`

/** What must hold under whoever keeps the hooks. `theirs`: what a hook of others wrote down. */
function expectGuarded(repository: HookedRepository, theirs: () => string): void {
  const { run, must, write } = repository
  must('git', 'add', '--all')
  must('git', 'commit', '--quiet', '--message=first')
  const before = theirs()
  expect(before).not.toBe('')

  write('secrets/new.yaml', 'password: hunter2\n')
  must('git', 'add', '--all')
  const refused = run('git', ['commit', '--message=plaintext'])
  expect(refused.code).toBe(1)
  expect(refused.stdout + refused.stderr).toContain('secrets/new.yaml')
  // No --no-verify gets past the hook for the message.
  expect(run('git', ['commit', '--no-verify', '--message=plaintext']).code).toBe(1)
  expect(must('git', 'log', '--format=%s')).toBe('first\n')

  must('kmsfile', 'encrypt', '-i', 'secrets/new.yaml')
  must('git', 'add', '--all')
  must('git', 'commit', '--quiet', '--message=encrypted')
  expect(theirs().length).toBeGreaterThan(before.length)
  must('git', 'push', '--quiet', '../other.git', 'HEAD:refs/heads/main')
}

/** Commits plaintext past every hook, and tries to push it. */
function expectPushRefused({ run, must, write }: HookedRepository): void {
  write('secrets/leak.yaml', 'password: hunter2\n')
  must('git', 'add', '--all')
  must('git', '-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--message=leak')
  const { code, stdout, stderr } = run('git', ['push', '../other.git', 'HEAD:refs/heads/leak'])
  expect(code).toBe(1)
  expect(stdout + stderr).toContain('secrets/leak.yaml')
}

describe.skipIf(hookManagers === null)('husky', () => {
  function husky(): HookedRepository {
    const repository = hookedRepository(bin)
    repository.must('husky')
    repository.write('.husky/pre-commit', 'echo commit >> "$HOME/theirs"\n')
    repository.write('.husky/pre-push', 'cat >> "$HOME/pushed"\n')
    repository.protect(FILE, lines('one', 1))
    return repository
  }

  test('starts our hooks and those of the repository, with all that git says', () => {
    const repository = husky()
    repository.must('kmsfile', 'git', 'install')
    const at = (name: string) => join(repository.home, name)
    expectGuarded(repository, () => readFileSync(at('theirs'), 'utf8'))
    const head = repository.must('git', 'rev-parse', 'HEAD').trim()
    expect(readFileSync(at('pushed'), 'utf8')).toBe(`HEAD ${head} refs/heads/main ${'0'.repeat(40)}\n`)
    expectPushRefused(repository)
    expect(repository.must('kmsfile', 'doctor')).toContain('git runs kmsfile (husky): pre-commit')
  })

  test('that is installed later still starts them', () => {
    const repository = hookedRepository(bin)
    repository.write('.husky/pre-commit', 'echo commit >> "$HOME/theirs"\n')
    repository.protect(FILE, lines('one', 1))
    repository.must('kmsfile', 'git', 'install')
    repository.must('husky')
    expectGuarded(repository, () => readFileSync(join(repository.home, 'theirs'), 'utf8'))
  })

  test('does not start them in another work tree until it is installed there, and doctor says so', () => {
    const repository = husky()
    repository.must('kmsfile', 'git', 'install')
    repository.must('git', 'add', '--all')
    repository.must('git', 'commit', '--quiet', '--message=x')
    repository.must('git', 'worktree', 'add', '--quiet', '../tree')
    expect(repository.run('kmsfile', ['doctor']).stdout).toMatch(/work tree .*\/tree: hooks that do not run there/)
  })

  test.each([
    ['the values of the file', 'plain'],
    ['placeholders', 'redacted'],
  ])('with lint-staged passes a partially staged file, where git shows %s', (_, diff) => {
    const repository = husky()
    const { home, must, read, top, write } = repository
    write('package.json', JSON.stringify({ 'lint-staged': { '*.{yaml,js}': ['true'] } }))
    write('.husky/pre-commit', 'lint-staged\n')
    must('kmsfile', 'git', 'install', '--diff', diff)
    must('git', 'add', '--all')
    must('git', 'commit', '--quiet', '--message=one')

    must('kmsfile', 'set', FILE, 'password', '"staged-secret"')
    must('git', 'add', FILE)
    must('kmsfile', 'set', FILE, 'port', '2')
    write('unrelated.js', 'let a\n')
    must('git', 'add', 'unrelated.js')
    const [worktree, staged] = [read(FILE), must('git', 'show', `:${FILE}`)]
    must('git', 'commit', '--quiet', '--message=two')
    expect(read(FILE)).toBe(worktree)
    expect(must('git', 'show', `HEAD:${FILE}`)).toBe(staged)
    expect(must('kmsfile', 'get', FILE, 'port').trim()).toBe('2')
    expect(must('git', 'status', '--porcelain')).toBe(` M ${FILE}\n`)
    // What it kept beside, in its stash and elsewhere, is ciphertext, too.
    expect(must('kmsfile', 'get', FILE, 'password').trim()).toBe('staged-secret')
    expectNoLeak(top, ['staged-secret'], [home])
  })
})

describe.skipIf(hookManagers === null)('lefthook', () => {
  function lefthook(): HookedRepository {
    const repository = hookedRepository(bin)
    repository.write(
      'lefthook.yml',
      [
        'pre-commit:',
        '  parallel: true',
        '  jobs:',
        '    - run: echo commit >> "$HOME/theirs"',
        'pre-push:',
        '  commands:',
        '    own:',
        '      run: cat >> "$HOME/pushed"',
        '      use_stdin: true',
        '',
      ].join('\n'),
    )
    repository.protect(FILE, lines('one', 1))
    return repository
  }

  test('starts our jobs and its own, with all that git says of a push', () => {
    const repository = lefthook()
    repository.must('kmsfile', 'git', 'install')
    repository.must('lefthook', 'install')
    const at = (name: string) => join(repository.home, name)
    expectGuarded(repository, () => readFileSync(at('theirs'), 'utf8'))
    const head = repository.must('git', 'rev-parse', 'HEAD').trim()
    expect(readFileSync(at('pushed'), 'utf8')).toBe(`HEAD ${head} refs/heads/main ${'0'.repeat(40)}\n`)
    expectPushRefused(repository)
    expect(repository.must('kmsfile', 'doctor')).toContain('git runs kmsfile (lefthook): pre-commit')
  })

  test('that is not installed starts nothing, and doctor says so', () => {
    const repository = lefthook()
    repository.must('kmsfile', 'git', 'install')
    const { code, stdout } = repository.run('kmsfile', ['doctor'])
    expect(code).toBe(1)
    expect(stdout).toContain('hooks that are written down, but that nothing starts in this work tree: pre-commit')
  })

  test('can have the hook for every ref as well', () => {
    const repository = lefthook()
    repository.must('kmsfile', 'git', 'install', '--strict-refs')
    repository.must('lefthook', 'install')
    const { must, run, write } = repository
    must('git', 'add', '--all')
    must('git', 'commit', '--quiet', '--message=one')
    write('secrets/leak.yaml', 'password: hunter2\n')
    must('git', 'add', '--all')
    const tree = must('git', 'write-tree').trim()
    const commit = must('git', 'commit-tree', '-p', 'HEAD', '-m', 'x', tree).trim()
    expect(run('git', ['update-ref', 'refs/heads/leak', commit]).code).not.toBe(0)
    must('git', 'update-ref', 'refs/heads/fine', 'HEAD')
  })

  test('passes nothing on that a shell could take for more than words', () => {
    const repository = lefthook()
    const { must, run } = repository
    must('kmsfile', 'git', 'install')
    must('lefthook', 'install')
    must('git', 'add', '--all')
    must('git', 'commit', '--quiet', '--message=one')
    const remote = '../other$(touch PWNED).git'
    must('git', 'init', '--quiet', '--bare', remote)
    run('git', ['push', remote, 'HEAD:refs/heads/main'])
    expect(existsSync(join(repository.top, 'PWNED'))).toBe(false)
  })
})

describe.skipIf(python === null)('the pre-commit framework', () => {
  const own = '  - repo: local\n    hooks:\n      - id: own\n        name: own\n        language: system\n'
  const CONFIG = `repos:\n${own}        entry: sh -c 'echo commit >> "$HOME/theirs"'\n        always_run: true\n        pass_filenames: false\n`

  function framework(config = CONFIG): HookedRepository & { readonly preCommit: (...args: string[]) => string } {
    const repository = hookedRepository(dirname(python ?? ''))
    repository.write('.pre-commit-config.yaml', config)
    repository.protect(FILE, lines('one', 1))
    const preCommit = (...args: string[]) => repository.must(python ?? '', '-m', 'pre_commit', ...args)
    return { ...repository, preCommit }
  }

  test.each([
    ['before', true],
    ['after', false],
  ])('that is installed %s us runs, and so do we', (_, first) => {
    const repository = framework()
    if (first) repository.preCommit('install')
    repository.must('kmsfile', 'git', 'install')
    if (!first) repository.preCommit('install')
    expectGuarded(repository, () => readFileSync(join(repository.home, 'theirs'), 'utf8'))
    expectPushRefused(repository)
  })

  test('gives back changes that are not staged, and keeps no plaintext of them', () => {
    const repository = framework()
    const { home, must, read, top } = repository
    repository.preCommit('install')
    must('kmsfile', 'git', 'install')
    must('git', 'add', '--all')
    must('git', 'commit', '--quiet', '--message=one')
    must('kmsfile', 'set', FILE, 'password', '"not-staged-secret"')
    repository.write('other.txt', 'x\n')
    must('git', 'add', 'other.txt')
    const worktree = read(FILE)
    must('git', 'commit', '--quiet', '--message=two')
    expect(read(FILE)).toBe(worktree)
    const cache = join(repository.home, '.cache/pre-commit')
    const patches = readdirSync(cache).filter((name) => name.startsWith('patch'))
    expect(patches.length).toBeGreaterThan(0)
    for (const name of patches) {
      const patch = readFileSync(join(cache, name), 'utf8')
      expect(patch).toContain('ENC[AES256_GCM,')
    }
    expectNoLeak(top, ['not-staged-secret'], [home])
    expect(must('kmsfile', 'get', FILE, 'password').trim()).toBe('not-staged-secret')
  })

  test('installs our hooks from git, with npm', () => {
    const source = projectAsRepository()
    const ids = ['pre-commit', 'prepare-commit-msg', 'pre-merge-commit', 'post-commit', 'pre-push']
    const repository = framework(
      `default_install_hook_types: [${ids.join(', ')}]\n${CONFIG}  - repo: ${source.folder}\n    rev: ${source.commit}\n    hooks:\n` +
        ids.map((id) => `      - id: kmsfile-${id}\n`).join(''),
    )
    const env = certificates === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificates }
    const { code, stdout, stderr } = repository.run(
      python ?? '',
      ['-m', 'pre_commit', 'install', '--install-hooks'],
      env,
    )
    if (code !== 0) throw new Error(`pre-commit install: ${stdout}${stderr}`)
    // The framework puts what it installed before everything else on the PATH.
    expectGuarded(repository, () => readFileSync(join(repository.home, 'theirs'), 'utf8'))
    expectPushRefused(repository)
  })
})

/** The project as it is now, committed, for who installs it from git. */
function projectAsRepository(): { readonly folder: string; readonly commit: string } {
  const project = fileURLToPath(new URL('../..', import.meta.url))
  const { home, must } = hookedRepository()
  const folder = join(home, 'project')
  mkdirSync(folder)
  const list = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: project })
  const names = list
    .toString()
    .split('\0')
    .filter((name) => name !== '' && existsSync(join(project, name)))
  execFileSync('tar', ['-cf', join(home, 'project.tar'), '--null', '-T', '-'], {
    cwd: project,
    input: names.join('\0'),
  })
  execFileSync('tar', ['-xf', join(home, 'project.tar')], { cwd: folder })
  const git = (...args: string[]) => must('git', '-C', folder, ...args)
  git('init', '--quiet')
  git('add', '--force', '--all')
  git('commit', '--quiet', '--message=x')
  return { folder, commit: git('rev-parse', 'HEAD').trim() }
}
