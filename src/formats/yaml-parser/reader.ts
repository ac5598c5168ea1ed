// Derived from js-yaml 5.5.0 (MIT); the notice stands in parse-yaml-events.ts.
import type { Directive } from './event.ts'
import { type EventList, startEvents } from './event-list.ts'

export const TAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
export const SPACE = 0x20
export const HASH = 0x23
export const DASH = 0x2d
export const COLON = 0x3a
export const QUESTION = 0x3f
const DOT = 0x2e
const PERCENT = 0x25
const BYTE_ORDER_MARK = 0xfeff
const NEXT_LINE = 0x85

export const NOT_PRINTABLE = 'a character that is not printable'
export const TAB_INDENTATION = 'a tab in the indentation'

/** Where the parser stands in a text, and what it has found. */
export interface Reader {
  /** Contains no NUL: {@link codeAt} gives 0 at the end. */
  readonly text: string
  readonly length: number
  readonly maxDepth: number
  position: number
  lineStart: number
  /** Spaces at the start of the line, as far as they were read by {@link skipSpace}. */
  lineIndent: number
  /** First tab among the white space of the line; -1 where there is none. */
  firstTab: number
  depth: number
  directives: Directive[]
  /** Tag handles that they declare, as `!name!`. */
  readonly handles: Set<string>
  readonly events: EventList
}

/** Where a text stops being YAML. The reason has no word of the text, which may be a secret. */
export class YamlParseError extends Error {
  override readonly name = 'YamlParseError'
  readonly reason: string
  readonly offset: number
  readonly tooDeep: boolean

  constructor(reason: string, offset: number, tooDeep = false) {
    super(reason)
    this.reason = reason
    this.offset = offset
    this.tooDeep = tooDeep
  }
}

export function startReader(text: string, maxDepth: number): Reader {
  return {
    text,
    length: text.length,
    maxDepth,
    position: 0,
    lineStart: 0,
    lineIndent: 0,
    firstTab: -1,
    depth: 0,
    directives: [],
    handles: new Set(),
    events: startEvents(text.length),
  }
}

/** The character code at an offset; 0 behind the end. */
export function codeAt(reader: Reader, offset: number): number {
  return offset < reader.length ? reader.text.charCodeAt(offset) : 0
}

export function fail(reader: Reader, reason: string): never {
  throw new YamlParseError(reason, reader.position)
}

export function failAt(reader: Reader, offset: number, reason: string): never {
  reader.position = offset
  return fail(reader, reason)
}

/** Goes one node deeper. */
export function descend(reader: Reader): void {
  if (reader.depth >= reader.maxDepth) throw new YamlParseError('nested too deeply', reader.position, true)
  reader.depth++
}

export function isBreak(code: number): boolean {
  return code === LF || code === CR
}

export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}

/** Whether white space, a line break or the end of the text. */
export function isSpaceOrEnd(code: number): boolean {
  return code === SPACE || code === LF || code === 0 || code === CR || code === TAB
}

/** Whether one of `,[]{}`. */
export function isFlowIndicator(code: number): boolean {
  return code === 0x2c || code === 0x5b || code === 0x5d || code === 0x7b || code === 0x7d
}

/** Moves over a line break: LF, CR LF or CR. */
export function skipBreak(reader: Reader): void {
  const code = codeAt(reader, reader.position++)
  if (code === CR && codeAt(reader, reader.position) === LF) reader.position++
  reader.lineStart = reader.position
  reader.lineIndent = 0
  reader.firstTab = -1
}

export function skipLine(reader: Reader): void {
  const { text, length } = reader
  let at = reader.position
  while (at < length && !isBreak(text.charCodeAt(at))) at++
  reader.position = at
}

/** Moves over white space, line breaks and, if wanted, comments; says whether a line break was among them. */
export function skipSpace(reader: Reader, comments: boolean): boolean {
  let broken = false
  let code = codeAt(reader, reader.position)
  let separated = reader.position === reader.lineStart || isSpaceOrEnd(codeAt(reader, reader.position - 1))
  for (;;) {
    while (isBlank(code)) {
      separated = true
      if (code === TAB && reader.firstTab === -1) reader.firstTab = reader.position
      code = codeAt(reader, ++reader.position)
    }
    if (comments && separated && code === HASH) {
      skipLine(reader)
      code = codeAt(reader, reader.position)
    }
    if (!isBreak(code)) return broken
    skipBreak(reader)
    broken = true
    separated = true
    code = codeAt(reader, reader.position)
    while (code === SPACE) {
      reader.lineIndent++
      code = codeAt(reader, ++reader.position)
    }
  }
}

/** Whether a line here is `---` or `...`, or starts with one and white space. */
export function isMarker(reader: Reader): boolean {
  const at = reader.position
  const code = codeAt(reader, at)
  if (code !== DASH && code !== DOT) return false
  return codeAt(reader, at + 1) === code && codeAt(reader, at + 2) === code && isSpaceOrEnd(codeAt(reader, at + 3))
}

export function isDocumentStart(reader: Reader): boolean {
  return codeAt(reader, reader.position) === DASH && isMarker(reader)
}

export function isDocumentEnd(reader: Reader): boolean {
  return codeAt(reader, reader.position) === DOT && isMarker(reader)
}

/** Whether a document ends here, at the start of a line: a marker, or a byte order mark with a document behind it. */
export function isDocumentBoundary(reader: Reader): boolean {
  if (reader.position !== reader.lineStart) return false
  if (isMarker(reader)) return true
  if (codeAt(reader, reader.position) !== BYTE_ORDER_MARK) return false
  const { position, lineStart, lineIndent, firstTab } = reader
  skipByteOrderMark(reader)
  skipSpace(reader, true)
  const atLineStart = reader.position === reader.lineStart
  const isBoundary = atLineStart && (codeAt(reader, reader.position) === PERCENT || isDocumentStart(reader))
  reader.position = position
  reader.lineStart = lineStart
  reader.lineIndent = lineIndent
  reader.firstTab = firstTab
  return isBoundary
}

export function skipByteOrderMark(reader: Reader): void {
  if (reader.position !== reader.lineStart || codeAt(reader, reader.position) !== BYTE_ORDER_MARK) return
  reader.position++
  reader.lineStart = reader.position
}

/**
 * Width of a character beyond ASCII.
 *
 * @throws YamlParseError for a control character, a noncharacter or half of a surrogate pair.
 */
export function printableWidth(reader: Reader, at: number, code: number): number {
  if (code < 0xa0) return code === NEXT_LINE ? 1 : failAt(reader, at, NOT_PRINTABLE)
  if (code < 0xd800 || (code > 0xdfff && code < 0xfffe)) return 1
  const next = codeAt(reader, at + 1)
  const isPair = code < 0xdc00 && next >= 0xdc00 && next <= 0xdfff
  return isPair ? 2 : failAt(reader, at, NOT_PRINTABLE)
}
