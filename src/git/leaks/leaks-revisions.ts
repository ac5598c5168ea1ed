import { KmsfileError } from '../../errors.ts'
import type { Repository } from '../../vcs/repository.ts'
import { isFile, isNothing, LINK, type ListedEntry, parseEntries } from '../check/check-listing.ts'
import { changesOf } from '../check/check-pairs.ts'
import { type Commits, commitNamed, listCommits, refuseShallow } from '../check/check-revisions.ts'

/** What of the history is looked through. */
export interface Revision {
  /** Its policy says which files are secrets files. Undefined where nothing is committed. */
  readonly head: string | undefined
  /** The files of that commit. */
  readonly tree: readonly ListedEntry[]
  /** Other versions that may be secrets files. */
  readonly versions: readonly ListedEntry[]
  /** What is to be looked through: each content at each path once, of the first commit that has it. */
  readonly places: readonly (Pick<ListedEntry, 'id' | 'path' | 'key'> & { readonly commit: string })[]
  /** Commits whose messages are to be looked through. */
  readonly commits: readonly string[]
}

/** One commit: its files and its message. @throws KmsfileError `USAGE` where there is no such commit; `GIT_FAILED` */
export async function revisionTree(repository: Repository, name: string): Promise<Revision> {
  const head = await commitNamed(repository, name)
  const tree = await treeEntries(repository, head)
  const places = tree.filter(hasContent).map((entry) => ({ ...entry, commit: head }))
  return { head, tree, versions: [], places, commits: [head] }
}

/**
 * What commits bring, as `TARGET..BRANCH` names them: every version of every file, and the messages.
 *
 * @throws KmsfileError `USAGE` for what names no range; `GIT_FAILED`, also in a shallow clone
 */
export async function revisionRange(repository: Repository, range: string): Promise<Revision> {
  const [, from = '', to = ''] = /^(.+?)\.{2,3}(.*)$/s.exec(range) ?? []
  if (from === '') {
    throw new KmsfileError('--range takes two commits: TARGET..BRANCH', {
      code: 'USAGE',
      hint: 'such as: kmsfile git check --leaks --range origin/main..HEAD',
    })
  }
  refuseShallow(repository)
  const target = await commitNamed(repository, from)
  const head = await commitNamed(repository, to === '' ? 'HEAD' : to)
  return revisionCommits(repository, await listCommits(repository, { ids: [head, `^${target}`] }), head)
}

/**
 * All that refs, stashes and reflogs lead to, as {@link revisionRange} has it.
 *
 * @throws KmsfileError `GIT_FAILED`, also in a shallow clone
 */
export async function revisionHistory(repository: Repository): Promise<Revision> {
  refuseShallow(repository)
  const head = await commitNamed(repository, 'HEAD').catch(() => undefined)
  return revisionCommits(repository, await listCommits(repository, { ids: [], options: ['--all', '--reflog'] }), head)
}

async function revisionCommits(repository: Repository, commits: Commits, head: string | undefined): Promise<Revision> {
  const places = new Map<string, Revision['places'][number]>()
  const versions = new Map<string, ListedEntry>()
  for await (const { commit, changes } of changesOf(repository, commits)) {
    const [first = [], ...others] = changes
    // What a merge takes from a parent came with that parent.
    const inOthers = others.map((list) => new Set(list.map(({ key, id }) => `${id} ${key}`)))
    for (const { key, path, mode, id, oldMode, oldId } of first) {
      for (const [eachMode, eachId] of [[mode, id] as const, [oldMode, oldId] as const]) {
        if (isFile(eachMode)) versions.set(`${eachId} ${key}`, { mode: eachMode, id: eachId, stage: 0, path, key })
      }
      const name = `${id} ${key}`
      if (isNothing(id) || !hasContent({ mode }) || inOthers.some((list) => !list.has(name))) continue
      if (!places.has(name)) places.set(name, { id, path, key, commit: commit.id })
    }
  }
  return {
    head,
    tree: head === undefined ? [] : await treeEntries(repository, head),
    versions: [...versions.values()],
    places: [...places.values()],
    commits: commits.commits.map(({ id }) => id),
  }
}

async function treeEntries(repository: Repository, commit: string): Promise<readonly ListedEntry[]> {
  // --full-tree: also where git is started in a folder.
  const { stdout } = await repository.git(['ls-tree', '-r', '-z', '--full-tree', commit])
  return parseEntries(stdout)
}

/** Files, and links: where they lead to is a content, too. */
export function hasContent({ mode }: Pick<ListedEntry, 'mode'>): boolean {
  return isFile(mode) || mode === LINK
}
