import { entriesOf, hasDoubles, type Identity, nameOf, resourceName, startIdentity } from './merge-identity.ts'
import { type ItemPlace, type ListKind, type MergedList, mergeLists, mergeNamed } from './merge-lists.ts'
import { mergeOrder } from './merge-order.ts'
import type { ThreeWay } from './merge-sequences.ts'
import type { Document, Entry, MapNode, Node, Path } from './tree.ts'

/** A place that both sides changed in different ways. A version that is undefined does not have it. */
export interface MergeConflict extends ThreeWay<Node | undefined> {
  /** Index of the document. */
  readonly document: number
  /** Of an item of a list that is not in the result, its place with the side that has it. */
  readonly path: Path
}

/** What is to stand at a conflict: one of the sides, or something else; undefined removes it. */
export type Choice = 'ours' | 'theirs' | { readonly node: Node | undefined }

export interface MergeOptions {
  /** What to take at each conflict, in their order. Default: ours. */
  readonly choices?: readonly (Choice | undefined)[] | undefined
  /**
   * Takes a key that one side renamed, and items of a list that both changed, for the same as before. Not sure enough by
   * itself; good where a merge by lines says the same.
   */
  readonly bold?: boolean | undefined
}

export interface MergedTrees {
  /** One for each document; undefined for one that is empty. */
  readonly roots: readonly (Node | undefined)[]
  readonly conflicts: readonly MergeConflict[]
  readonly identity: Identity
  /** How the items of the lists that were put together are told apart. */
  readonly lists: ReadonlyMap<Node, ListKind>
}

/**
 * Merges three versions of the trees of a file: maps by their keys, lists by the names or values of their items, everything
 * else as one. A base without documents is that of a file that both sides made.
 */
export function mergeTrees(
  versions: ThreeWay<readonly Document[]>,
  { choices = [], bold = false }: MergeOptions = {},
): MergedTrees {
  const identity = startIdentity()
  for (const documents of Object.values(versions)) identity.add(documents)
  const merging: Merging = { identity, bold, choices, found: [], lists: new Map() }
  const rootsOf = (documents: readonly Document[]) => documents.map(({ root }) => root ?? EMPTY)
  const roots = mergeDocuments(merging, {
    base: rootsOf(versions.base),
    ours: rootsOf(versions.ours),
    theirs: rootsOf(versions.theirs),
  })
  return {
    roots: roots.map((root) => (root === EMPTY ? undefined : root)),
    conflicts: merging.found.map(({ place, ...conflict }) => {
      const [document = 0, ...path] = place.map((step) => (typeof step === 'object' ? step.index : step))
      return { ...conflict, document: Number(document), path }
    }),
    identity,
    lists: merging.lists,
  }
}

/** To sops a document with nothing in it is an empty map. */
const EMPTY: MapNode = { kind: 'map', flow: false, items: [], start: 0, end: 0 }

type Place = readonly (string | number | ItemPlace)[]

interface Merging {
  readonly identity: Identity
  readonly bold: boolean
  readonly choices: readonly (Choice | undefined)[]
  /** Conflicts so far, their documents as the first step of the place. */
  readonly found: (Omit<MergeConflict, 'document' | 'path'> & { readonly place: Place })[]
  readonly lists: Map<Node, ListKind>
}

type Versions = ThreeWay<Node | undefined>

function mergeDocuments(merging: Merging, roots: ThreeWay<readonly Node[]>): readonly (Node | undefined)[] {
  const item = (versions: Versions, at: ItemPlace) => mergeNodes(merging, versions, [at])
  const isNamed = Object.values(roots).every((list) => {
    const names = list.map(resourceName)
    return !names.includes(undefined) && new Set(names).size === list.length
  })
  if (isNamed && roots.ours.length + roots.theirs.length > 2) {
    return mergeNamed(roots, { item }, (root) => resourceName(root) ?? '').items
  }
  const { length } = roots.ours
  if (roots.theirs.length === length && (roots.base.length === length || roots.base.length === 0)) {
    return roots.ours.map((ours, i) => item({ base: roots.base[i], ours, theirs: roots.theirs[i] }, { index: i }))
  }
  const list = (items: readonly Node[]) => ({ ...EMPTY, kind: 'list' as const, items })
  const lists = { base: list(roots.base), ours: list(roots.ours), theirs: list(roots.theirs) }
  const merged = mergeLists(lists, { identity: merging.identity, bold: merging.bold, item })
  if (!merged.isDisputed) return merged.items
  // There is no file without its first document: ours stands for all of them.
  const chosen = dispute(merging, { base: roots.base[0], ours: roots.ours[0], theirs: roots.theirs[0] }, [0])
  return chosen === roots.theirs[0] && chosen !== roots.ours[0] ? roots.theirs : merged.items
}

function mergeNodes(merging: Merging, versions: Versions, place: Place): Node | undefined {
  const { base, ours, theirs } = versions
  const { same } = merging.identity
  if (same(ours, theirs) || same(base, theirs)) return ours
  if (same(base, ours)) return theirs
  if (ours?.kind === 'map' && theirs?.kind === 'map' && !hasDoubles(ours) && !hasDoubles(theirs)) {
    if (base?.kind !== 'map' || !hasDoubles(base)) {
      return mergeMaps(merging, { base: base?.kind === 'map' ? base : undefined, ours, theirs }, place)
    }
  }
  if (ours?.kind === 'list' && theirs?.kind === 'list') {
    const lists = { base: base?.kind === 'list' ? base : undefined, ours, theirs }
    const before = merging.found.length
    const merged: MergedList = mergeLists(lists, {
      identity: merging.identity,
      bold: merging.bold,
      item: (items, at) => mergeNodes(merging, items, [...place, at]),
    })
    if (!merged.isDisputed) {
      const list: Node = { ...ours, items: merged.items }
      merging.lists.set(list, merged.kind)
      return list
    }
    // It is the list that is in conflict, not what is in it.
    merging.found.length = before
  }
  return dispute(merging, versions, place)
}

function dispute(merging: Merging, versions: Versions, place: Place): Node | undefined {
  const choice = merging.choices[merging.found.length] ?? 'ours'
  merging.found.push({ ...versions, place })
  return typeof choice === 'object' ? choice.node : versions[choice]
}

function mergeMaps(
  merging: Merging,
  { base, ours, theirs }: { base: MapNode | undefined; ours: MapNode; theirs: MapNode },
  place: Place,
): Node {
  const byName = (map: MapNode | undefined) =>
    new Map((map ? entriesOf(map) : []).map((entry) => [nameOf(entry), entry]))
  const maps = { base: byName(base), ours: byName(ours), theirs: byName(theirs) }
  const renamed = merging.bold ? renamesOf(merging, maps) : new Map<string, Rename>()
  const merged = new Map<string, Entry>()
  const orders = { base: [...maps.base.keys()], ours: [...maps.ours.keys()], theirs: [...maps.theirs.keys()] }
  const { names } = mergeOrder(orders, new Set([...orders.ours, ...orders.theirs]))
  for (const name of names) {
    const from = renamed.get(name)
    if (from === 'gone') continue
    const before = maps.base.get(from?.old ?? name)
    const own = maps.ours.get(from?.side === 'theirs' ? from.old : name)
    const other = maps.theirs.get(from?.side === 'ours' ? from.old : name)
    const versions = { base: before?.value, ours: own?.value, theirs: other?.value }
    const value = mergeNodes(merging, versions, [...place, (own ?? other ?? before)?.key ?? ''])
    const entry = from?.side === 'theirs' ? other : (own ?? other)
    if (value !== undefined && entry !== undefined) merged.set(name, { ...entry, value })
  }
  return { ...ours, items: [...merged.values()] }
}

/** A key that one side gave to what had another before; or the old one, which is gone. */
type Rename = { readonly old: string; readonly side: 'ours' | 'theirs' } | 'gone'

/** Keys that one side renamed while the other changed what is below them: the only one that came for one that went. */
function renamesOf({ identity }: Merging, maps: ThreeWay<ReadonlyMap<string, Entry>>): ReadonlyMap<string, Rename> {
  const renames = new Map<string, Rename>()
  for (const [side, other] of [
    ['ours', 'theirs'],
    ['theirs', 'ours'],
  ] as const) {
    const came = [...maps[side].values()].filter(
      (entry) => !maps.base.has(nameOf(entry)) && !maps[other].has(nameOf(entry)),
    )
    for (const [old, before] of maps.base) {
      const changed = maps[other].get(old)
      if (maps[side].has(old) || changed === undefined || identity.same(before.value, changed.value)) continue
      const alike = came.filter(({ value }) => isAlike(identity, before.value, value))
      const [only] = alike
      if (only === undefined || alike.length > 1) continue
      renames.set(nameOf(only), { old, side })
      renames.set(old, 'gone')
    }
  }
  return renames
}

/** The same, or maps of which at least half of what was there before is unchanged. */
function isAlike(identity: Identity, before: Node, after: Node): boolean {
  if (identity.same(before, after)) return true
  if (before.kind !== 'map' || after.kind !== 'map') return false
  const kept = new Map(entriesOf(after).map((entry) => [nameOf(entry), entry.value]))
  const entries = entriesOf(before)
  return 2 * entries.filter((entry) => identity.same(entry.value, kept.get(nameOf(entry)))).length >= entries.length
}
