import { createHash } from 'node:crypto'
import type { Selector } from '../../core/selection.ts'
import type { FormatName } from '../../formats/format.ts'
import type { Policy } from './policy.ts'

/** What the rules ask of a content; two contents of which the same is asked are judged alike. */
export interface Demand {
  /** By the name of the file; undefined where it says nothing. */
  readonly format: FormatName | undefined
  /** It must not be plaintext. Otherwise it is only looked at if it is encrypted. */
  readonly managed: boolean
  /** Of the rules: whatever any of them has encrypted must be. Empty: everything must. */
  readonly selectors: readonly Selector[]
  /** Files that kmsfile did not seal are refused. */
  readonly sealed: boolean
  /** What stands readable beside the values is noted: for who has no other version to compare with. */
  readonly strays: boolean
  /** Tells demands apart, also in other runs. */
  readonly key: string
}

export interface DemandOptions {
  /** As in {@link Demand}. Default: false. */
  readonly strays?: boolean | undefined
}

/** Finds what is asked of paths under one policy; undefined for those that nobody needs to look at. */
export function demandFinder(
  policy: Policy,
  { strays = false }: DemandOptions = {},
): (path: string) => Demand | undefined {
  const known = new Map<string, Demand>()
  return (path) => {
    const format = formatOf(path)
    const managed = policy.manages(path)
    if (!managed && (format === undefined || policy.exempts(path))) return undefined
    const rules = managed ? policy.rules(path) : []
    const selectors = rules.map(({ selector }) => selector)
    const sealed = rules.some(({ integrity }) => integrity === 'sealed')
    const text = `${format} ${managed} ${sealed} ${strays} ${selectors.map(selectorText).sort().join()}`
    const found = known.get(text) ?? { format, managed, selectors, sealed, strays, key: keyOf(text) }
    known.set(text, found)
    return found
  }
}

/** What is asked of a content that must not be plaintext whatever the rules say. */
export function strictDemand(demand: Demand): Demand {
  return demand.managed ? demand : { ...demand, managed: true, key: keyOf(`${demand.key} strict`) }
}

/** The format that a name stands for; undefined where only a look at the content could tell. */
export function formatOf(path: string): FormatName | undefined {
  if (path.endsWith('.json')) return 'json'
  return path.endsWith('.yaml') || path.endsWith('.yml') ? 'yaml' : undefined
}

function selectorText({ kind, text }: Selector): string {
  return JSON.stringify([kind, text])
}

function keyOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
