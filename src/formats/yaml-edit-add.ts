import type { Comment, Entry, Node } from '../core/tree.ts'
import type { Edit, PlainValue } from './format.ts'
import type { Layout } from './yaml-edit-layout.ts'
import {
  beforeSpaces,
  columnOf,
  endsLine,
  lineBreakNear,
  lineEnd,
  lineStart,
  nextToken,
  startsLine,
} from './yaml-edit-lines.ts'
import {
  type Container,
  type Content,
  contentsOf,
  isContainer,
  isPair,
  itemEnd,
  itemExtent,
  nodeOf,
  type Place,
  placeIn,
} from './yaml-edit-place.ts'
import { printEntry, printItem, printLine, printPair } from './yaml-edit-print.ts'
import { isJson } from './yaml-edit-replace.ts'
import type { YamlLeaf } from './yaml-nodes.ts'

/** What is added to a collection: a list takes the value alone. */
export interface Addition {
  readonly key: string | undefined
  readonly value: PlainValue
}

/**
 * Ways to add an entry or item behind the last one of a collection, the best first: for what stands in front of it
 * may be read another way once something follows.
 */
export function additions(text: string, place: Place, added: Addition, layout: Layout): Edit[][] {
  const container = place.node as Container
  if (container.flow) return [addInFlow(text, place, added)]
  const last = contentsOf(container).at(-1) as Content
  const end = endOfLast(text, container)
  const lines = printAdded(text, place, added, { ...layout, eol: lineBreakNear(text, end) ?? layout.eol })
  const edit = { start: end, end, text: lines }
  const ended = endBlock(text, last, end)
  return ended === undefined ? [[edit]] : [[edit], [ended, edit]]
}

/** The end of the last line of a block collection, with the comments behind it that are indented deeper. */
function endOfLast(text: string, container: Container): number {
  const items = container.items as readonly (Entry | Node | Comment)[]
  const index = items.findLastIndex(({ kind }) => kind !== 'comment')
  let end = itemExtent(text, items[index] as Content)
  for (const comment of items.slice(index + 1) as readonly Comment[]) {
    if (columnOf(text, comment.start) <= columnOf(text, container.start)) break
    end = Math.max(end, comment.end)
  }
  return lineEnd(text, end)
}

function printAdded(text: string, place: Place, { key, value }: Addition, layout: Layout): string {
  const column = columnOf(text, place.node.start)
  const lines =
    key === undefined
      ? printItem(value, { column, layout, gap: dashGap(text, place) })
      : printEntry(key, value, { column, layout })
  return ['', ...lines].join(layout.eol)
}

/** The number of spaces behind the last dash of a list. */
function dashGap(text: string, place: Place): number {
  const { after } = placeIn(text, place, contentsOf(place.node as Container).length - 1)
  const gap = /^ +(?=[^ \r\n#])/.exec(text.slice(after, lineEnd(text, after)))?.[0].length
  return gap ?? 1
}

/**
 * A block scalar at the end of a text without a final line break ends without one for go-yaml, whatever its header says.
 * If a line is to follow, the header has to say so.
 */
function endBlock(text: string, last: Content, end: number): Edit | undefined {
  let node = nodeOf(last)
  while (isContainer(node)) {
    const item = contentsOf(node).at(-1)
    if (item === undefined) return undefined
    node = nodeOf(item)
  }
  if (end < text.length || node.kind !== 'leaf' || node.text.endsWith('\n')) return undefined
  const { valueStart } = node as YamlLeaf
  const header = /^([|>])([-+]?)(\d?)([-+]?)/.exec(text.slice(valueStart, valueStart + 3))
  if (header === null || header[2] === '-' || header[4] === '-') return undefined
  return { start: valueStart, end: valueStart + header[0].length, text: `${header[1]}${header[3]}-` }
}

function addInFlow(text: string, place: Place, added: Addition): Edit[] {
  const container = place.node as Container
  const printed = printInFlow(text, place, added)
  const last = contentsOf(container).at(-1) as Content
  const end = itemEnd(text, last)
  if (isPair(text, container)) return [insert(place.start, '{'), insert(end, `, ${printed}}`)]
  const { start } = placeIn(text, place, contentsOf(container).length - 1)
  if (!startsLine(text, start) || lineStart(text, start) <= container.start) return [insert(end, `, ${printed}`)]

  const line = `${lineBreakNear(text, end) ?? '\n'}${text.slice(beforeSpaces(text, start), start)}${printed}`
  const comma = nextToken(text, end)
  if (text.charAt(comma) === ',') {
    return endsLine(text, comma + 1) ? [insert(lineEnd(text, comma), `${line},`)] : [insert(comma + 1, ` ${printed},`)]
  }
  return endsLine(text, end) ? [insert(end, ','), insert(lineEnd(text, end), line)] : [insert(end, `,${line}`)]
}

function printInFlow(text: string, place: Place, { key, value }: Addition): string {
  const context = { flow: true, json: isJson(text, place) }
  return key === undefined ? printLine(value, context) : printPair(key, value, context)
}

/** Edits that put the first item into brackets; comments in them stay. */
export function fillBrackets(text: string, place: Place, added: Addition): Edit[] {
  const { start, end } = place.node
  const printed = printInFlow(text, place, added)
  if (text.slice(start + 1, end - 1).trim() !== '') return [insert(end - 1, printed)]
  return [{ start: start + 1, end: end - 1, text: printed }]
}

/** Edits that give a document without any its first node. */
export function addRoot(text: string, end: number, lines: readonly string[], eol: string): Edit[] {
  const before = end > lineStart(text, end) ? eol : ''
  const isOpen = end === text.length && text !== '' && !text.endsWith('\n')
  return [insert(end, `${before}${lines.join(eol)}${isOpen ? '' : eol}`)]
}

function insert(offset: number, text: string): Edit {
  return { start: offset, end: offset, text }
}
