import { KmsfileError } from '../errors.ts'
import { activeComments, commentsFirst } from './active-comments.ts'
import type { Selection } from './selection.ts'
import type { Alias, Comment, Document, Leaf, Node } from './tree.ts'

/** Most nodes that the expansion of aliases may add to a file. sops dies of some files that exceed it. */
export const MAX_EXPANDED_NODES = 200_000
/** So many UTF-16 units of a key or value count as one more node. */
const NODE_CHARS = 256
const MAX_DEPTH = 1000

/** Where a walk stands. The object is reused: copy what you keep. */
export interface Place {
  /** Keys from the root of the document, without list indices: what associated data is made of. */
  readonly keys: readonly string[]
  /** `associatedData(keys)`, made once a container. */
  readonly associatedData: string
  /** Whether the selector encrypts what stands here. */
  readonly secret: boolean
  /** Whether a list holds it. */
  readonly inList: boolean
  /** Whether it is reached through an alias, so that its text stands elsewhere. */
  readonly aliased: boolean
}

/** What a walk meets, in the order of the text. Aliases are met as what they refer to. */
export interface Visitor {
  startDocument?(index: number): void
  endDocument?(): void
  /** `secret` of a container: whether a value right below it would be encrypted. */
  startMap?(place: Place, empty: boolean): void
  key?(key: string): void
  endMap?(): void
  startList?(place: Place, empty: boolean): void
  endList?(): void
  leaf(leaf: Leaf, place: Place): void
  /** True: the walk does not look at what the alias refers to. */
  alias?(alias: Alias, place: Place): boolean
  comment?(comment: Comment, place: Place): void
}

interface MutablePlace {
  keys: string[]
  associatedData: string
  secret: boolean
  inList: boolean
  aliased: boolean
}

/**
 * Walks documents depth first, in the order in which sops hashes them. `skipRootKey` leaves out the entry of that name
 * in the root map of each document: the envelope;
 * `skipNodes` leaves out nodes, with their keys.
 *
 * @throws KmsfileError `FORMAT_TOO_MANY_ALIASES` where expansion exceeds {@link MAX_EXPANDED_NODES}.
 */
export function walk(
  documents: readonly Document[],
  visitor: Visitor,
  {
    selection,
    skipRootKey,
    skipNodes,
  }: { selection: Selection; skipRootKey?: string | undefined; skipNodes?: ReadonlySet<Node> | undefined },
): void {
  const expand = startExpansion()
  const active = activeComments(selection)
  const place: MutablePlace = { keys: [], associatedData: ':', secret: false, inList: false, aliased: false }

  // Comments in front of a root map; to sops its first items, which count for its first value.
  let head: readonly Comment[] = []

  for (const [index, document] of documents.entries()) {
    const { root, comments } = document
    visitor.startDocument?.(index)
    place.secret = active?.selects() ?? selection.selects(false)
    head = active !== undefined && root?.kind === 'map' ? comments.filter(({ start }) => start < root.start) : []
    for (const comment of comments) if (!head.includes(comment)) visitor.comment?.(comment, place)
    if (root !== undefined) visit(root, false, 0)
    visitor.endDocument?.()
  }

  function visit(node: Node, matched: boolean, depth: number): void {
    if (depth > MAX_DEPTH) throw tooManyAliases()
    if (place.aliased) expand(node.kind === 'leaf' ? node.text.length : 0)
    place.secret = active?.selects() ?? selection.selects(matched)
    switch (node.kind) {
      case 'leaf':
        visitor.leaf(node, place)
        return
      case 'alias': {
        if (visitor.alias?.(node, place) === true) return
        const outer = place.aliased
        place.aliased = true
        visit(node.target, matched, depth + 1)
        place.aliased = outer
        return
      }
      case 'map':
        visitMap(node, matched, depth)
        return
      case 'list':
        visitList(node, matched, depth)
        return
      default:
        node satisfies never
    }
  }

  function visitMap(node: Extract<Node, { kind: 'map' }>, matched: boolean, depth: number): void {
    const { associatedData, inList } = place
    const prefix = place.keys.length === 0 ? '' : associatedData
    visitor.startMap?.(place, node.items.length === 0)
    place.inList = false
    active?.open()
    const items = depth === 0 && head.length > 0 ? [...head, ...node.items] : node.items
    for (const item of active === undefined ? items : commentsFirst(items)) {
      if (item.kind === 'comment') {
        if (place.aliased) expand(item.text.length)
        place.secret = active?.meet(item) ?? selection.selects(matched)
        visitor.comment?.(item, place)
        continue
      }
      if (depth === 0 && item.key === skipRootKey) continue
      if (skipNodes?.has(item.value) === true) continue
      if (place.aliased) expand(item.key.length)
      visitor.key?.(item.key)
      place.keys.push(item.key)
      place.associatedData = `${prefix}${item.key}:`
      visit(item.value, matched || (!selection.byComment && selection.matches(item.key)), depth + 1)
      place.keys.pop()
      place.associatedData = associatedData
      active?.pass()
    }
    active?.close()
    place.inList = inList
    visitor.endMap?.()
  }

  function visitList(node: Extract<Node, { kind: 'list' }>, matched: boolean, depth: number): void {
    const { inList } = place
    visitor.startList?.(place, node.items.length === 0)
    place.inList = true
    active?.open()
    for (const item of active === undefined ? node.items : commentsFirst(node.items)) {
      if (item.kind === 'comment') {
        if (place.aliased) expand(item.text.length)
        place.secret = active?.meet(item) ?? selection.selects(matched)
        visitor.comment?.(item, place)
        continue
      }
      if (skipNodes?.has(item) !== true) visit(item, matched, depth + 1)
      active?.pass(item)
    }
    active?.close()
    place.inList = inList
    visitor.endList?.()
  }
}

/**
 * Counts what aliases add to a file: a call a node or key, with the length of its text.
 *
 * @throws KmsfileError `FORMAT_TOO_MANY_ALIASES` beyond {@link MAX_EXPANDED_NODES}.
 */
export function startExpansion(): (chars: number) => void {
  let nodes = 0
  return (chars) => {
    nodes += 1 + Math.floor(chars / NODE_CHARS)
    if (nodes > MAX_EXPANDED_NODES) throw tooManyAliases()
  }
}

function tooManyAliases(): KmsfileError {
  return new KmsfileError('the aliases of this file expand to too much', {
    code: 'FORMAT_TOO_MANY_ALIASES',
    hint: 'write the repeated parts out, or split the file',
  })
}
