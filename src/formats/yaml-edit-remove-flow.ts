import type { Span } from '../core/tree.ts'
import type { Edit } from './format.ts'
import {
  afterWhiteSpace,
  beforeSpaces,
  endsLine,
  lineEnd,
  lineStart,
  nextLine,
  nextToken,
  startsLine,
} from './yaml-edit-lines.ts'
import { type Container, type Content, contentsOf, isPair, itemEnd, type Place } from './yaml-edit-place.ts'

/** Edits that remove an entry or item from `[ ]` or `{ }`, with the comma that it no longer needs. */
export function removeInFlow(text: string, { start, parent }: Place, index: number): Edit[] {
  const container = parent as Container
  const items = contentsOf(container)
  const end = itemEnd(text, items[index] as Content)
  if (isPair(text, container)) return [{ start, end, text: '{}' }]
  const item = { start, end, comma: commaBehind(text, end) }
  const before = items[index - 1]
  if (before === undefined && items.length === 1) return cutOnly(text, item, container)

  const isLast = index === items.length - 1
  if (hasOwnLines(text, item) && lineStart(text, start) > container.start) {
    const lines = cut(lineStart(text, start), nextLine(text, item.comma ?? end))
    return item.comma === undefined ? [cutComma(text, before), lines] : [lines]
  }
  if (!isLast || before === undefined) return cutBeforeNext(text, item)
  const previous = itemEnd(text, before)
  if (/^\s*,\s*$/.test(text.slice(previous, start))) return [cut(previous, end)]
  return [cutComma(text, before), cut(start, end)]
}

interface Item extends Span {
  /** Behind the comma that follows it. */
  readonly comma: number | undefined
}

function commaBehind(text: string, end: number): number | undefined {
  const comma = nextToken(text, end)
  return text.charAt(comma) === ',' ? comma + 1 : undefined
}

function hasOwnLines(text: string, { start, end, comma }: Item): boolean {
  const isTogether = comma === undefined || isBlank(text.slice(end, comma - 1))
  return isTogether && startsLine(text, start) && endsLine(text, comma ?? end)
}

function cutBeforeNext(text: string, { start, end, comma = end }: Item): Edit[] {
  if (!isBlank(text.slice(end, comma - 1))) return [cut(start, end), cut(comma - 1, comma)]
  const next = afterWhiteSpace(text, comma)
  const isOnLine = next <= lineEnd(text, end) && text.charAt(next) !== '#'
  return [isOnLine ? cut(start, next) : cut(beforeSpaces(text, start), comma)]
}

/** Of brackets that lose their only item the comments stay, but for one on the item's own line. */
function cutOnly(text: string, { start, end, comma }: Item, container: Container): Edit[] {
  const open = container.start + 1
  const close = container.end - 1
  const last = comma ?? end
  const rest = endsLine(text, last) ? lineEnd(text, last) : last
  if (isBlank(text.slice(open, start)) && isBlank(text.slice(end, last - 1)) && isBlank(text.slice(rest, close))) {
    return [cut(open, close)]
  }
  return comma === undefined ? [cut(start, end)] : [cut(start, end), cut(comma - 1, comma)]
}

/** Cuts the comma behind an item. */
function cutComma(text: string, item: Content | undefined): Edit {
  const end = item === undefined ? undefined : commaBehind(text, itemEnd(text, item))
  if (end === undefined) throw new RangeError('an item without its comma')
  return cut(end - 1, end)
}

function isBlank(text: string): boolean {
  return text.trim() === ''
}

function cut(start: number, end: number): Edit {
  return { start, end, text: '' }
}
