import { append } from '../../core/append.ts'
import { mentionsEncryption } from '../../operations/inspect.ts'
import type { ObjectReader } from '../../vcs/repository.ts'
import { contentsOf } from './check-contents.ts'
import { type Change, isFile, isNothing } from './check-listing.ts'
import type { FileVersion } from './compare-versions.ts'
import type { Finding, Flaw } from './finding.ts'
import { judgeContent } from './judge-content.ts'
import { type Demand, formatOf, strictDemand } from './judge-demand.ts'
import type { Policy } from './policy.ts'

/** So many pairs are in memory at the same time. */
const AT_ONCE = 200

export interface CompareOptions {
  readonly policy: Policy
  /** The commit that changes are found in. */
  readonly commit?: string | undefined
  /** Only what no honest tool does: for steps on the way, of which the sum is compared besides. Default: false. */
  readonly attacksOnly?: boolean | undefined
}

/**
 * Compares the versions of files before and after changes, without a key: what was encrypted must stay so, and what MAC and
 * seal bind must not change without them.
 */
export async function compareChanges(
  reader: ObjectReader,
  changes: readonly Change[],
  options: CompareOptions,
): Promise<readonly Finding[]> {
  const { policy } = options
  const files = changes.filter(
    ({ path, mode, oldMode, id, oldId }) =>
      isFile(mode) &&
      (isNothing(oldId) || isFile(oldMode)) &&
      id !== oldId &&
      (policy.manages(path) || formatOf(path) !== undefined) &&
      !policy.exempts(path),
  )
  const findings: Finding[] = []
  for (let at = 0; at < files.length; at += AT_ONCE) {
    append(findings, await compareSome(reader, files.slice(at, at + AT_ONCE), options))
  }
  return findings
}

async function compareSome(
  reader: ObjectReader,
  changes: readonly Change[],
  { policy, commit, attacksOnly = false }: CompareOptions,
): Promise<readonly Finding[]> {
  const ids = [...new Set(changes.flatMap(({ id, oldId }) => (isNothing(oldId) ? [id] : [oldId, id])))]
  const found = await contentsOf(reader, ids)
  const contents = new Map(ids.map((id, i) => [id, found[i]]))
  const findings: Finding[] = []
  for (const { path, oldId, id } of changes) {
    const content = contents.get(id)
    if (content === undefined) continue
    const flaws = await compare({ path, before: contents.get(oldId), after: content }, { policy, attacksOnly })
    for (const flaw of flaws) findings.push({ ...flaw, path, commit })
  }
  return findings
}

async function compare(
  { path, before, after }: { path: string; before: Uint8Array | undefined; after: Uint8Array },
  { policy, attacksOnly }: Required<Pick<CompareOptions, 'policy' | 'attacksOnly'>>,
): Promise<readonly Flaw[]> {
  const wasEncrypted = before !== undefined && mentionsEncryption(before)
  if (!wasEncrypted && !mentionsEncryption(after)) return []
  // Most commits change no secrets file.
  const { attacksBetween, changesBetween, reusedWithin, versionOf } = await import('./compare-versions.ts')
  const [old, own] = [wasEncrypted ? await versionOf(before, path) : undefined, await versionOf(after, path)]
  if (own === undefined) return old === undefined || policy.manages(path) ? [] : revealed(after, path, old)
  if (old === undefined) return reusedWithin(own)
  const attacks = attacksBetween(old, own)
  if (attacksOnly) return attacks
  return [...attacks, ...(await changesBetween(old, own, policy.rule(path)?.names ?? new Map()))]
}

/** Nobody's rule asks for it, but it was encrypted. */
async function revealed(content: Uint8Array, path: string, { envelope }: FileVersion): Promise<readonly Flaw[]> {
  const asked: Demand = {
    format: formatOf(path),
    managed: false,
    selectors: [envelope.selector],
    sealed: false,
    strays: false,
    key: '',
  }
  const flaws = await judgeContent(content, strictDemand(asked))
  return flaws.map((flaw) =>
    flaw.verdict === 'plaintext' ? { ...flaw, message: `${flaw.message}, as it was before` } : flaw,
  )
}
