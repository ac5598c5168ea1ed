import type { ThreeWay } from '../../core/merge-sequences.ts'
import { KmsfileError } from '../../errors.ts'
import { decodeText } from '../../host/utf8.ts'
import type { Repository } from '../../vcs/repository.ts'

/** The three versions of a file whose merge is not resolved, from where nobody can have changed them by hand. */
export interface FoundVersions {
  readonly texts: ThreeWay<string>
  readonly labels: ThreeWay<string>
  /** The commit of our side, whose rules count. */
  readonly commit: string
}

type Stages = Partial<Record<'base' | 'ours' | 'theirs' | 'commit', string>>

const STAGES = { '1': 'base', '2': 'ours', '3': 'theirs' } as const

/**
 * The versions that the index has of a path while it is unmerged: what git merged, or could not.
 *
 * @throws KmsfileError `GIT_FAILED`; `FILE_NOT_FOUND` where one side removed the file
 */
export async function unmergedVersions(repository: Repository, path: string): Promise<FoundVersions | undefined> {
  return versionsOf(repository, path, (await listStages(repository, ['--unmerged'], [path])).get(path))
}

/**
 * The versions of a path that somebody staged although its merge was not resolved: what the index remembers of it, else what the
 * commits have from which it was merged.
 *
 * @throws KmsfileError as {@link unmergedVersions}
 */
export async function stagedVersions(repository: Repository, path: string): Promise<FoundVersions | undefined> {
  const remembered = (await listStages(repository, ['--resolve-undo'], [path])).get(path)
  return versionsOf(repository, path, remembered ?? (await committedStages(repository, path)))
}

/** Paths that are unmerged. @throws KmsfileError `GIT_FAILED` */
export async function unmergedPaths(repository: Repository): Promise<readonly string[]> {
  return [...(await listStages(repository, ['--unmerged'], [])).keys()]
}

/** Ids of blobs, by path. */
async function listStages(
  repository: Repository,
  which: readonly string[],
  paths: readonly string[],
): Promise<ReadonlyMap<string, Stages>> {
  // -z: names as they are.
  const args = ['--literal-pathspecs', 'ls-files', ...which, '-z', '--', ...paths]
  const found = new Map<string, Stages>()
  for (const entry of Buffer.from((await repository.git(args)).stdout)
    .toString('utf8')
    .split('\0')) {
    const [, id, stage = '', path = ''] = /^\d+ ([0-9a-f]+) ([123])\t(.*)$/s.exec(entry) ?? []
    if (id === undefined) continue
    found.set(path, { ...found.get(path), [STAGES[stage as keyof typeof STAGES]]: id })
  }
  return found
}

async function versionsOf(
  repository: Repository,
  path: string,
  stages: Stages | undefined,
): Promise<FoundVersions | undefined> {
  if (stages === undefined) return undefined
  const { base, ours, theirs, commit = 'HEAD' } = stages
  if (ours === undefined || theirs === undefined) {
    throw new KmsfileError(`the file is not there on ${ours === undefined ? 'our' : 'their'} side`, {
      code: 'FILE_NOT_FOUND',
      file: path,
      hint: 'keep it: git add FILE, or let it go: git rm FILE',
    })
  }
  const texts: string[] = []
  for await (const object of repository.catFiles([ours, theirs, ...(base === undefined ? [] : [base])])) {
    if (object?.type !== 'blob' || object.content === undefined) throw unreadable(path)
    texts.push(decodeText(object.content, path))
  }
  const [own = '', other = '', before = ''] = texts
  return {
    texts: { base: before, ours: own, theirs: other },
    labels: { base: 'base', ours: 'ours', theirs: 'theirs' },
    commit,
  }
}

interface Commit {
  readonly id: string
  readonly parents: readonly string[]
}

/** From the commits that are being merged or picked; else from those that the last commit merged. */
async function committedStages(repository: Repository, path: string): Promise<Stages | undefined> {
  if (path.includes('\n')) return undefined
  const [head, merging, picking, rebasing, reverting] = await readCommits(repository, [
    'HEAD',
    'MERGE_HEAD',
    'CHERRY_PICK_HEAD',
    'REBASE_HEAD',
    'REVERT_HEAD',
  ])
  if (head === undefined) return undefined
  const picked = picking ?? rebasing
  if (merging !== undefined) return mergedStages(repository, path, [head.id, merging.id])
  if (picked !== undefined)
    return blobIds(repository, path, { base: picked.parents[0], ours: head.id, theirs: picked.id })
  if (reverting !== undefined) {
    return blobIds(repository, path, { base: reverting.id, ours: head.id, theirs: reverting.parents[0] })
  }
  const [first, second, ...others] = await parentsOfLastChange(repository, path)
  if (first === undefined || second === undefined || others.length > 0) return undefined
  return mergedStages(repository, path, [first, second])
}

/** Parents of the last commit in which the path became what it is: a merge, if it was committed unresolved. */
async function parentsOfLastChange(repository: Repository, path: string): Promise<readonly string[]> {
  const args = ['--literal-pathspecs', 'rev-list', '--max-count=1', 'HEAD', '--', path]
  const id = Buffer.from((await repository.git(args)).stdout)
    .toString('latin1')
    .trim()
  const [commit] = id === '' ? [] : await readCommits(repository, [id])
  return commit?.parents ?? []
}

async function mergedStages(
  repository: Repository,
  path: string,
  [ours, theirs]: readonly [string, string],
): Promise<Stages | undefined> {
  // 1: they have nothing in common.
  const args = ['merge-base', '--all', ours, theirs]
  const { stdout } = await repository.git(args, { exitCodes: [0, 1] })
  const bases = Buffer.from(stdout).toString('latin1').split('\n').filter(Boolean)
  // Of several nobody knows which one was meant: then all that differs is a conflict.
  return blobIds(repository, path, { base: bases.length === 1 ? bases[0] : undefined, ours, theirs })
}

async function readCommits(repository: Repository, names: readonly string[]): Promise<readonly (Commit | undefined)[]> {
  const commits: (Commit | undefined)[] = []
  for await (const object of repository.catFiles(names)) {
    const text = object?.type === 'commit' ? Buffer.from(object.content ?? []).toString('latin1') : undefined
    const [header = ''] = text?.split('\n\n', 1) ?? []
    const parents = Array.from(header.matchAll(/^parent ([0-9a-f]+)$/gm), ([, id = '']) => id)
    commits.push(object === undefined || text === undefined ? undefined : { id: object.id, parents })
  }
  return commits
}

async function blobIds(
  repository: Repository,
  path: string,
  commits: { readonly base: string | undefined; readonly ours: string; readonly theirs: string | undefined },
): Promise<Stages | undefined> {
  const sides = (['base', 'ours', 'theirs'] as const).filter((side) => commits[side] !== undefined)
  const stages: Stages = { commit: commits.ours }
  let at = 0
  for await (const object of repository.catFiles(sides.map((side) => `${commits[side]}:${path}`))) {
    const side = sides[at++]
    if (object?.type === 'blob' && side !== undefined) stages[side] = object.id
  }
  return stages
}

function unreadable(path: string): KmsfileError {
  return new KmsfileError('git does not have the versions of the file here', { code: 'GIT_FAILED', file: path })
}
