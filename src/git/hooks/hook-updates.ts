import { KmsfileError } from '../../errors.ts'
import type { ObjectReader, Repository } from '../../vcs/repository.ts'
import { isNothing } from '../check/check-listing.ts'
import { mergeBase } from '../check/check-revisions.ts'
import type { Sum } from '../check/compare-history.ts'
import type { Finding } from '../check/finding.ts'

/** A ref that is about to be changed, as git names it. */
export interface Update {
  readonly ref: string
  /** Zeros where it is deleted. */
  readonly id: string
  /** Zeros where there is none yet. */
  readonly oldId: string
  /** What the one who pushes calls it, where that is known. */
  readonly localRef?: string | undefined
}

/** A ref that will lead to a commit. */
export interface Head {
  readonly commit: string
  /** All that it is called. */
  readonly names: readonly string[]
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

/**
 * What git says on stdin of refs that change: `OLD NEW REF`, a line each, where names of refs are bytes and may hold what breaks
 * lines elsewhere. In a transaction, what a symbolic ref leads to can stand in place of an id (git 2.46 and later); such a line
 * is left out, since the ref that it names is judged by itself.
 *
 * @throws KmsfileError `GIT_FAILED` for what cannot be understood: it would pass unseen
 */
export function refUpdates(bytes: Uint8Array): readonly Update[] {
  const text = Buffer.from(bytes).toString('latin1')
  const updates: Update[] = []
  let end = 0
  for (const line of text.matchAll(
    /(ref:[^ \n\0]+|[0-9a-f]{40,64}) (ref:[^ \n\0]+|[0-9a-f]{40,64}) ([^\n\0]+)(?:\n|$)/gy,
  )) {
    const [whole, oldId = '', id = '', ref = ''] = line
    end = line.index + whole.length
    if (id.startsWith('ref:')) continue
    const hadId = !oldId.startsWith('ref:')
    updates.push({ ref: refName(ref), id, oldId: hadId ? oldId : '0'.repeat(id.length) })
  }
  if (text.slice(end).trim() === '') return updates
  throw notUnderstood()
}

/** Names of refs are bytes. */
export function refName(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}

export function notUnderstood(): KmsfileError {
  return new KmsfileError('what git says of the refs that change cannot be understood', {
    code: 'GIT_FAILED',
    hint: 'see what calls the hook: it has to hand on what it reads',
  })
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
  for (const [i, { ref, localRef }] of wanted.entries()) {
    const commit = found[2 * i]
    const names = localRef === undefined ? [ref] : [localRef, ref]
    if (commit !== undefined) heads.push({ commit, names, old: found[2 * i + 1] })
    else {
      // A tag of a tree or a file would be a way around all that is asked of commits.
      const message = 'leads to no commit, and cannot be judged'
      strays.push({ verdict: 'not-compared', severity: 'refuse', path: ref, message })
    }
  }
  return { heads, ids: [...new Set(heads.map(({ commit }) => commit))], strays }
}

/** As people name it. */
const STASH = /^(?:refs\/)?stash(?:@\{.*\})?$/s

/**
 * Commits whose rules count for all that is pushed, since what comes with them has none of its own: new files in an entry of
 * the stash are a commit apart.
 */
export function stashesIn(heads: readonly Head[]): readonly string[] {
  return heads.flatMap(({ commit, names }) => (names.some((name) => STASH.test(name)) ? [commit] : []))
}

/** More refs than this are compared only with what they were: each takes a process. */
const MAX_COMPARED = 20

/** What each ref was before; of a new one, where it leaves the main branch. */
export async function sumsOf(
  repository: Repository,
  heads: readonly Head[],
  main: string | undefined,
): Promise<readonly Sum[]> {
  const sums = new Map<string, Sum>()
  for (const [i, { commit, old }] of heads.entries()) {
    const isCompared = main !== undefined && i < MAX_COMPARED
    const base = old ?? (isCompared ? await mergeBase(repository, main, commit) : undefined)
    if (base !== undefined) sums.set(`${base} ${commit}`, { base, head: commit })
  }
  return [...sums.values()]
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
