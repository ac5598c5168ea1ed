import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { KmsfileError } from '../../errors.ts'
import type { Repository } from '../../vcs/repository.ts'

export interface Commit {
  readonly id: string
  readonly tree: string
  readonly parents: readonly string[]
}

/** Commits that are looked at, and those around them that are not. */
export interface Commits {
  /** Parents before their children. */
  readonly commits: readonly Commit[]
  /** The trees of these, and of parents that are not among them. */
  readonly trees: ReadonlyMap<string, string>
}

/** Which commits: ids, with `^` before those that are left out with all that they come from; options of `git rev-list`. */
export interface Revisions {
  readonly ids: readonly string[]
  /** Such as `--not`, `--remotes=origin`: they do not concern the ids. */
  readonly options?: readonly string[] | undefined
}

/** Lists commits. @throws KmsfileError `GIT_FAILED` */
export async function listCommits(repository: Repository, { ids, options = [] }: Revisions): Promise<Commits> {
  // --boundary: also parents that are left out, marked with a dash. --stdin: there may be more than a command line takes.
  const args = ['rev-list', '--topo-order', '--reverse', '--boundary', '--format=tformat:%T %P', '--stdin', ...options]
  const { stdout } = await repository.git(args, { input: ids.map((id) => `${id}\n`).join('') })
  const lines = Buffer.from(stdout).toString('latin1').split('\n')
  const commits: Commit[] = []
  const trees = new Map<string, string>()
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [, mark, id = ''] = /^commit (-?)(\w+)$/.exec(lines[at] as string) ?? []
    const [tree = '', ...parents] = (lines[at + 1] as string).trimEnd().split(' ')
    trees.set(id, tree)
    if (mark === '') commits.push({ id, tree, parents })
  }
  return { commits, trees }
}

/**
 * The commit that somebody names.
 *
 * @throws KmsfileError `USAGE` where there is none
 */
export async function commitNamed(repository: Repository, name: string): Promise<string> {
  // What starts with a dash would be an option.
  if (name !== '' && !name.startsWith('-')) {
    const args = ['rev-parse', '--verify', '--quiet', `${name}^{commit}`]
    const { stdout, exitCode } = await repository.git(args, { exitCodes: [0, 1, 128] })
    if (exitCode === 0) return Buffer.from(stdout).toString('latin1').trim()
  }
  throw new KmsfileError(`there is no commit ${JSON.stringify(name)}`, {
    code: 'USAGE',
    hint: 'in CI, fetch the branch that is compared with as well',
  })
}

/** The best common ancestor; undefined where two commits have none. */
export async function mergeBase(repository: Repository, a: string, b: string): Promise<string | undefined> {
  const { stdout } = await repository.git(['merge-base', a, b], { exitCodes: [0, 1] })
  return Buffer.from(stdout).toString('latin1').trim() || undefined
}

/** The trees of commits, in their order, however many these are. @throws KmsfileError `GIT_FAILED` where one is missing */
export async function treesOf(repository: Repository, commits: readonly string[]): Promise<readonly string[]> {
  if (commits.length === 0) return []
  const input = commits.map((id) => `${id}^{tree}\n`).join('')
  const { stdout } = await repository.git(['cat-file', '--batch-check=%(objectname)'], { input })
  const trees = Buffer.from(stdout).toString('latin1').trimEnd().split('\n')
  if (trees.length === commits.length && trees.every((id) => /^[0-9a-f]+$/.test(id))) return trees
  throw new KmsfileError('git does not have a commit that is to be looked at', { code: 'GIT_FAILED' })
}

/** The id of the tree without files; git knows it wherever nobody made one. */
export function emptyTree(like: string): string {
  return like.length === 40
    ? '4b825dc642cb6eb9a060e54bf8d69288fbee4904'
    : '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321'
}

/**
 * Refuses a clone that does not have all commits: what it lacks would count as looked at.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export function refuseShallow({ commonDir }: Repository): void {
  if (!isShallow({ commonDir })) return
  throw new KmsfileError('this clone is shallow: commits that it lacks cannot be checked', {
    code: 'GIT_FAILED',
    hint: 'fetch all of them: git fetch --unshallow; in GitHub Actions: fetch-depth: 0',
  })
}

function isShallow({ commonDir }: Pick<Repository, 'commonDir'>): boolean {
  return existsSync(join(commonDir, 'shallow'))
}
