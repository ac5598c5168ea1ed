import { isEmptyFile } from './check-listing.ts'
import type { CheckedObjects } from './check-objects.ts'
import type { Flaw } from './finding.ts'
import { judgeContent, MAX_JUDGED_BYTES } from './judge-content.ts'
import type { Demand } from './judge-demand.ts'
import type { VerdictCache } from './verdict-cache.ts'

/** A content, and what is asked of it. */
export interface Candidate {
  readonly id: string
  readonly demand: Demand
  /** It is what a symbolic link leads to. Default: false. */
  readonly isLink?: boolean | undefined
}

/** What is wrong with contents, by {@link judged}; nothing of those with which nothing is. */
export type Judgements = ReadonlyMap<string, readonly Flaw[]>

/** What a judgement is filed under. */
export function judged({ id, demand, isLink }: Candidate): string {
  return `${id} ${demand.key}${isLink === true ? ' link' : ''}`
}

export interface JudgeBlobsOptions {
  readonly cache: VerdictCache
  /** Larger ones are refused unseen, where they have to be encrypted. Default: as large as anything is looked at. */
  readonly maxBytes?: number | undefined
}

/** Judges contents, each once for all places where it lies, and reads only those that the cache does not know. */
export async function judgeBlobs(
  reader: CheckedObjects,
  candidates: readonly Candidate[],
  { cache, maxBytes = MAX_JUDGED_BYTES }: JudgeBlobsOptions,
): Promise<Judgements> {
  const wanted = new Map<string, Map<string, Candidate>>()
  for (const candidate of candidates) {
    const { id, demand, isLink } = candidate
    if (isEmptyFile(id) || (isLink !== true && cache.isGood(id, demand.key))) continue
    const same = wanted.get(id)
    if (same !== undefined) same.set(judged(candidate), candidate)
    else wanted.set(id, new Map([[judged(candidate), candidate]]))
  }
  const found = new Map<string, readonly Flaw[]>()
  const ids = [...wanted.keys()]
  let next = 0
  for await (const object of reader.read(ids, { maxBytes })) {
    const id = ids[next++] as string
    // Whoever left it at the remote did not make it here.
    if (object === undefined && reader.isPartial === true) continue
    for (const candidate of wanted.get(id)?.values() ?? []) {
      const flaws = object === undefined ? missing() : await judgeObject(object.content, candidate)
      if (flaws.length === 0) cache.remember(id, candidate.demand.key)
      else found.set(judged(candidate), flaws)
    }
  }
  return found
}

async function judgeObject(content: Uint8Array | undefined, { demand, isLink }: Candidate): Promise<readonly Flaw[]> {
  if (isLink === true) return [judgeLink(content)]
  if (content !== undefined) return judgeContent(content, demand)
  return demand.managed ? [{ verdict: 'unreadable', severity: 'refuse', message: 'too large to be checked' }] : []
}

/** A path of some systems is that long at most. */
const MAX_PATH_BYTES = 4096

/** Anything can be committed as a link, and is read by whoever gets it, also where it leads nowhere. */
function judgeLink(content: Uint8Array | undefined): Flaw {
  const isPath = content !== undefined && content.length <= MAX_PATH_BYTES && !content.some((byte) => byte < 0x20)
  return isPath
    ? { verdict: 'link', severity: 'note', message: 'is a link where a secrets file is expected' }
    : { verdict: 'plaintext', severity: 'refuse', message: 'is a link in name alone: what it leads to is no path' }
}

function missing(): readonly Flaw[] {
  return [{ verdict: 'unreadable', severity: 'refuse', message: 'git does not have its content here' }]
}
