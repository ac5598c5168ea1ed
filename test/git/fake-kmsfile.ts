import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { type InstallOptions, type InstallPlan, install, planInstall } from '../../src/git/install/install.ts'
import { planUninstall, uninstall } from '../../src/git/install/uninstall.ts'
import type { Host } from '../../src/host/host.ts'
import { requireRepository } from '../../src/vcs/repository.ts'
import { hostIn, scratch } from '../host/scratch.ts'
import { GIT_ENV } from '../vcs/git-repository.ts'

/** One call of the program that stands in for kmsfile. */
export interface Call {
  /** Without `git hook`. */
  readonly args: readonly string[]
  readonly stdin: string
}

/** A repository in which git calls a program that stands in for kmsfile, and says what it is told to say. */
export interface HookedRepository {
  /** The top of the work tree. */
  readonly top: string
  readonly host: Host
  /** The folder that is first on the PATH. */
  readonly bin: string
  readonly env: NodeJS.ProcessEnv
  /** Runs git at the top, or elsewhere; fails as git does. */
  git(args: readonly string[], options?: { readonly cwd?: string }): string
  /** Runs git, whatever becomes of it. */
  tryGit(...args: string[]): { readonly code: number; readonly stderr: string }
  write(path: string, content: string, options?: { readonly mode?: number }): void
  read(path: string): string
  commit(message?: string): void
  /** What was called since the last time. */
  calls(): readonly Call[]
  /** From now on it ends with this exit code; where that is not 0, it names the files of the index. */
  answer(code: number): void
  install(options?: InstallOptions): Promise<InstallPlan>
  uninstall(options?: { readonly purge?: boolean }): ReturnType<typeof planUninstall>
  /** Every file below a folder: path to content and mode. */
  tree(folder: string): Readonly<Record<string, string>>
}

/** Makes one, gone after the test. What it is to be seen as by git has nothing of this machine. */
export function hookedRepository({ folder = scratch() }: { readonly folder?: string } = {}): HookedRepository {
  const [top, bin, log] = ['work tree', 'bin', 'log'].map((name) => join(folder, name)) as [string, string, string]
  for (const each of [top, bin, log]) mkdirSync(each)
  const env: NodeJS.ProcessEnv = {
    ...GIT_ENV,
    HOME: folder,
    PATH: [bin, process.env['PATH']].join(delimiter),
    XDG_CONFIG_HOME: join(folder, '.config'),
    XDG_CACHE_HOME: join(folder, '.cache'),
  }
  const script = `#!/bin/sh
n=$(ls '${log}' | wc -l)
for each do printf '%s\\n' "$each"; done > "${log}/$n.args"
case $3 in pre-push|reference-transaction|pre-receive) cat > "${log}/$n.stdin";; esac
code=$(cat '${folder}/answer' 2>/dev/null || echo 0)
[ "$code" = 0 ] || git ls-files -z | tr '\\0' '\\n' >&2
exit "$code"
`
  writeFileSync(join(bin, 'kmsfile'), script, { mode: 0o755 })
  const git: HookedRepository['git'] = (args, { cwd = top } = {}) =>
    execFileSync('git', args, { cwd, env, encoding: 'utf8', stdio: 'pipe' })
  git(['init', '--quiet', '--initial-branch=main'])
  let seen = 0
  const host = hostIn(top, { env, homeDir: folder })
  const self: HookedRepository = {
    top,
    host,
    bin,
    env,
    git,
    tryGit(...args) {
      const { status, stderr } = spawnSync('git', args, { cwd: top, env, encoding: 'utf8' })
      return { code: status ?? 128, stderr }
    },
    write(path, content, { mode } = {}) {
      const file = join(top, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
      if (mode !== undefined) chmodSync(file, mode)
    },
    read: (path) => readFileSync(join(top, path), 'utf8'),
    commit(message = 'x') {
      git(['add', '--all'])
      git(['commit', '--quiet', '--allow-empty', `--message=${message}`])
    },
    calls() {
      const names = readdirSync(log)
        .filter((name) => name.endsWith('.args'))
        .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
      const fresh = names.slice(seen)
      seen = names.length
      return fresh.map((name) => {
        const stdin = join(log, name.replace('.args', '.stdin'))
        return {
          args: readFileSync(join(log, name), 'utf8').split('\n').slice(2, -1),
          stdin: existsSync(stdin) ? readFileSync(stdin, 'utf8') : '',
        }
      })
    },
    answer: (code) => writeFileSync(join(folder, 'answer'), `${code}`),
    async install(options = {}) {
      const plan = await planInstall(host, await requireRepository(host, '.'), options)
      await install(plan)
      return plan
    },
    async uninstall(options = {}) {
      const repository = await requireRepository(host, '.')
      const plan = await planUninstall(repository, options)
      await uninstall(repository, plan)
      return plan
    },
    tree(start) {
      const found: Record<string, string> = {}
      for (const name of readdirSync(join(top, start), { recursive: true }).map(String)) {
        const path = join(top, start, name)
        const kind = statSync(path)
        found[name] = kind.isFile() ? `${(kind.mode & 0o777).toString(8)} ${readFileSync(path, 'latin1')}` : 'folder'
      }
      return found
    },
  }
  return self
}

/** What of a repository an installation may touch, but for objects and the index. */
export function installedState({ tree, top }: Pick<HookedRepository, 'tree' | 'top'>): unknown {
  const keep = (path: string) => !/^\.git\/(?:objects|logs|refs|index$|COMMIT_EDITMSG$)/.test(path)
  return Object.fromEntries(Object.entries({ top, ...tree('.') }).filter(([path]) => keep(path)))
}
