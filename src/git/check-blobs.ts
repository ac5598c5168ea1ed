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
}

/** What is wrong with contents, by {@link judged}; nothing of those with which nothing is. */
export type Judgements = ReadonlyMap<string, readonly Flaw[]>

/** What a judgement is filed under. */
export function judged({ id, demand }: Candidate): string {
  return `${id} ${demand.key}`
}

/** Judges contents, each once for all places where it lies, and reads only those that the cache does not know. */
export async function judgeBlobs(
  reader: CheckedObjects,
  candidates: readonly Candidate[],
  cache: VerdictCache,
): Promise<Judgements> {
  const wanted = new Map<string, Map<string, Demand>>()
  for (const { id, demand } of candidates) {
    const demands = wanted.get(id)
    if (demands !== undefined) demands.set(demand.key, demand)
    else if (!isEmptyFile(id)) wanted.set(id, new Map([[demand.key, demand]]))
  }
  for (const [id, demands] of wanted) {
    for (const key of demands.keys()) if (cache.isGood(id, key)) demands.delete(key)
    if (demands.size === 0) wanted.delete(id)
  }
  const found = new Map<string, readonly Flaw[]>()
  const ids = [...wanted.keys()]
  let next = 0
  for await (const object of reader.read(ids, { maxBytes: MAX_JUDGED_BYTES })) {
    const id = ids[next++] as string
    // Whoever left it at the remote did not make it here.
    if (object === undefined && reader.isPartial === true) continue
    for (const demand of wanted.get(id)?.values() ?? []) {
      const flaws = object === undefined ? missing() : await judgeObject(object.content, demand)
      if (flaws.length === 0) cache.remember(id, demand.key)
      else found.set(judged({ id, demand }), flaws)
    }
  }
  return found
}

async function judgeObject(content: Uint8Array | undefined, demand: Demand): Promise<readonly Flaw[]> {
  if (content !== undefined) return judgeContent(content, demand)
  return demand.managed ? [{ verdict: 'unreadable', severity: 'refuse', message: 'too large to be checked' }] : []
}

function missing(): readonly Flaw[] {
  return [{ verdict: 'unreadable', severity: 'refuse', message: 'git does not have its content here' }]
}
