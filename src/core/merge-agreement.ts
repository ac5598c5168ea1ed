import type { MergedTrees } from './merge.ts'
import { entriesOf, hasDoubles, itemsOf, nameOf } from './merge-identity.ts'
import { nameOfItem } from './merge-lists.ts'
import type { Document, ListNode, MapNode, Node } from './tree.ts'

/** Whether a text whose tree this is says what the merge of the trees says, in the sense of {@link isAs}. */
export function agrees(documents: readonly Document[], merged: MergedTrees): boolean {
  const { roots, identity } = merged
  identity.add(documents)
  return (
    documents.length === roots.length &&
    documents.every(({ root }, i) => isAs(root ?? EMPTY, roots[i] ?? EMPTY, merged))
  )
}

/**
 * Whether a node says what a node of a merge says. The order of keys is left to the text, and so is where items stand in a list
 * that both sides changed, if they are known by their names or values.
 */
export function isAs(node: Node, wanted: Node, merged: Pick<MergedTrees, 'identity' | 'lists'>): boolean {
  if (node.kind === 'map' && wanted.kind === 'map') return isAsMap(node, wanted, merged)
  if (node.kind === 'list' && wanted.kind === 'list') return isAsList(node, wanted, merged)
  return merged.identity.same(node, wanted)
}

function isAsMap(node: MapNode, wanted: MapNode, merged: Pick<MergedTrees, 'identity' | 'lists'>): boolean {
  if (merged.identity.same(node, wanted)) return true
  if (hasDoubles(node) || hasDoubles(wanted)) return false
  const values = new Map(entriesOf(wanted).map((entry) => [nameOf(entry), entry.value]))
  const entries = entriesOf(node)
  return (
    entries.length === values.size &&
    entries.every((entry) => {
      const value = values.get(nameOf(entry))
      return value !== undefined && isAs(entry.value, value, merged)
    })
  )
}

function isAsList(node: ListNode, wanted: ListNode, merged: Pick<MergedTrees, 'identity' | 'lists'>): boolean {
  const { identity, lists } = merged
  const [has, needs] = [itemsOf(node), itemsOf(wanted)]
  const kind = lists.get(wanted)
  if (kind === 'values') {
    const [ids, others] = [has, needs].map((items) => [...new Set(items.map(identity.of))].sort().join())
    return ids === others
  }
  if (has.length !== needs.length) return false
  if (kind !== 'named') return has.every((item, i) => isAs(item, needs[i] as Node, merged))
  const byName = new Map(needs.map((item) => [nameOfItem(item), item]))
  return has.every((item) => {
    const other = byName.get(nameOfItem(item))
    return other !== undefined && isAs(item, other, merged)
  })
}

const EMPTY: MapNode = { kind: 'map', flow: false, items: [], start: 0, end: 0 }
