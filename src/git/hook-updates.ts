import type { ObjectReader, Repository } from '../vcs/repository.ts'
import { isNothing } from './check-listing.ts'
import { mergeBase } from './check-revisions.ts'
import type { Sum } from './compare-history.ts'
import type { Finding } from './finding.ts'

/** A ref that is about to be changed, as git names it. */
export interface Update {
  readonly ref: string
  /** Zeros where it is deleted. */
  readonly id: string
  /** Zeros where there is none yet. */
  readonly oldId: string
}

/** A ref that will lead to a commit. */
export interface Head {
  readonly commit: string
  /** Where the ref leads now, as far as that commit is here. */
  readonly old: string | undefined
}

export interface Heads {
  readonly heads: readonly Head[]
  /** The commits, each once. */
  readonly ids: readonly string[]
  /** Refs that lead elsewhere: to a file, to a tree. */
  readonly strays: readonly Finding[]
}

/** Follows updates to commits; what is deleted needs no look. */
export async function headsOf(reader: ObjectReader, updates: readonly Update[]): Promise<Heads> {
  const wanted = updates.filter(({ id }) => !isNothing(id))
  const found = await commitsOf(
    reader,
    wanted.flatMap(({ id, oldId }) => [id, oldId]),
  )
  const heads: Head[] = []
  const strays: Finding[] = []
  for (const [i, { ref }] of wanted.entries()) {
    const commit = found[2 * i]
    if (commit !== undefined) heads.push({ commit, old: found[2 * i + 1] })
    else {
      // A tag of a tree or a file would be a way around all that is asked of commits.
      const message = 'leads to no commit, and cannot be judged'
      strays.push({ verdict: 'not-compared', severity: 'refuse', path: ref, message })
    }
  }
  return { heads, ids: [...new Set(heads.map(({ commit }) => commit))], strays }
}

/** More refs than this are compared only with what they were: each takes a process. */
const MAX_COMPARED = 20

/** What each ref was before; of a new one, where it leaves the main branch. */
export async function sumsOf(
  repository: Repository,
  heads: readonly Head[],
  main: string | undefined,
): Promise<readonly Sum[]> {
  const sums: Sum[] = []
  for (const [i, { commit, old }] of heads.entries()) {
    const isCompared = main !== undefined && i < MAX_COMPARED
    const base = old ?? (isCompared ? await mergeBase(repository, main, commit) : undefined)
    if (base !== undefined) sums.push({ base, head: commit })
  }
  return sums
}

/** The commits that names lead to; undefined for what is not here, and for what is no commit. */
export async function commitsOf(
  reader: ObjectReader,
  names: readonly string[],
): Promise<readonly (string | undefined)[]> {
  const found: (string | undefined)[] = []
  const asked = names.map((name) => `${/[\n\0]/.test(name) ? '' : name}^{commit}`)
  for await (const object of reader.read(asked, { maxBytes: 0 })) {
    found.push(object?.type === 'commit' ? object.id : undefined)
  }
  return found
}

/** Those that are there, each once. */
export function distinct(ids: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(ids.filter((id) => id !== undefined))]
}
