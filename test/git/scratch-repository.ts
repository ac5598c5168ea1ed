import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratch } from '../host/scratch.ts'
import { protect, recipient } from '../operations/secrets.ts'

/** The command line as git starts it: the built one. */
export const BIN =
  process.env['KMSFILE_TEST_BIN'] ?? fileURLToPath(new URL('../../dist/bin/kmsfile.cjs', import.meta.url))

if (!existsSync(BIN)) throw new Error('these tests need the built command line: npm run build')

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly input?: string | Uint8Array
}

export interface ScratchRepository {
  readonly top: string
  /** The environment that git and kmsfile run in, without anything of this machine. */
  readonly env: Readonly<Record<string, string>>
  /** What git printed; throws where it fails. */
  git(...args: string[]): string
  /** Runs git, whatever comes of it. */
  tryGit(args: readonly string[], options?: RunOptions): Ran
  kmsfile(args: readonly string[], options?: RunOptions): Ran
  write(path: string, content: string | Uint8Array): void
  read(path: string): string
  remove(path: string): void
  /** Writes, stages and commits past every hook; the id of the commit. */
  commit(files: Readonly<Record<string, string | Uint8Array>>, message?: string): string
  /** Has git call kmsfile in these hooks. */
  hooks(...events: string[]): void
  noHooks(): void
}

/** What git needs to be the same on every machine. */
export function isolated(home: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_RUNTIME_DIR: home,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@example.com',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@example.com',
    GIT_EDITOR: 'true',
  }
}

/** A rule for `secrets/`, as most tests want it. */
export const RULES = `version: 1\nrules:\n  - files: ["secrets/**"]\n    keys: [{ age: ${recipient} }]\n`

/** Every hook in which something can be refused before it is committed. */
export const COMMIT_HOOKS = ['pre-commit', 'prepare-commit-msg', 'pre-merge-commit', 'pre-applypatch'] as const

/** A new repository with a work tree, gone after the test; with {@link RULES} committed unless other ones are given. */
export function scratchRepository({ rules = RULES }: { rules?: string | undefined } = {}): ScratchRepository {
  const home = scratch()
  const top = join(home, 'repository')
  mkdirSync(top)
  const repository = repositoryIn(top, isolated(home))
  repository.git('init', '--quiet', '--initial-branch=main')
  if (rules !== '') repository.commit({ '.kmsfile.yaml': rules }, 'rules')
  return repository
}

/** An existing folder as a repository. */
export function repositoryIn(top: string, env: Readonly<Record<string, string>>): ScratchRepository {
  const run = (command: string, args: readonly string[], options: RunOptions = {}): Ran => {
    const { stdout, stderr, status } = spawnSync(command, args, {
      cwd: options.cwd === undefined ? top : join(top, options.cwd),
      env: { ...env, ...options.env },
      encoding: 'utf8',
      input: options.input ?? '',
      maxBuffer: 1024 ** 3,
    })
    return { code: status ?? 128, stdout, stderr }
  }
  const self: ScratchRepository = {
    top,
    env,
    git(...args) {
      const { code, stdout, stderr } = run('git', args)
      if (code !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
      return stdout
    },
    tryGit: (args, options) => run('git', args, options),
    kmsfile: (args, options) => run(process.execPath, [BIN, ...args], options),
    write(path, content) {
      mkdirSync(dirname(join(top, path)), { recursive: true })
      writeFileSync(join(top, path), content)
    },
    read: (path) => readFileSync(join(top, path), 'utf8'),
    remove: (path) => rmSync(join(top, path), { recursive: true, force: true }),
    commit(files, message = 'x') {
      for (const [path, content] of Object.entries(files)) self.write(path, content)
      self.git('add', '--force', '--all')
      self.git('-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--allow-empty', `--message=${message}`)
      return self.git('rev-parse', 'HEAD').trim()
    },
    hooks(...events) {
      const folder = run('git', ['rev-parse', '--path-format=absolute', '--git-path', 'hooks']).stdout.trim()
      mkdirSync(folder, { recursive: true })
      for (const event of events) {
        const file = join(folder, event)
        writeFileSync(file, `#!/bin/sh\nexec ${process.execPath} '${BIN}' git hook ${event} "$@"\n`)
        chmodSync(file, 0o755)
      }
    },
    noHooks() {
      rmSync(join(top, '.git/hooks'), { recursive: true, force: true })
    },
  }
  return self
}

/** Encrypts a text that nobody here has a key for. */
export async function encrypted(text: string, options: Parameters<typeof protect>[1] = {}): Promise<string> {
  return (await protect(text, options)).text
}

/** What `kmsfile git check` finds, each finding as `SEVERITY VERDICT PATH:LINE KEYS`. */
export function check(
  repository: ScratchRepository,
  args: readonly string[] = ['--staged'],
  options: RunOptions = {},
): readonly string[] {
  const { stdout, stderr, code } = repository.kmsfile(['git', 'check', '--json', ...args], options)
  if (stdout === '') throw new Error(stderr)
  const { findings, refused } = JSON.parse(stdout) as { findings: readonly Found[]; refused: boolean }
  if (code !== (refused ? 1 : 0)) throw new Error(`exit code ${code}`)
  return findings.map(({ severity, verdict, path, line, place }) =>
    [severity, verdict, line === undefined ? path : `${path}:${line}`, ...(place === undefined ? [] : [place])].join(
      ' ',
    ),
  )
}

interface Found {
  readonly severity: string
  readonly verdict: string
  readonly path: string
  readonly line?: number
  readonly place?: string
}

/** Writes and stages files. */
export function stage(repository: ScratchRepository, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, content] of Object.entries(files)) repository.write(path, content)
  repository.git('--literal-pathspecs', 'add', '--force', '--', ...Object.keys(files))
}
