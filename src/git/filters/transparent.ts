import { basename } from 'node:path'
import { KmsfileError } from '../../errors.ts'
import { readFile } from '../../host/files.ts'
import { mentionsEncryption } from '../../operations/inspect.ts'
import type { Workspace } from '../../operations/workspace.ts'
import { findRepository, type Repository } from '../../vcs/repository.ts'
import { applyChanges } from '../check/file-changes.ts'
import { samplePaths } from '../check/sample-path.ts'
import { isPattern } from './transparent-chosen.ts'
import { type Concealing, planConceal, planReveal, type Rewriting } from './transparent-files.ts'
import { matchPatterns, placeOf, transparentAmong } from './transparent-paths.ts'

/**
 * Refuses patterns for which files cannot lie in the work tree as plaintext.
 *
 * @throws KmsfileError `USAGE` where a pattern is none of gitattributes(5), takes nothing that the rules manage, or where lint-staged
 * is set up, which applies diffs of what it finds; `CONFIG_INVALID`
 */
export async function requireTransparent(
  workspace: Workspace,
  repository: Repository,
  patterns: readonly string[],
): Promise<void> {
  const odd = patterns.find((pattern) => !isPattern(pattern))
  if (odd !== undefined) throw unusable(odd, 'is no pattern of .gitattributes')
  const files = await repository.listFiles({ untracked: true })
  await refuseLintStaged(repository, files)
  const managed: string[] = []
  for (const path of files) if (await workspace.config.manages(placeOf(repository, path))) managed.push(path)
  const paths = [...managed, ...(await samplePaths(repository))]
  const taken = await matchPatterns(workspace.host, repository, { patterns, paths })
  const idle = patterns.find((_, i) => taken[i]?.size === 0)
  if (idle !== undefined) throw unusable(idle, 'takes nothing that the rules manage')
}

/**
 * Works out what becomes of the files of all work trees when their patterns change: those that none of the patterns takes any more
 * are to be ciphertext again.
 *
 * @throws KmsfileError `FILE_CHANGED` where some were edited: what they hold is nowhere else
 */
export async function planLeaving(
  workspace: Workspace,
  repository: Repository,
  patterns: readonly string[],
): Promise<readonly Concealing[]> {
  const plans: Concealing[] = []
  for (const tree of await workTrees(workspace, repository)) {
    const now = await transparentAmong(tree, await tree.listFiles({ untracked: true }))
    const kept = new Set(
      (await matchPatterns(workspace.host, tree, { patterns, paths: now })).flatMap((set) => [...set]),
    )
    const tracked = new Set(await tree.listFiles())
    const leaving = now.filter((path) => !kept.has(path))
    const plan = await planConceal(
      workspace,
      tree,
      leaving.filter((path) => tracked.has(path)),
    )
    const untracked = leaving.filter((path) => !tracked.has(path)).map((path) => placeOf(tree, path))
    plans.push({ ...plan, untracked: await onlyPlaintext(untracked) })
  }
  const [first, ...others] = plans.flatMap(({ left }) => left)
  if (first === undefined) return plans
  const more = others.length === 0 ? '' : `; also ${others.map(({ path }) => path).join(', ')}`
  throw new KmsfileError(`it lies there as plaintext that git does not have: ${first.reason}${more}`, {
    code: 'FILE_CHANGED',
    file: first.path,
    hint: 'git add it, or take back the edit with git restore, then try again',
  })
}

/** Works out which files of all work trees can be plaintext now that git is told so. @throws KmsfileError `GIT_FAILED` */
export async function planEntering(workspace: Workspace, repository: Repository): Promise<readonly Rewriting[]> {
  const plans: Rewriting[] = []
  for (const tree of await workTrees(workspace, repository)) {
    plans.push(await planReveal(workspace, tree, await transparentAmong(tree, await tree.listFiles())))
  }
  return plans
}

/**
 * Writes files of work trees, each at once, with the permissions that it has.
 *
 * @throws KmsfileError `FILE_CHANGED` where one is no longer what it was; `FILE_UNWRITABLE`
 */
export async function rewriteFiles(plans: readonly Rewriting[]): Promise<void> {
  for (const { repository, changes } of plans) {
    if (changes.length === 0) continue
    await applyChanges(changes)
    await forgetSizes(
      repository,
      changes.map(({ path }) => path),
    )
  }
}

/**
 * Git takes a file whose size is not the one that it noted for modified, and does not look what is in it. So it is told to note
 * nothing of it, and then to compare; what it has of the file stays.
 */
async function forgetSizes(repository: Repository, files: readonly string[]): Promise<void> {
  const written = new Set(files)
  // -z: names as they are. What it prints is what --index-info takes: mode, object, stage, path.
  const { stdout } = await repository.git(['ls-files', '--stage', '-z'])
  const entries = Buffer.from(stdout)
    .toString('utf8')
    .split('\0')
    .filter((entry) => written.has(placeOf(repository, entry.slice(entry.indexOf('\t') + 1))))
  const input = entries.map((entry) => `${entry}\0`).join('')
  await repository.git(['update-index', '-z', '--index-info'], { input })
  // 1: others differ. 128: it could not look at one; it tries again whenever it needs to know.
  await repository.git(['update-index', '-q', '--refresh'], { exitCodes: [0, 1, 128] })
}

/** Configuration and attributes are those of all work trees. */
async function workTrees({ host }: Workspace, repository: Repository): Promise<readonly Repository[]> {
  const { stdout } = await repository.git(['worktree', 'list', '--porcelain'])
  const paths = Buffer.from(stdout)
    .toString('utf8')
    .split('\n')
    .flatMap((line) => /^worktree (.+)$/.exec(line)?.[1] ?? [])
    .filter((path) => path !== repository.topLevel)
  const env = Object.fromEntries(Object.entries(host.env).filter(([name]) => !/^GIT_(?!CONFIG)/.test(name)))
  const others = await Promise.all(paths.map((path) => findRepository({ cwd: path, env, signal: host.signal }, path)))
  // One whose folder is gone lies in no repository, or in another.
  return [
    repository,
    ...others.filter((each) => each?.commonDir === repository.commonDir && !each.bare),
  ] as Repository[]
}

async function onlyPlaintext(files: readonly string[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const path of files) {
    const content = await readFile(path).catch(() => undefined)
    if (content !== undefined && content.length > 0 && !mentionsEncryption(content)) found.push(path)
  }
  return found
}

/** @throws KmsfileError `USAGE` */
async function refuseLintStaged(repository: Repository, files: readonly string[]): Promise<void> {
  const path = await setUpLintStaged(repository, files)
  if (path === undefined) return
  throw new KmsfileError('lint-staged is set up here, and applies diffs of what lies in the work tree', {
    code: 'USAGE',
    file: path,
    hint: 'leave secrets encrypted in the work tree, and change them with kmsfile edit',
  })
}

/** The one of some files that sets up lint-staged; undefined where none does. */
export async function setUpLintStaged(repository: Repository, files: readonly string[]): Promise<string | undefined> {
  for (const path of files) {
    const name = basename(path)
    if (/^(?:\.lintstagedrc(?:\..+)?|lint-staged\.config\.[cm]?[jt]s)$/.test(name)) return path
    if (name === 'package.json' && (await namesLintStaged(placeOf(repository, path)))) return path
  }
  return undefined
}

async function namesLintStaged(path: string): Promise<boolean> {
  try {
    const value: unknown = JSON.parse(Buffer.from(await readFile(path, { maxBytes: 1024 * 1024 })).toString('utf8'))
    return typeof value === 'object' && value !== null && Object.hasOwn(value, 'lint-staged')
  } catch (error) {
    if (error instanceof KmsfileError || error instanceof SyntaxError) return false
    throw error
  }
}

function unusable(pattern: string, why: string): KmsfileError {
  return new KmsfileError(`--transparent ${pattern}: it ${why}`, {
    code: 'USAGE',
    hint: 'give a pattern as in .gitattributes, from the top of the repository: secrets/dev/**',
  })
}
