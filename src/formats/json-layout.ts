import type { Comment, Entry, ListNode, MapNode, Node, Span } from '../core/tree.ts'
import type { Scanned } from './format.ts'

/** How a value is laid out that stands at some place of a JSON text. */
export interface Layout {
  /** White space at the start of the line that the value stands on; undefined: everything goes on one line. */
  readonly indent: string | undefined
  /** What each level adds to the indentation. */
  readonly unit: string
  readonly eol: string
  /** What stands between a key and its value. */
  readonly colon: string
  /** What stands between two items on one line. */
  readonly comma: string
}

/** The layout of sops: a tab a level. */
export const SOPS_LAYOUT: Layout = { indent: '', unit: '\t', eol: '\n', colon: ': ', comma: ', ' }

export function printMap(members: readonly (readonly [key: string, value: string])[], layout: Layout): string {
  return enclose(
    '{}',
    members.map(([key, value]) => `${key}${layout.colon}${value}`),
    layout,
  )
}

export function printList(items: readonly string[], layout: Layout): string {
  return enclose('[]', items, layout)
}

/** The layout of what stands in a container that is laid out like `layout`. */
export function inside(layout: Layout): Layout {
  return layout.indent === undefined ? layout : { ...layout, indent: layout.indent + layout.unit }
}

/** What comes before an item that follows another one. */
export function separator({ indent, eol, comma }: Layout): string {
  return indent === undefined ? comma : `,${eol}${indent}`
}

/** What comes before an item that is the first, and before a bracket that closes. */
export function lineBreak({ indent, eol }: Layout): string {
  return indent === undefined ? '' : eol + indent
}

/** The root of the one document that a JSON text has. */
export function rootOf(source: Scanned): Node {
  const root = source.documents[0]?.root
  if (root === undefined) throw new TypeError('a JSON text without a value')
  return root
}

/** The layout of the root. `onLines` says whether its members go on lines of their own. */
export function rootLayout(source: Scanned, root: Node, onLines = breaksLines(source.text, root)): Layout {
  const first = isContainer(root) ? root.items[0] : undefined
  const unit = (first && lineIndent(source.text, spanOf(first).start)) ?? SOPS_LAYOUT.unit
  const colon = colonOf(source.text, first) ?? SOPS_LAYOUT.colon
  return { indent: onLines ? '' : undefined, unit, eol: source.eol, colon, comma: commaFor(colon) }
}

/** The layout of an item of a container, taken from how it stands there. `outer` is the container's own. */
export function itemLayout(source: Scanned, container: MapNode | ListNode, index: number, outer: Layout): Layout {
  const { text } = source
  const item = container.items[index]
  if (item === undefined) return inside(outer)
  const { start } = spanOf(item)
  const before = container.items[index - 1]
  const between = before && text.slice(spanOf(before).end, start)
  const colon = colonOf(text, item) ?? outer.colon
  const comma = between === undefined || between.includes('\n') ? commaFor(colon) : between
  return { ...outer, indent: lineIndent(text, start), colon, comma }
}

export function isContainer(node: Node): node is MapNode | ListNode {
  return node.kind === 'map' || node.kind === 'list'
}

/** The range of an item of a container, a member's key included. */
export function spanOf(item: Entry | Node | Comment): Span {
  return item.kind === 'entry' ? { start: item.keySpan.start, end: item.value.end } : item
}

/** The range to remove for an item to be gone, with the comma that it no longer needs; what follows the last stays. */
export function itemCut(container: MapNode | ListNode, index: number): Span {
  const { start, end } = spanOf(container.items[index] as Entry | Node)
  const before = container.items[index - 1]
  if (before !== undefined) return { start: spanOf(before).end, end }
  const after = container.items[index + 1]
  return after === undefined ? { start: container.start + 1, end } : { start, end: spanOf(after).start }
}

export function breaksLines(text: string, { start, end }: Span): boolean {
  const at = text.indexOf('\n', start)
  return at !== -1 && at < end
}

function enclose(brackets: '{}' | '[]', parts: readonly string[], layout: Layout): string {
  const [open, close] = brackets
  if (parts.length === 0) return brackets
  const inner = inside(layout)
  return `${open}${lineBreak(inner)}${parts.join(separator(inner))}${lineBreak(layout)}${close}`
}

/** The white space before `at` on its line; undefined if anything else stands there, or on the first line. */
function lineIndent(text: string, at: number): string | undefined {
  let start = at
  while (start > 0 && ' \t'.includes(text.charAt(start - 1))) start--
  return text.charAt(start - 1) === '\n' ? text.slice(start, at) : undefined
}

function colonOf(text: string, item: Entry | Node | Comment | undefined): string | undefined {
  if (item?.kind !== 'entry') return undefined
  const colon = text.slice(item.keySpan.end, item.value.start)
  return /^[ \t]*:[ \t]*$/.test(colon) ? colon : undefined
}

function commaFor(colon: string): string {
  return colon.endsWith(':') ? ',' : ', '
}
