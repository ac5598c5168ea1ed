import { append } from '../../core/append.ts'
import { type Candidate, judgeBlobs, judged } from './check-blobs.ts'
import { isFile, LINK, type ListedEntry } from './check-listing.ts'
import type { CheckedObjects } from './check-objects.ts'
import type { CheckedVersion } from './check-verify.ts'
import { type Finding, type Flaw, refuses } from './finding.ts'
import { type Demand, type DemandOptions, demandFinder, strictDemand } from './judge-demand.ts'
import { leftoverOf } from './judge-name.ts'
import type { Policy } from './policy.ts'
import type { VerdictCache } from './verdict-cache.ts'

export interface Checked {
  readonly findings: readonly Finding[]
  /** How many files were looked at, be it by what was remembered of them. */
  readonly files: number
  /** The contents that were looked at, for who has keys; absent where there is none to look at any closer. */
  readonly versions?: (() => readonly CheckedVersion[]) | undefined
}

/** A content at a path. */
export interface Place extends Candidate {
  readonly path: string
  readonly commit: string | undefined
  readonly isLeftover: boolean
}

export interface EntriesOptions {
  readonly reader: CheckedObjects
  readonly cache: VerdictCache
  /** The policy of the tree that is judged, with those that it is judged by besides. */
  readonly policy: Policy
  readonly reasons: Reasons
  /** What stands readable beside the values is noted. Default: false. */
  readonly strays?: boolean | undefined
}

/** Why something is asked for that the tree itself does not ask for. */
export interface Reasons {
  /** The policy of the tree alone. */
  readonly own: Policy
  /** Those of what it was made from. Where one of them asks, the rule went away with the change. */
  readonly before: readonly Policy[]
}

/** Judges the files of one tree, by their names and by what is in them. */
export async function checkEntries(
  entries: readonly ListedEntry[],
  { reader, cache, policy, reasons, strays }: EntriesOptions,
): Promise<Checked> {
  const findings: Finding[] = []
  const placeOf = placeFinder(policy, { strays })
  const places: Place[] = []
  for (const entry of entries) {
    const found = placeOf(entry)
    if (found === undefined) continue
    if ('verdict' in found) findings.push(found)
    else places.push(found)
  }
  const judgements = await judgeBlobs(reader, places, { cache })
  for (const place of places) append(findings, findingsAt(place, judgements.get(judged(place)) ?? [], reasons))
  const files = places.filter(({ isLink }) => isLink !== true)
  const versions = () => files.map(({ path, id, commit }) => ({ path, id, commit, rule: policy.rule(path) }))
  return { findings: withoutRepeats(findings), files: places.length, versions }
}

/** Says of an entry what is asked of its content, or what is wrong with it whatever that is; undefined for those of no interest. */
export function placeFinder(
  policy: Policy,
  options: DemandOptions = {},
): (entry: Pick<ListedEntry, 'mode' | 'id' | 'path' | 'stage'>, commit?: string) => Place | Finding | undefined {
  const demandOf = demandFinder(policy, options)
  return ({ mode, id, path, stage }, commit) => {
    const leftover = leftoverDemand(path, policy, demandOf)
    if (leftover === 'always') {
      return {
        verdict: 'leftover',
        severity: 'refuse',
        path,
        commit,
        message: 'an editor left it beside a secrets file',
      }
    }
    const demand = leftover ?? demandOf(path)
    if (mode === LINK && stage === 0 && demand?.managed !== true && isSecretsFolder(path, policy)) {
      const message = 'is a link where a folder of secrets files is expected: what it leads to has other rules'
      return { verdict: 'link', severity: 'note', path, commit, message }
    }
    if (demand === undefined) return undefined
    if (stage > 0) {
      if (!demand.managed) return undefined
      return { verdict: 'unmerged', severity: 'refuse', path, commit, message: 'its merge is not resolved' }
    }
    if (mode === LINK) {
      return demand.managed ? { id, demand, path, commit, isLeftover: false, isLink: true } : undefined
    }
    return isFile(mode) ? { id, demand, path, commit, isLeftover: leftover !== undefined } : undefined
  }
}

/** Whether the rules manage what lies in a folder, and not what lies beside it. */
function isSecretsFolder(path: string, policy: Policy): boolean {
  const beside = path.slice(0, path.lastIndexOf('/') + 1)
  return ['x.yaml', 'x.json', 'x'].some(
    (name) => policy.manages(`${path}/${name}`) && !policy.manages(`${beside}${name}`),
  )
}

function leftoverDemand(
  path: string,
  policy: Policy,
  demandOf: (path: string) => Demand | undefined,
): Demand | 'always' | undefined {
  const leftover = leftoverOf(path)
  if (leftover === undefined || policy.exempts(path)) return undefined
  const demand = demandOf(leftover.of)
  if (demand?.managed !== true) return undefined
  return leftover.isCopy ? strictDemand(demand) : 'always'
}

/** What is wrong with a content, said of one place where it lies. */
export function findingsAt(
  { path, commit, isLeftover, id }: Place,
  flaws: readonly Flaw[],
  reasons: Reasons,
): readonly Finding[] {
  if (isLeftover && refuses(flaws)) {
    const message = 'a copy of a secrets file, not encrypted'
    return [{ verdict: 'leftover', severity: 'refuse', path, commit, object: id, message }]
  }
  return flaws.map((flaw) => ({ ...flaw, ...whyStill(flaw, path, reasons), path, commit, object: id }))
}

/** Where the tree itself would let it pass. */
function whyStill({ verdict, message }: Flaw, path: string, { own, before }: Reasons): Partial<Flaw> {
  if (verdict !== 'plaintext' || own.manages(path)) return {}
  if (own.exempts(path)) return { message: `${message}, and its exemption does not count yet` }
  if (before.some((policy) => policy.manages(path))) {
    return { verdict: 'rule-removed', message: `${message}, and the rule that asks for it is removed` }
  }
  return { message: `${message}, as the target branch asks` }
}

/** The sides of a merge are one finding. */
function withoutRepeats(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>()
  return findings.filter(({ verdict, path, commit }) => {
    if (verdict !== 'unmerged') return true
    const name = JSON.stringify([path, commit])
    if (seen.has(name)) return false
    seen.add(name)
    return true
  })
}
