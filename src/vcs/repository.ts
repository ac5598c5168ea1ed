import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { KmsfileError } from '../errors.ts'
import { run } from '../host/child-process.ts'
import type { Host } from '../host/host.ts'
import { interrupted } from '../host/interrupt.ts'
import { gitEnvironment } from './git-environment.ts'
import { findGitPlace, type GitPlace, realLocation } from './git-place.ts'
import { type GitObject, objectStream, readObjects } from './object-stream.ts'

export interface GitOptions {
  /** What git reads from its stdin. */
  readonly input?: Uint8Array | string | undefined
  /** Default: the top of the work tree. */
  readonly cwd?: string | undefined
  /** Besides, or instead of, what the repository needs. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Exit codes that are answers. Default: 0 alone. */
  readonly exitCodes?: readonly number[] | undefined
  /** {@link Repository.git} alone: what takes longer is `INTERRUPTED`. Default: it may take as long as it likes. */
  readonly timeoutMs?: number | undefined
}

export interface GitResult {
  readonly stdout: Uint8Array
  readonly exitCode: number
}

export interface ListOptions {
  /** Also files that git does not track and does not ignore. Default: false. */
  readonly untracked?: boolean | undefined
  /** Only what lies at or below these paths, which stand for themselves: no patterns. The top is the empty path. */
  readonly below?: readonly string[] | undefined
}

/** A git repository with a work tree. Paths are relative to its top, with `/`, unless something else is said. */
export interface Repository extends GitPlace {
  /** The path of a file (absolute, or relative to the working directory) as git knows it; undefined for one outside. */
  pathOf(file: string): Promise<string | undefined>
  /** The content of `path` in the last commit; undefined where it is no file there, or nothing is committed yet. */
  headVersion(path: string): Promise<Uint8Array | undefined>
  /** The files, each once, without submodules and symbolic links; a tracked one may be missing from the work tree. */
  listFiles(options?: ListOptions): Promise<readonly string[]>
  /** Absolute path of the index that git itself uses here: in a hook it may be that of one commit. */
  indexPath(): Promise<string>
  /** The value of a configuration variable; undefined where it is not set. */
  config(name: string): Promise<string | undefined>
  /**
   * Objects by name (an id, `HEAD:path`, `:path`), read by one process, in the order asked for; undefined for a name that means
   * nothing. Names have no line break. Content above `maxBytes` is left out.
   */
  catFiles(
    names: readonly string[],
    options?: { readonly maxBytes?: number | undefined },
  ): AsyncGenerator<GitObject | undefined>
  /**
   * As {@link catFiles}, for who knows the next names only when the first objects are read: one process for all of them.
   * Objects that a partial clone lacks are not fetched where git knows how not to.
   */
  objectReader(): Promise<ObjectReader>
  /**
   * Runs git.
   *
   * @throws KmsfileError `GIT_FAILED` with git's first words on stderr; `INTERRUPTED`
   */
  git(args: readonly string[], options?: GitOptions): Promise<GitResult>
  /** As {@link git}, what it prints as it comes: for what may be too much to be kept. */
  stream(args: readonly string[], options?: GitOptions): AsyncGenerator<Uint8Array>
}

/** Must be closed. */
export interface ObjectReader {
  /** As {@link Repository.catFiles}; has to be read to its end before the next call. */
  read(
    names: readonly string[],
    options?: { readonly maxBytes?: number | undefined },
  ): AsyncGenerator<GitObject | undefined>
  close(): void
}

type Where = Pick<Host, 'cwd' | 'env' | 'signal'>

export interface FindOptions {
  /**
   * Reads objects as they are stored and sent, whatever `git replace` shows in their place. Default: as git shows them.
   */
  readonly asStored?: boolean | undefined
}

/** No program that the configuration names for watching files is started because we list them. */
const ALWAYS = ['-c', 'core.fsmonitor=']
/** A folder inside the work tree that looks like a bare repository is not taken for one (git 2.38 and later). */
const NOT_BARE = ['-c', 'safe.bareRepository=explicit']

/**
 * The repository that a file or folder lies in, which need not exist; undefined where it lies in none. No process is started.
 * Every method of it throws KmsfileError `GIT_FAILED` where git cannot be run or refuses.
 */
export async function findRepository(
  host: Where,
  path: string,
  options: FindOptions = {},
): Promise<Repository | undefined> {
  const place = await findGitPlace(resolve(host.cwd, path), host.env, host.cwd)
  return place === undefined ? undefined : repositoryAt(host, place, options)
}

/**
 * Like {@link findRepository}, for commands that are nothing without one.
 *
 * @throws KmsfileError `GIT_NOT_A_REPOSITORY`
 */
export async function requireRepository(host: Where, path: string, options: FindOptions = {}): Promise<Repository> {
  const repository = await findRepository(host, path, options)
  if (repository !== undefined) return repository
  throw new KmsfileError('not in a git repository', {
    code: 'GIT_NOT_A_REPOSITORY',
    hint: 'make one with git init, or change to a folder of one',
    file: path,
  })
}

function repositoryAt(host: Where, place: GitPlace, { asStored = false }: FindOptions): Repository {
  let environment: Promise<Record<string, string>> | undefined
  const baseArgs = [...ALWAYS, ...(place.bare ? [] : NOT_BARE), ...(asStored ? ['--no-replace-objects'] : [])]

  const environmentOf = async () => {
    environment ??= gitEnvironment(place, host.env, host.cwd)
    return environment
  }
  const git: Repository['git'] = async (args, options = {}) => {
    const { input, cwd = place.topLevel, env, exitCodes = [0], timeoutMs } = options
    const call = { input, cwd, env: { ...(await environmentOf()), ...env }, signal: host.signal, timeoutMs }
    const result = await run('git', [...baseArgs, ...args], call).catch((error) => {
      throw error instanceof KmsfileError ? error : notStarted(error)
    })
    if (!exitCodes.includes(result.code)) throw gitFailed(args, result.stderr, result.code)
    return { stdout: result.stdout, exitCode: result.code }
  }
  const cat: Repository['catFiles'] = async function* (names, { maxBytes } = {}) {
    const call = { cwd: place.topLevel, env: await environmentOf(), signal: host.signal }
    yield* batch([...baseArgs, 'cat-file', '--batch', '--buffer'], { ...call, names, maxBytes })
  }
  const stream: Repository['stream'] = async function* (
    args,
    { input, cwd = place.topLevel, env, exitCodes = [0] } = {},
  ) {
    const call = { cwd, env: { ...(await environmentOf()), ...env }, signal: host.signal }
    const { child, ended, stderr } = startGit([...baseArgs, ...args], call)
    child.stdin.end(input)
    try {
      for await (const chunk of child.stdout) yield chunk as Uint8Array
      const exitCode = await ended
      if (!exitCodes.includes(exitCode)) throw gitFailed(args, stderr(), exitCode)
    } finally {
      child.kill()
    }
  }

  return {
    ...place,
    git,
    stream,
    catFiles: cat,
    objectReader: async () => {
      const env = { ...(await environmentOf()), GIT_NO_LAZY_FETCH: '1' }
      const call = { cwd: place.topLevel, env, signal: host.signal }
      return readerOf(startGit([...baseArgs, 'cat-file', '--batch'], call))
    },
    pathOf: async (file) => pathWithin(place.topLevel, await realLocation(resolve(host.cwd, file))),
    headVersion: async (path) => {
      for await (const object of cat([await headName(git, path)])) {
        return object?.type === 'blob' ? object.content : undefined
      }
      return undefined
    },
    listFiles: async ({ untracked = false, below = [] } = {}) => {
      const paths = below.includes('') ? [] : below
      const lists = [trackedFiles(git, paths), ...(untracked ? [untrackedFiles(git, paths)] : [])]
      return [...new Set((await Promise.all(lists)).flat())]
    },
    indexPath: async () => (await environmentOf())['GIT_INDEX_FILE'] ?? join(place.gitDir, 'index'),
    config: async (name) => {
      // --null: the value may have line breaks. 1: not set.
      const { stdout, exitCode } = await git(['config', '--null', '--get', name], { exitCodes: [0, 1] })
      return exitCode === 0 ? textsOf(stdout)[0] : undefined
    },
  }
}

interface BatchCall {
  readonly names: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly maxBytes: number | undefined
}

/** --buffer: git may keep what it prints until there is a lot of it, since we write all names before we read. */
async function* batch(args: readonly string[], call: BatchCall): AsyncGenerator<GitObject | undefined> {
  const { names, maxBytes } = call
  const { child, ended, stderr } = startGit(args, call)
  child.stdin.end(linesOf(names))
  let found = 0
  try {
    for await (const object of readObjects(child.stdout, { maxBytes })) {
      found++
      yield object
    }
  } catch (error) {
    if (child.exitCode === 0) throw error
  } finally {
    // A reader that has seen enough.
    if (found < names.length) child.kill()
  }
  const exitCode = await ended
  if (exitCode !== 0 || found < names.length) throw gitFailed(['cat-file'], stderr(), exitCode)
}

function readerOf({ child, ended, stderr }: RunningGit): ObjectReader {
  const answers = objectStream(child.stdout)
  return {
    async *read(names, { maxBytes = Number.POSITIVE_INFINITY } = {}) {
      child.stdin.write(linesOf(names))
      for (let i = 0; i < names.length; i++) {
        const next = await answers.next(maxBytes).catch(() => undefined)
        if (next === undefined) throw gitFailed(['cat-file'], stderr(), await ended)
        yield next.object
      }
    },
    close: () => void child.kill(),
  }
}

interface RunningGit {
  readonly child: ChildProcessWithoutNullStreams
  /** The exit code. */
  readonly ended: Promise<number>
  stderr(): string
}

function startGit(
  args: readonly string[],
  { cwd, env, signal }: Pick<BatchCall, 'cwd' | 'env' | 'signal'>,
): RunningGit {
  const child = spawn('git', args, { cwd, env, signal, windowsHide: true })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  // Git may end early; then its exit code counts, not our broken pipe.
  child.stdin.on('error', () => {})
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(signal.aborted ? interrupted() : notStarted(error)))
    // Ctrl-C goes to git as well, which may be gone before we hear of it.
    child.once('close', (code, by) => (by === 'SIGINT' ? reject(interrupted()) : resolve(code ?? 128)))
  })
  // Whether anyone still waits for it depends on the reader.
  ended.catch(() => {})
  return { child, ended, stderr: () => stderr }
}

/** @throws RangeError for names that the protocol of cat-file cannot tell apart */
function linesOf(names: readonly string[]): string {
  if (names.some((name) => name.includes('\n'))) throw new RangeError('the name of an object has a line break')
  return names.map((name) => `${name}\n`).join('')
}

/** The protocol of cat-file has one name a line: a path with a line break in it is looked up first. */
async function headName(git: Repository['git'], path: string): Promise<string> {
  if (!path.includes('\n')) return `HEAD:${path}`
  // --verify --quiet: one object, or 1 without a word.
  const { stdout } = await git(['rev-parse', '--verify', '--quiet', `HEAD:${path}`], { exitCodes: [0, 1] })
  return Buffer.from(stdout).toString('latin1').trim()
}

async function trackedFiles(git: Repository['git'], below: readonly string[]): Promise<readonly string[]> {
  // --stage: with the mode, since links (120000) and submodules (160000) are no files. -z: names as they are.
  const { stdout } = await git(['--literal-pathspecs', 'ls-files', '--stage', '-z', '--', ...below])
  return textsOf(stdout)
    .filter((entry) => entry.startsWith('100'))
    .map((entry) => entry.slice(entry.indexOf('\t') + 1))
}

async function untrackedFiles(git: Repository['git'], below: readonly string[]): Promise<readonly string[]> {
  // --exclude-standard: without what git ignores. A repository within this one ends in a slash.
  const args = ['--literal-pathspecs', 'ls-files', '--others', '--exclude-standard', '-z', '--', ...below]
  return textsOf((await git(args)).stdout).filter((path) => !path.endsWith('/'))
}

/** Texts that end with a zero byte each. */
function textsOf(bytes: Uint8Array): readonly string[] {
  return Buffer.from(bytes).toString('utf8').split('\0').slice(0, -1)
}

function pathWithin(top: string, file: string): string | undefined {
  const path = relative(top, file)
  return path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path) ? undefined : path.split(sep).join('/')
}

/** What git says to people may name files and refs, never content. */
function gitFailed(args: readonly string[], stderr: string, exitCode: number): KmsfileError {
  const command = args.find((arg) => !arg.startsWith('-'))
  // Warnings may come before what it is about.
  const [, said] = /^(?:fatal|error): (.+)$/m.exec(stderr) ?? /^(.+)$/m.exec(stderr) ?? []
  const reason = said?.replace(/[\u0000-\u001f\u007f]/g, ' ').slice(0, 300) ?? `exit code ${exitCode}`
  return new KmsfileError(`git ${command}: ${reason}`, { code: 'GIT_FAILED' })
}

function notStarted(cause: unknown): KmsfileError {
  return new KmsfileError('git cannot be started', {
    code: 'GIT_FAILED',
    hint: 'install git, and see that it is on the PATH',
    cause,
  })
}
