import { printPath } from '../core/path.ts'
import type { Document, ListNode, MapNode, Node, Path, ScalarType, Span } from '../core/tree.ts'

/** Where something stands in a file of one or more documents. */
export interface TreePlace {
  /** Index of the document. */
  readonly document: number
  readonly path: Path
}

/** A value, or a container with nothing in it. */
export interface PlacedValue extends TreePlace {
  readonly type: ScalarType | 'map' | 'list'
  readonly text: string
  /** Where its keys and the value itself stand in the text. */
  readonly spans: readonly Span[]
}

/** A plaintext tree to be compared. */
export interface Tree {
  readonly documents: readonly Document[]
  /** The text it was found in, where its spelling counts. */
  readonly text?: string | undefined
}

/** What became of a property that a node may have or not. */
export type PropertyDifference = 'new' | 'gone' | 'other'

/** One difference between two trees. It says where and of what kind, never what the value is. */
export type TreeChange = TreePlace &
  (
    | { readonly kind: 'added' | 'removed' | 'changed' | 'retyped' | 'respelled' | 'reordered' }
    | { readonly kind: 'moved'; readonly from: TreePlace }
    // Its tag, its anchor, or what it refers to; `compareProperties` finds these.
    | {
        readonly kind: 'retagged' | 'reanchored' | 'realiased'
        readonly how: PropertyDifference
        /** It is the key that has the tag or the anchor. */
        readonly ofKey?: boolean
      }
    | { readonly kind: 'directives' }
  )

/** A path as people read it; the document is named from the second on. */
export function printPlace({ document, path }: TreePlace): string {
  return document === 0 ? printPath(path) : `${printPath(path)} (document ${document + 1})`
}

/** Tells places apart. */
export function idOf({ document, path }: TreePlace): string {
  return JSON.stringify([document, ...path])
}

/** Every leaf with its path, in the order in which a walk meets them. */
export function leavesOf(documents: readonly Document[]): readonly (PlacedValue & { readonly type: ScalarType })[] {
  return layoutOf(documents).values.filter(isLeaf)
}

/**
 * What a reader of two trees would see: values added, removed and changed, of another type, spelled in another way,
 * moved (one value of this kind went, one came), and maps whose keys have another order.
 */
export function compareTrees(before: Tree, after: Tree): readonly TreeChange[] {
  const [old, now] = [layoutOf(before.documents), layoutOf(after.documents)]
  const oldValues = new Map(old.values.map((value) => [idOf(value), value]))
  const nowIds = new Set(now.values.map(idOf))
  const removed = old.values.filter((value) => !nowIds.has(idOf(value)))
  const origins = originsOf(
    removed,
    now.values.filter((value) => !oldValues.has(idOf(value))),
  )
  const moved = new Set(origins.values())

  const changes: TreeChange[] = removed.filter((value) => !moved.has(value)).map((value) => at(value, 'removed'))
  for (const value of now.values) {
    const known = oldValues.get(idOf(value))
    const from = origins.get(value)
    if (from !== undefined) changes.push({ ...placeOf(value), kind: 'moved', from: placeOf(from) })
    else if (known === undefined) changes.push(at(value, 'added'))
    else if (known.type !== value.type) changes.push(at(value, 'retyped'))
    else if (known.text !== value.text) changes.push(at(value, 'changed'))
    else if (spelling(known, before) !== spelling(value, after)) changes.push(at(value, 'respelled'))
  }
  for (const [id, { place, keys }] of now.maps) {
    const others = old.maps.get(id)?.keys
    if (others !== undefined && !sameOrder(others, keys)) changes.push(at(place, 'reordered'))
  }
  return changes

  // Where one of the two texts is not known, no spelling is.
  function spelling({ spans }: PlacedValue, { text }: Tree): string | undefined {
    if (text === undefined || before.text === undefined || after.text === undefined) return undefined
    return spans.map(({ start, end }) => text.slice(start, end)).join('\0')
  }
}

function isLeaf(value: PlacedValue): value is PlacedValue & { readonly type: ScalarType } {
  return value.type !== 'map' && value.type !== 'list'
}

interface MapKeys {
  readonly place: TreePlace
  readonly keys: readonly string[]
}

function layoutOf(documents: readonly Document[]) {
  const values: PlacedValue[] = []
  const maps = new Map<string, MapKeys>()
  for (const [document, { root }] of documents.entries()) {
    // To sops a document with nothing in it is an empty map.
    if (root === undefined) values.push({ document, path: [], type: 'map', text: '', spans: [] })
    else visit(root, { document, path: [] }, [])
  }
  return { values, maps }

  function visit(node: Node, place: TreePlace, keys: readonly Span[]): void {
    if (node.kind === 'alias') visit(node.target, place, keys)
    else if (node.kind === 'leaf') {
      values.push({ ...place, type: node.type, text: node.text, spans: [...keys, node] })
    } else visitItems(node, place, keys)
  }

  function visitItems(node: MapNode | ListNode, place: TreePlace, keys: readonly Span[]): void {
    const { document, path } = place
    const names: string[] = []
    let index = 0
    for (const item of node.items) {
      if (item.kind === 'comment') continue
      if (item.kind === 'entry') {
        names.push(item.key)
        visit(item.value, { document, path: [...path, item.key] }, [...keys, item.keySpan])
      } else visit(item, { document, path: [...path, index] }, keys)
      index++
    }
    if (index === 0) values.push({ ...place, type: node.kind, text: '', spans: keys })
    if (node.kind === 'map') maps.set(idOf(place), { place, keys: names })
  }
}

/** For each value that came, the one that went, where exactly one of its kind did both. */
function originsOf(removed: readonly PlacedValue[], added: readonly PlacedValue[]) {
  const gone = alone(removed)
  const origins = new Map<PlacedValue, PlacedValue>()
  for (const [content, value] of alone(added)) {
    const from = gone.get(content)
    if (from !== undefined && value !== undefined) origins.set(value, from)
  }
  return origins
}

function alone(values: readonly PlacedValue[]): Map<string, PlacedValue | undefined> {
  const found = new Map<string, PlacedValue | undefined>()
  for (const value of values) {
    const content = `${value.type}\0${value.text}`
    found.set(content, found.has(content) ? undefined : value)
  }
  return found
}

function sameOrder(a: readonly string[], b: readonly string[]): boolean {
  const [inA, inB] = [new Set(a), new Set(b)]
  const [left, right] = [a.filter((key) => inB.has(key)), b.filter((key) => inA.has(key))]
  return left.every((key, i) => key === right[i])
}

type PlainKind = 'added' | 'removed' | 'changed' | 'retyped' | 'respelled' | 'reordered'

function at({ document, path }: TreePlace, kind: PlainKind): TreeChange {
  return { document, path, kind }
}

function placeOf({ document, path }: TreePlace): TreePlace {
  return { document, path }
}
