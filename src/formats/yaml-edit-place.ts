import type { Comment, Document, Entry, Node, Span } from '../core/tree.ts'
import { columnOf, lineEnd, nextToken } from './yaml-edit-lines.ts'
import type { YamlDocument, YamlEntry, YamlLeaf, YamlList, YamlMap } from './yaml-nodes.ts'

export type Container = YamlMap | YamlList
/** An entry of a map or an item of a list. */
export type Content = YamlEntry | Node

/** A tag or an anchor in front of a node. */
export interface Property extends Span {
  readonly kind: 'tag' | 'anchor'
}

/** Where a node stands, and what belongs to it there. */
export interface Place {
  readonly node: Node
  /** Undefined for the root. */
  readonly parent: Container | undefined
  /** Inside of `[ ]` or `{ }`. */
  readonly flow: boolean
  /** Column of the block that the node stands in; -1 for the root. Of no meaning in flow style. */
  readonly column: number
  /** Where its entry or item starts: the `-`, the key or what stands in front of it. */
  readonly start: number
  /** Behind the `:` or `-` that it follows, or the marker of its document. */
  readonly after: number
  /** It is the value of a key that has no colon: `{a}`, `? a`. */
  readonly bare: boolean
  /** In the order of the text. */
  readonly properties: readonly Property[]
  /** Where the last property ends, or `after`. */
  readonly ready: number
}

export function isContainer(node: Node): node is Container {
  return node.kind === 'map' || node.kind === 'list'
}

/** The entries or items of a collection, without comments. */
export function contentsOf({ items }: Container): readonly Content[] {
  return (items as readonly (Content | Comment)[]).filter((item) => item.kind !== 'comment')
}

export function nodeOf(item: Entry | Node): Node {
  return item.kind === 'entry' ? item.value : item
}

/** A map of one entry in a list, `[a: b]`, that has no braces. */
export function isPair(text: string, node: Node): boolean {
  return node.kind === 'map' && node.flow && text.charAt(node.start) !== '{'
}

export function rootPlace(text: string, document: Document): Place {
  const start = contentStart(text, document as YamlDocument)
  return place(text, document.root as Node, { parent: undefined, flow: false, column: -1, start, after: start })
}

/** The place of one entry or item. `outer` is the place of the collection. */
export function placeIn(text: string, outer: Place, index: number): Place {
  const parent = outer.node as Container
  const item = contentsOf(parent)[index] as Content
  const start = itemStart(text, outer, index)
  const context = { parent, flow: parent.flow, column: columnOf(text, parent.start), start }
  if (item.kind !== 'entry') return place(text, item, { ...context, after: parent.flow ? start : start + 1 })
  const bare = isBare(text, item)
  const after = bare ? item.keySpan.end : nextToken(text, item.keySpan.end) + 1
  return place(text, item.value, { ...context, after, bare })
}

type Context = Pick<Place, 'parent' | 'flow' | 'column' | 'start' | 'after'> & { readonly bare?: boolean }

function place(text: string, node: Node, context: Context): Place {
  const properties = hasProperties(node) ? readProperties(text, context.after, tokenStart(node)) : []
  return { node, bare: false, ...context, properties, ready: properties.at(-1)?.end ?? context.after }
}

/** Where an entry or item of a collection starts. */
function itemStart(text: string, { node, start }: Place, index: number): number {
  const container = node as Container
  if (isPair(text, container)) return start
  if (index === 0) return container.flow ? nextToken(text, container.start + 1) : container.start
  const next = nextToken(text, itemEnd(text, contentsOf(container)[index - 1] as Content))
  return container.flow ? nextToken(text, next + 1) : next
}

/** Where an entry or item ends, without the comments behind it. */
export function itemEnd(text: string, item: Content): number {
  if (item.kind === 'entry') return isBare(text, item) ? item.keySpan.end : itemEnd(text, item.value)
  if (isContainer(item) && (!item.flow || isPair(text, item))) {
    const last = contentsOf(item).at(-1)
    return last === undefined ? item.end : itemEnd(text, last)
  }
  return isContainer(item) || item.kind === 'alias' ? item.end : leafEnd(text, item as YamlLeaf)
}

/** The end of a block scalar without any line is that of its header, unless its blank lines are its value. */
function leafEnd(text: string, leaf: YamlLeaf): number {
  const { valueStart, end } = leaf
  if (!isBlockScalar(leaf)) return end
  const headerEnd = lineEnd(text, valueStart)
  const blank = text.slice(headerEnd, end).trim() === ''
  const keeps = text.slice(valueStart, headerEnd).includes('+')
  return blank && (!keeps || end === text.length) ? headerEnd : end
}

/** Where an entry or item ends with all comments that are part of its collections. */
export function itemExtent(text: string, item: Content): number {
  const node = nodeOf(item)
  if (!isContainer(node) || node.flow) return itemEnd(text, item)
  const last = contentsOf(node).at(-1)
  const comment = node.items.at(-1)
  const end = last === undefined ? node.end : itemExtent(text, last)
  return comment?.kind === 'comment' ? Math.max(end, comment.end) : end
}

/** Where the token of a node starts, without its properties. */
export function tokenStart(node: Node): number {
  return node.kind === 'leaf' ? (node as YamlLeaf).valueStart : node.start
}

function isBare(text: string, { keySpan, value }: YamlEntry): boolean {
  if (!isEmpty(value) || hasProperties(value)) return false
  const at = nextToken(text, keySpan.end)
  return text.charAt(at) !== ':' || tokenStart(value) !== at + 1
}

export function isEmpty(node: Node): boolean {
  return node.kind === 'leaf' && (node as YamlLeaf).style === 'empty'
}

export function isBlockScalar(node: Node): boolean {
  const { style } = node as YamlLeaf
  return node.kind === 'leaf' && (style === 'literal' || style === 'folded')
}

function hasProperties(node: Node): boolean {
  if (node.kind === 'alias') return false
  if (isContainer(node)) return node.outerStart !== node.start
  const { tag, anchor } = node as YamlLeaf
  return tag !== undefined || anchor !== undefined
}

/** A verbatim tag, or what goes on to white space or a bracket. */
const PROPERTY = /!<[^>]*>|[!&][^\s,[\]{}]*/y

function readProperties(text: string, from: number, end: number): readonly Property[] {
  const properties: Property[] = []
  for (let at = nextToken(text, from); at < end; at = nextToken(text, at)) {
    PROPERTY.lastIndex = at
    const [property] = PROPERTY.exec(text) ?? []
    if (property === undefined) break
    properties.push({ kind: property.startsWith('&') ? 'anchor' : 'tag', start: at, end: at + property.length })
    at += property.length
  }
  return properties
}

/** Where the content of a document may start: behind its marker. */
function contentStart(text: string, { start, explicitStart }: YamlDocument): number {
  const marker = explicitStart ? /^---(?=\s|$)/gm : /^\.\.\.(?=\s|$)/gm
  marker.lastIndex = start
  const at = explicitStart || text.startsWith('...', nextToken(text, start)) ? marker.exec(text)?.index : undefined
  return at === undefined ? start : at + 3
}
