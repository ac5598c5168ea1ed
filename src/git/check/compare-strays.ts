import type { ObjectReader } from '../../vcs/repository.ts'
import { contentsOf } from './check-contents.ts'
import { isNothing } from './check-listing.ts'
import type { Finding, Stray } from './finding.ts'
import { demandFinder } from './judge-demand.ts'
import type { Policy } from './policy.ts'

/** A version of a file, and those that it comes from: one, two after a merge, none of a new file. */
export interface Descent {
  readonly path: string
  readonly id: string
  /** Names of objects; what is no file there counts for nothing. */
  readonly from: readonly string[]
}

export interface StrayOptions {
  readonly policy: Policy
  readonly commit?: string | undefined
  /** Where nobody knows what was there before, it stops nothing. Default: false. */
  readonly noteOnly?: boolean | undefined
}

/** So many versions are in memory at the same time. */
const AT_ONCE = 200

/**
 * Finds what files have readable beside their values that none of the versions has which they come from. What was there already
 * stays: sops reads over it, and files of other tools and other years may have any amount of it.
 */
export async function newStrays(
  reader: ObjectReader,
  descents: readonly Descent[],
  { policy, commit, noteOnly = false }: StrayOptions,
): Promise<readonly Finding[]> {
  const demandOf = demandFinder(policy)
  const findings: Finding[] = []
  // Most of what a commit changes is nobody's secret, and may be large.
  const files = descents.filter(({ path }) => demandOf(path) !== undefined && !policy.exempts(path))
  for (let at = 0; at < files.length; at += AT_ONCE) {
    const some = files.slice(at, at + AT_ONCE)
    const contents = await contentsOf(
      reader,
      some.map(({ id }) => id),
    )
    for (const [i, { path, from }] of some.entries()) {
      const own = await straysAt(contents[i], path)
      if (own.length === 0) continue
      const before = await contentsOf(
        reader,
        from.filter((name) => !isNothing(name) && !/[\n\0]/.test(name)),
      )
      const known = new Set<string>()
      for (const content of before) for (const stray of await straysAt(content, path)) known.add(nameOf(stray))
      for (const stray of own) {
        if (known.has(nameOf(stray))) continue
        findings.push({ ...stray.flaw, ...(noteOnly && { severity: 'note' }), path, commit })
      }
    }
  }
  return findings

  async function straysAt(content: Uint8Array | undefined, path: string): Promise<readonly Stray[]> {
    const demand = demandOf(path)
    if (content === undefined || demand === undefined) return []
    const { straysOf } = await import('./judge-strays.ts')
    return straysOf(content, demand)
  }
}

/** Wherever it stands: comments move with the lines around them. */
function nameOf({ flaw, text }: Stray): string {
  return JSON.stringify([flaw.verdict === 'stray-metadata', text])
}
