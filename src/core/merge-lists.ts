import { append } from './append.ts'
import { entriesOf, type Identity, itemsOf } from './merge-identity.ts'
import { mergeOrder } from './merge-order.ts'
import { mergeSequences, type Range, type Region, type ThreeWay } from './merge-sequences.ts'
import type { ListNode, Node } from './tree.ts'

/** How the items of a list are told apart: by their value, by a field, or not at all. */
export type ListKind = 'values' | 'named' | 'plain'

/** What merges the items of a list, one level down. */
export interface ItemMerge {
  readonly identity: Identity
  /** Merges one item that both sides have, or that one has removed; undefined if it is gone. `at` is its place. */
  item(versions: ThreeWay<Node | undefined>, at: ItemPlace): Node | undefined
  /** Whether items that both sides changed, in a run of as many, are taken for the same items. */
  readonly bold: boolean
}

/** Where an item stands; its index is known when all are in their places. */
export interface ItemPlace {
  index: number
}

export interface MergedList {
  readonly kind: ListKind
  readonly items: readonly Node[]
  /** Both sides changed the same part in different ways; `items` are ours then. */
  readonly isDisputed: boolean
}

/** Fields by which the items of a list are known, the first that all have. */
const IDENTITY_FIELDS = ['name', 'id', 'key']

/** Merges three versions of the items of a list. */
export function mergeLists(lists: ThreeWay<ListNode | undefined>, merge: ItemMerge): MergedList {
  const { base, ours, theirs } = lists
  const all = { base: base === undefined ? [] : itemsOf(base), ours: nodes(ours), theirs: nodes(theirs) }
  const { kind, nameOf } = namingOf(Object.values(all), merge.identity)
  return kind === 'named' ? mergeNamed(all, merge, nameOf) : mergeInOrder(all, kind, merge)
}

function nodes(list: ListNode | undefined): readonly Node[] {
  return list === undefined ? [] : itemsOf(list)
}

interface Naming {
  readonly kind: ListKind
  /** The name of an item, where the kind is `named`. */
  readonly nameOf: (item: Node) => string
}

/** How the items of all these lists are told apart. */
function namingOf(lists: readonly (readonly Node[])[], identity: Identity): Naming {
  const isUnique = (idOf: (item: Node) => string | number) =>
    lists.every((items) => new Set(items.map(idOf)).size === items.length)
  if (lists.every((items) => items.every(({ kind }) => kind === 'leaf'))) {
    return { kind: isUnique(identity.of) ? 'values' : 'plain', nameOf: String }
  }
  for (const field of IDENTITY_FIELDS) {
    const nameOf = (item: Node) => fieldText(item, field) ?? ''
    const isEverywhere = lists.every((items) => items.every((item) => nameOf(item) !== ''))
    if (isEverywhere && isUnique(nameOf)) return { kind: 'named', nameOf }
  }
  return { kind: 'plain', nameOf: String }
}

/** The name of an item of a list by itself; undefined where it has none. */
export function nameOfItem(item: Node): string | undefined {
  for (const field of IDENTITY_FIELDS) {
    const text = fieldText(item, field)
    if (text !== undefined) return `${field} ${text}`
  }
  return undefined
}

function fieldText(item: Node, field: string): string | undefined {
  if (item.kind !== 'map') return undefined
  const value = entriesOf(item).find(({ key }) => key === field)?.value
  return value?.kind === 'leaf' && value.type !== 'null' && value.text !== ''
    ? `${value.type} ${value.text}`
    : undefined
}

/** Merges items that have names, each once: what has the same name is the same item. */
export function mergeNamed(
  { base, ours, theirs }: ThreeWay<readonly Node[]>,
  merge: Pick<ItemMerge, 'item'>,
  nameOf: (item: Node) => string,
): MergedList {
  const namesOf = (items: readonly Node[]) => items.map(nameOf)
  const byName = (items: readonly Node[]) => new Map(items.map((item) => [nameOf(item), item]))
  const found = { base: byName(base), ours: byName(ours), theirs: byName(theirs) }
  const merged = new Map<string, Node>()
  const places = new Map<string, ItemPlace>()
  for (const name of new Set([...namesOf(ours), ...namesOf(theirs)])) {
    const versions = { base: found.base.get(name), ours: found.ours.get(name), theirs: found.theirs.get(name) }
    const place: ItemPlace = { index: theirs.findIndex((item) => nameOf(item) === name) }
    const item = merge.item(versions, place)
    if (item !== undefined) merged.set(name, item)
    places.set(name, place)
  }
  const orders = { base: namesOf(base), ours: namesOf(ours), theirs: namesOf(theirs) }
  const { names, isDisputed } = mergeOrder(orders, new Set(merged.keys()))
  for (const [index, name] of names.entries()) Object.assign(places.get(name) as ItemPlace, { index })
  return { kind: 'named', items: names.map((name) => merged.get(name) as Node), isDisputed }
}

function mergeInOrder(all: ThreeWay<readonly Node[]>, kind: 'values' | 'plain', merge: ItemMerge): MergedList {
  const { of } = merge.identity
  const ids = { base: all.base.map(of), ours: all.ours.map(of), theirs: all.theirs.map(of) }
  const disputed: MergedList = { kind, items: all.ours, isDisputed: true }
  const items: Node[] = []
  const regions = mergeSequences(ids)
  if (regions === undefined) return disputed
  for (const region of regions) {
    const merged =
      region.kind === 'conflict'
        ? kind === 'values'
          ? uniteValues(all, ids, region)
          : merge.bold
            ? mergePairs(all, region, { merge, ids, start: items.length })
            : undefined
        : region.kind === 'theirs'
          ? slice(all.theirs, region.theirs)
          : slice(all.ours, region.ours)
    if (merged === undefined) return disputed
    append(items, merged)
  }
  return { kind, items: kind === 'values' ? once(items, of) : items, isDisputed: false }
}

/**
 * Values that both sides changed in the same place: what either added or left. Undefined where each put something else in
 * the place of a value that both took away.
 */
function uniteValues(
  { ours, theirs }: ThreeWay<readonly Node[]>,
  ids: ThreeWay<readonly number[]>,
  region: Region,
): readonly Node[] | undefined {
  const [base, own, other] = [
    new Set(slice(ids.base, region.base)),
    new Set(slice(ids.ours, region.ours)),
    new Set(slice(ids.theirs, region.theirs)),
  ]
  const added = (side: ReadonlySet<number>) => [...side].filter((id) => !base.has(id)).sort()
  const bothRemoved = [...base].some((id) => !own.has(id) && !other.has(id))
  if (bothRemoved && added(own).join() !== added(other).join()) return undefined
  const kept = slice(ours, region.ours).filter((_, i) => {
    const id = ids.ours[region.ours.start + i] as number
    return !base.has(id) || other.has(id)
  })
  const new_ = slice(theirs, region.theirs).filter((_, i) => {
    const id = ids.theirs[region.theirs.start + i] as number
    return !base.has(id) && !own.has(id)
  })
  return [...kept, ...new_]
}

/** As many items in all three versions, none of which is another one of the version before: the same items, changed. */
function mergePairs(
  all: ThreeWay<readonly Node[]>,
  region: Region,
  { merge, ids, start }: { merge: ItemMerge; ids: ThreeWay<readonly number[]>; start: number },
): readonly Node[] | undefined {
  const length = region.base.end - region.base.start
  if ([region.ours, region.theirs].some((range) => range.end - range.start !== length)) return undefined
  const before = slice(ids.base, region.base)
  const isMoved = (side: readonly number[]) => side.some((id, i) => before.includes(id) && before[i] !== id)
  if (isMoved(slice(ids.ours, region.ours)) || isMoved(slice(ids.theirs, region.theirs))) return undefined
  return before.flatMap((_, i) => {
    const versions = {
      base: all.base[region.base.start + i],
      ours: all.ours[region.ours.start + i],
      theirs: all.theirs[region.theirs.start + i],
    }
    return merge.item(versions, { index: start + i }) ?? []
  })
}

/** Both sides may have put the same value into different places. */
function once(items: readonly Node[], idOf: (node: Node) => number): readonly Node[] {
  return [...new Map(items.map((item) => [idOf(item), item])).values()]
}

function slice<T>(list: readonly T[], { start, end }: Range): readonly T[] {
  return list.slice(start, end)
}
