import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import { type HookedRepository, hookedRepository } from './hooked-repository.ts'

const { hookManagers, python } = inject('peers')
const bin = hookManagers ?? ''
const FILE = 'secrets/prod.yaml'
const NOBODY = '0'.repeat(40)

interface Keeper {
  /** Whether the program that keeps the hooks is at hand. */
  readonly missing: boolean
  readonly folders: readonly string[]
  /** Has git-lfs called before a push, as people do who use that program. */
  withLfs?(repository: HookedRepository): void
  /** Has kmsfile called. */
  start(repository: HookedRepository): void
}

const lfsHook = '#!/bin/sh\ngit lfs pre-push "$@"\n'
const local = (id: string) =>
  `      - { id: ${id}, name: ${id}, language: system, always_run: true, pass_filenames: false, stages: [pre-push], entry: kmsfile git hook ${id} }\n`

const KEEPERS: Readonly<Record<string, Keeper>> = {
  'git alone': {
    missing: false,
    folders: [],
    withLfs: ({ write, must }) => {
      write('.git/hooks/pre-push', lfsHook)
      must('chmod', '+x', '.git/hooks/pre-push')
    },
    start: ({ must }) => void must('kmsfile', 'git', 'install'),
  },
  husky: {
    missing: hookManagers === null,
    folders: [bin],
    withLfs: ({ write }) => write('.husky/pre-push', 'git lfs pre-push "$@"\n'),
    start({ must }) {
      must('husky')
      must('kmsfile', 'git', 'install')
    },
  },
  lefthook: {
    missing: hookManagers === null,
    folders: [bin],
    // What lefthook does by itself heeds no exit code.
    withLfs: ({ write }) =>
      write(
        'lefthook.yml',
        'skip_lfs: true\npre-push:\n  commands:\n    lfs:\n      run: git lfs pre-push {0}\n      use_stdin: true\n',
      ),
    start({ must, top, write }) {
      if (!existsSync(join(top, 'lefthook.yml'))) write('lefthook.yml', 'colors: false\n')
      must('kmsfile', 'git', 'install')
      must('lefthook', 'install')
    },
  },
  'the pre-commit framework that comes after us': {
    missing: python === null,
    folders: [dirname(python ?? '')],
    withLfs: ({ write, must }) => {
      write('.git/hooks/pre-push', lfsHook)
      must('chmod', '+x', '.git/hooks/pre-push')
    },
    start({ must, write }) {
      write('.pre-commit-config.yaml', 'repos: []\n')
      must('kmsfile', 'git', 'install')
      must(python ?? '', '-m', 'pre_commit', 'install', '-t', 'pre-push')
    },
  },
  'the pre-commit framework that calls us': {
    missing: python === null,
    folders: [dirname(python ?? '')],
    start({ must, write }) {
      write('.pre-commit-config.yaml', `repos:\n  - repo: local\n    hooks:\n${local('pre-push')}`)
      must(python ?? '', '-m', 'pre_commit', 'install', '-t', 'pre-push')
    },
  },
}

/** A repository with a remote that has its first commit. */
function prepared({ folders }: Keeper): HookedRepository {
  const repository = hookedRepository(...folders)
  const { must } = repository
  must('git', 'remote', 'add', 'origin', '../other.git')
  repository.protect(FILE, 'password: one\n')
  return repository
}

const commit = ({ must }: HookedRepository, message: string) => {
  must('git', 'add', '--all')
  must('git', '-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--allow-empty', `--message=${message}`)
  return must('git', 'rev-parse', 'HEAD').trim()
}

describe.each(Object.entries(KEEPERS).map(([name, keeper]) => ({ name, keeper })))('with $name', ({ keeper }) => {
  test.skipIf(keeper.missing)('a push is judged as it is everywhere', () => {
    const repository = prepared(keeper)
    const { must, run, write } = repository
    keeper.start(repository)
    commit(repository, 'first')
    const push = (...refs: string[]) => {
      const { code, stdout, stderr } = run('git', ['push', 'origin', ...refs])
      return { code, said: stdout + stderr }
    }
    // A first push, one with nothing new, one of a tag.
    expect(push('HEAD:refs/heads/main')).toMatchObject({ code: 0 })
    expect(push('HEAD:refs/heads/main')).toMatchObject({ code: 0 })
    must('git', 'tag', '-a', '-m', 'x', 'v1')
    expect(push('v1')).toMatchObject({ code: 0 })

    write('secrets/leak.yaml', 'password: hunter2\n')
    const bad = commit(repository, 'on the way')
    must('kmsfile', 'encrypt', '-i', 'secrets/leak.yaml')
    commit(repository, 'put right')
    for (const refs of [['HEAD:refs/heads/main'], ['HEAD:refs/heads/new'], ['--force', 'HEAD:refs/heads/main']]) {
      const { code, said } = push(...refs)
      expect([refs, code, said.includes(`${bad.slice(0, 10)} secrets/leak.yaml:1`)]).toEqual([refs, 1, true])
      expect(said).not.toContain('hunter2')
    }
    expect(must('git', 'ls-remote', 'origin', 'refs/heads/new')).toBe('')
    expect(push(`${bad}~1:refs/heads/good`)).toMatchObject({ code: 0 })
    expect(push(':refs/heads/good')).toMatchObject({ code: 0 })
    must('git', 'reset', '--quiet', '--hard', `${bad}~1`)
    write('other.txt', 'x\n')
    commit(repository, 'harmless')
    expect(push('HEAD:refs/heads/main')).toMatchObject({ code: 0 })
  })

  test.skipIf(keeper.missing || keeper.withLfs === undefined)(
    'git-lfs gets what git says of a push, its exit code counts, and it does not run where we refuse',
    () => {
      const repository = prepared(keeper)
      const { home, must, run, write } = repository
      const [log, answer] = [join(home, 'lfs.log'), join(home, 'lfs.answer')]
      const program = `#!/bin/sh\n[ "$1" = pre-push ] || exit 0\n{ printf '%s|' "$@"; cat; } >> '${log}'\nexit "$(cat '${answer}')"\n`
      writeFileSync(join(home, 'bin/git-lfs'), program, { mode: 0o755 })
      writeFileSync(answer, '0')
      keeper.withLfs?.(repository)
      keeper.start(repository)
      const head = commit(repository, 'first')
      const heard = () => {
        const text = existsSync(log) ? readFileSync(log, 'utf8') : ''
        writeFileSync(log, '')
        return text
      }
      must('git', 'push', '--quiet', 'origin', 'HEAD:refs/heads/a', 'HEAD:refs/heads/b')
      const line = (ref: string) => `HEAD ${head} refs/heads/${ref} ${NOBODY}\n`
      expect(heard()).toBe(`pre-push|origin|../other.git|${line('a')}${line('b')}`)

      writeFileSync(answer, '2')
      expect(run('git', ['push', '--quiet', 'origin', 'HEAD:refs/heads/c']).code).toBe(1)
      expect(heard()).not.toBe('')
      expect(must('git', 'ls-remote', 'origin', 'refs/heads/c')).toBe('')

      writeFileSync(answer, '0')
      write('secrets/leak.yaml', 'password: hunter2\n')
      commit(repository, 'leak')
      expect(run('git', ['push', '--quiet', 'origin', 'HEAD:refs/heads/c']).code).toBe(1)
      expect(must('git', 'ls-remote', 'origin', 'refs/heads/c')).toBe('')
    },
  )
})
