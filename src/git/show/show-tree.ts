import { difference } from '../../core/merge-diff.ts'
import { entriesOf, type Identity, itemsOf, nameOf, startIdentity } from '../../core/merge-identity.ts'
import { nameOfItem } from '../../core/merge-lists.ts'
import type { Document, Leaf, ListNode, MapNode, Node } from '../../core/tree.ts'
import { idOf, type TreePlace } from '../../operations/tree-changes.ts'

/** A value, or a container with nothing in it. */
export type ShownValue = Pick<Leaf, 'type' | 'text'> | { readonly type: 'map' | 'list'; readonly text: '' }

/** One difference between two versions, with its values. */
export type ValueChange = TreePlace &
  (
    | { readonly kind: 'added' | 'removed'; readonly value: ShownValue }
    | { readonly kind: 'changed'; readonly from: ShownValue; readonly to: ShownValue }
    /** Of a map or a list as a whole, there is no value. */
    | { readonly kind: 'moved'; readonly from: TreePlace; readonly value: ShownValue | undefined }
    | { readonly kind: 'reordered' }
  )

/** More differences than this are not looked for: aliases can stand for more values than anybody reads. */
export const MAX_CHANGES = 10_000

type Resolved = Leaf | MapNode | ListNode
type Walk = { readonly identity: Identity; readonly changes: ValueChange[] }
type Places = readonly [old: TreePlace, now: TreePlace]

/**
 * What differs between two versions, key by key. Items of lists are the same where they have the same name, or say the same; one
 * that stands elsewhere in its list has moved, and one value of its kind that went from one key to another has, too.
 */
export function treeDifferences(before: readonly Document[], after: readonly Document[]): readonly ValueChange[] {
  const walk: Walk = { identity: startIdentity(), changes: [] }
  walk.identity.add(before)
  walk.identity.add(after)
  for (let document = 0; document < Math.max(before.length, after.length); document++) {
    const place: TreePlace = { document, path: [] }
    const [old, now] = [before[document]?.root, after[document]?.root]
    if (old === undefined) addAll(walk, 'added', now, place)
    else if (now === undefined) addAll(walk, 'removed', old, place)
    else compareNodes(walk, [old, now], [place, place])
  }
  return withMoves(walk.changes)
}

/** What is left of a node behind its aliases. */
function resolved(node: Node): Resolved {
  let found = node
  while (found.kind === 'alias') found = found.target
  return found
}

function compareNodes(walk: Walk, [old, now]: readonly [Node, Node], places: Places): void {
  if (isFull(walk) || walk.identity.same(old, now)) {
    const [a, b] = [resolved(old), resolved(now)]
    // The order of keys is none of what a node says.
    if (!isFull(walk) && a.kind === b.kind && a.kind !== 'leaf') compareOrder(walk, [a, b as typeof a], places)
    return
  }
  const [a, b] = [resolved(old), resolved(now)]
  if (a.kind === 'map' && b.kind === 'map' && a.items.length > 0 && b.items.length > 0)
    compareMaps(walk, [a, b], places)
  else if (a.kind === 'list' && b.kind === 'list' && a.items.length > 0 && b.items.length > 0)
    compareLists(walk, [itemsOf(a), itemsOf(b)], places)
  else {
    const [from, to] = [shownValue(a), shownValue(b)]
    if (from !== undefined && to !== undefined) walk.changes.push({ ...places[1], kind: 'changed', from, to })
    else {
      addAll(walk, 'removed', a, places[0])
      addAll(walk, 'added', b, places[1])
    }
  }
}

/** Keys by name; of several with the same name, each by its turn. */
function keyed(map: MapNode): ReadonlyMap<string, Node> {
  const found = new Map<string, Node>()
  for (const entry of entriesOf(map)) {
    let name = nameOf(entry)
    while (found.has(name)) name += '\0'
    found.set(name, entry.value)
  }
  return found
}

function compareMaps(walk: Walk, [old, now]: readonly [MapNode, MapNode], [oldPlace, place]: Places): void {
  const [before, after] = [keyed(old), keyed(now)]
  for (const [name, node] of before) if (!after.has(name)) addAll(walk, 'removed', node, below(oldPlace, keyOf(name)))
  for (const [name, node] of after) {
    const known = before.get(name)
    const own = below(place, keyOf(name))
    if (known === undefined) addAll(walk, 'added', node, own)
    else compareNodes(walk, [known, node], [below(oldPlace, keyOf(name)), own])
  }
  noteOrder(walk, [before, after], place)
}

function keyOf(name: string): string {
  return name.replace(/\0+$/, '')
}

function noteOrder(
  walk: Walk,
  [before, after]: readonly [ReadonlyMap<string, Node>, ReadonlyMap<string, Node>],
  place: TreePlace,
): void {
  const [left, right] = [[...before.keys()].filter((k) => after.has(k)), [...after.keys()].filter((k) => before.has(k))]
  if (left.some((name, i) => name !== right[i])) walk.changes.push({ ...place, kind: 'reordered' })
}

/** Of two nodes that say the same. */
function compareOrder(walk: Walk, nodes: readonly [MapNode | ListNode, MapNode | ListNode], places: Places): void {
  const [old, now] = nodes
  if (old === now) return
  if (old.kind === 'map' && now.kind === 'map') {
    const [before, after] = [keyed(old), keyed(now)]
    noteOrder(walk, [before, after], places[1])
    for (const [name, node] of after)
      stepInto(walk, [before.get(name), node], [below(places[0], name), below(places[1], name)])
  } else if (old.kind === 'list' && now.kind === 'list') {
    const [before, after] = [itemsOf(old), itemsOf(now)]
    for (const [i, node] of after.entries())
      stepInto(walk, [before[i], node], [below(places[0], i), below(places[1], i)])
  }
}

/** Only where there are keys below: a leaf has no order, and an alias is looked at where it refers to. */
function stepInto(walk: Walk, [old, now]: readonly [Node | undefined, Node], places: Places): void {
  if (isFull(walk) || old === undefined || old.kind !== now.kind) return
  if (now.kind === 'map' || now.kind === 'list') compareOrder(walk, [old as typeof now, now], places)
}

/** Names of all items, where each has one of its own. */
function namesOf(items: readonly Node[]): readonly string[] | undefined {
  const names = items.map((item) => nameOfItem(resolved(item)))
  const known = names.filter((name) => name !== undefined)
  return known.length === items.length && new Set(known).size === items.length ? known : undefined
}

function compareLists(
  walk: Walk,
  [old, now]: readonly [readonly Node[], readonly Node[]],
  [oldPlace, place]: Places,
): void {
  const names = [namesOf(old), namesOf(now)] as const
  const areNamed = names[0] !== undefined && names[1] !== undefined
  const ids = numbered(
    areNamed ? [names[0] ?? [], names[1] ?? []] : [old.map(walk.identity.of), now.map(walk.identity.of)],
  )
  const changed = difference(...ids)
  const pairs = changed === undefined ? pairsInTurn(old, now) : pairsOf(ids, changed)
  for (const { i, j, moved } of pairs) {
    const places: Places = [below(oldPlace, i ?? 0), below(place, j ?? 0)]
    const [a, b] = [i === undefined ? undefined : old[i], j === undefined ? undefined : now[j]]
    if (a === undefined || b === undefined)
      addAll(walk, a === undefined ? 'added' : 'removed', a ?? b, places[a === undefined ? 1 : 0])
    else {
      if (moved) walk.changes.push({ ...places[1], kind: 'moved', from: places[0], value: shownValue(resolved(b)) })
      compareNodes(walk, [a, b], places)
    }
  }
}

function numbered(lists: readonly [readonly (string | number)[], readonly (string | number)[]]): [number[], number[]] {
  const numbers = new Map<string | number, number>()
  const of = (item: string | number) => {
    const number = numbers.get(item) ?? numbers.size
    numbers.set(item, number)
    return number
  }
  return [lists[0].map(of), lists[1].map(of)]
}

interface Pair {
  /** Index in the old list; undefined for what came. */
  readonly i: number | undefined
  readonly j: number | undefined
  readonly moved: boolean
}

function pairsInTurn(old: readonly Node[], now: readonly Node[]): readonly Pair[] {
  return Array.from({ length: Math.max(old.length, now.length) }, (_, n) => ({
    i: n < old.length ? n : undefined,
    j: n < now.length ? n : undefined,
    moved: false,
  }))
}

/** Items that stay, that moved, and in each gap between those that stay, what went and what came in its place, in turn. */
function pairsOf(
  [left, right]: readonly [readonly number[], readonly number[]],
  changed: { left: Uint8Array; right: Uint8Array },
): readonly Pair[] {
  const gone = new Map<number, number[]>()
  // From the end, so that the first is the next to be taken.
  for (let i = left.length - 1; i >= 0; i--) {
    if (changed.left[i] !== 1) continue
    const id = left[i] as number
    const known = gone.get(id)
    if (known === undefined) gone.set(id, [i])
    else known.push(i)
  }
  const origin = new Map<number, number>()
  for (const [j, id] of right.entries()) {
    const from = changed.right[j] === 1 ? gone.get(id)?.pop() : undefined
    if (from !== undefined) origin.set(j, from)
  }
  const away = new Set(origin.values())
  const pairs: Pair[] = []
  let [i, j] = [0, 0]
  while (i < left.length || j < right.length) {
    const [went, came]: [number[], number[]] = [[], []]
    for (; changed.left[i] === 1; i++) if (!away.has(i)) went.push(i)
    for (; changed.right[j] === 1; j++) {
      const from = origin.get(j)
      if (from === undefined) came.push(j)
      else pairs.push({ i: from, j, moved: true })
    }
    for (let n = 0; n < Math.max(went.length, came.length); n++) pairs.push({ i: went[n], j: came[n], moved: false })
    if (i < left.length && j < right.length) pairs.push({ i, j, moved: false })
    i++
    j++
  }
  return pairs
}

/** The value of a leaf or of an empty container. */
function shownValue(node: Resolved): ShownValue | undefined {
  if (node.kind === 'leaf') return node
  return node.items.every(({ kind }) => kind === 'comment') ? { type: node.kind, text: '' } : undefined
}

function addAll(walk: Walk, kind: 'added' | 'removed', start: Node | undefined, place: TreePlace): void {
  if (start === undefined || isFull(walk)) return
  const node = resolved(start)
  const value = shownValue(node)
  if (value !== undefined) walk.changes.push({ ...place, kind, value })
  else if (node.kind === 'map')
    for (const { key, value: inner } of entriesOf(node)) addAll(walk, kind, inner, below(place, key))
  else if (node.kind === 'list')
    for (const [i, inner] of itemsOf(node).entries()) addAll(walk, kind, inner, below(place, i))
}

function isFull({ changes }: Walk): boolean {
  return changes.length >= MAX_CHANGES
}

function below({ document, path }: TreePlace, step: string | number): TreePlace {
  return { document, path: [...path, step] }
}

/** Shorter texts are the same by chance. */
const MIN_MOVED_CHARS = 4

/** A value that went, and one that came, are one that moved where no other of the same content did either. */
function withMoves(changes: readonly ValueChange[]): readonly ValueChange[] {
  const of = (kind: 'added' | 'removed') => {
    const found = new Map<string, ValueChange | undefined>()
    for (const change of changes) {
      if (change.kind !== kind || change.value.text.length < MIN_MOVED_CHARS) continue
      const content = `${change.value.type} ${change.value.text}`
      found.set(content, found.has(content) ? undefined : change)
    }
    return found
  }
  const removed = of('removed')
  const origins = new Map<ValueChange, ValueChange>()
  for (const [content, change] of of('added')) {
    const from = removed.get(content)
    if (change !== undefined && from !== undefined) origins.set(change, from)
  }
  const gone = new Set(origins.values())
  return changes
    .filter((change) => !gone.has(change))
    .map((change) => {
      const from = origins.get(change)
      if (from === undefined || change.kind !== 'added') return change
      const { document, path, value } = change
      return { document, path, kind: 'moved', from: { document: from.document, path: from.path }, value }
    })
}

/** Tells changes apart by where they are. */
export function changeId(change: ValueChange): string {
  return `${change.kind === 'reordered' ? 'order' : ''}${idOf(change)}`
}
