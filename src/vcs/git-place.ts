import { lstat, readFile, realpath, stat } from 'node:fs/promises'
import { basename, delimiter, dirname, join, resolve } from 'node:path'

/** Where a repository lies. All paths are absolute, without symbolic links. */
export interface GitPlace {
  /** The top of the work tree; of a bare repository, the repository itself. */
  readonly topLevel: string
  /** What `.git` means here: HEAD and the index of this work tree. */
  readonly gitDir: string
  /** Objects, configuration and hooks, shared by all work trees. */
  readonly commonDir: string
  readonly bare: boolean
}

type Env = Readonly<Record<string, string | undefined>>

/**
 * Finds the repository that `path` (absolute, need not exist) lies in, without running git: the nearest `.git` above it, or
 * what GIT_DIR says of its work tree. A folder that merely looks like a bare repository is none: anyone can put one into a
 * repository, with a configuration that starts programs.
 */
export async function findGitPlace(path: string, env: Env, cwd: string): Promise<GitPlace | undefined> {
  const named = env['GIT_DIR'] ? await namedPlace(env['GIT_DIR'], env, cwd) : undefined
  return search(path, env, named)
}

/** The repository that git made its own before it started us, as it does for hooks. */
async function namedPlace(gitDir: string, env: Env, cwd: string): Promise<GitPlace | undefined> {
  const named = await gitDirOf(resolve(cwd, gitDir))
  if (named === undefined) return undefined
  if (env['GIT_WORK_TREE'] === undefined) {
    // Git would take the working directory for the top; but the hook may have gone elsewhere.
    const around = await search(cwd, env)
    if (around?.gitDir === named.gitDir) return around
  }
  const top = await realpath(resolve(cwd, env['GIT_WORK_TREE'] ?? '')).catch(() => cwd)
  // Git starts the hooks of a bare repository inside it.
  return { topLevel: top, bare: env['GIT_WORK_TREE'] === undefined && top === named.gitDir, ...named }
}

async function search(path: string, env: Env, named?: GitPlace): Promise<GitPlace | undefined> {
  const ceilings = (env['GIT_CEILING_DIRECTORIES'] ?? '').split(delimiter)
  for (let at = await nearestFolder(path); ; at = dirname(at)) {
    if (at === named?.topLevel) return named
    const found = await gitDirOf(join(at, '.git'))
    if (found !== undefined) return { topLevel: at, bare: false, ...found }
    if (dirname(at) === at || ceilings.includes(dirname(at))) return undefined
  }
}

/** Undefined where `path` is neither a git directory nor a file that names one. */
async function gitDirOf(path: string): Promise<Pick<GitPlace, 'gitDir' | 'commonDir'> | undefined> {
  try {
    const gitDir = await realpath((await stat(path)).isDirectory() ? path : await namedIn(path, 'gitdir: '))
    const shared = await namedIn(join(gitDir, 'commondir'), '').catch(() => gitDir)
    const commonDir = await realpath(shared)
    // HEAD may be a symbolic link to a branch that does not exist yet.
    await lstat(join(gitDir, 'HEAD'))
    return (await stat(join(commonDir, 'objects'))).isDirectory() ? { gitDir, commonDir } : undefined
  } catch {
    return undefined
  }
}

/** The path that a file of one line names, relative to that file. */
async function namedIn(file: string, prefix: string): Promise<string> {
  const line = await readFile(file, 'utf8')
  if (!line.startsWith(prefix)) throw new Error('not a file that names a git directory')
  return resolve(dirname(file), line.slice(prefix.length).replace(/[\r\n]+$/, ''))
}

/**
 * The path with the links of its folders followed, the last name as it is: git tracks a link where it lies, not where it leads.
 */
export async function realLocation(path: string): Promise<string> {
  const folder = dirname(path)
  if (folder === path) return path
  const real = await realpath(folder).catch(() => realLocation(folder))
  return join(real, basename(path))
}

async function nearestFolder(path: string): Promise<string> {
  let at = await realLocation(path)
  while (!(await lstat(at).catch(() => undefined))?.isDirectory()) at = dirname(at)
  return at
}
