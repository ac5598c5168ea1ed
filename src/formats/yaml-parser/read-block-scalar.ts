// Derived from js-yaml 5.5.0 (MIT); the notice stands in parse-yaml-events.ts.
import type { Chomping, NodeProperties } from './event.ts'
import { pushBlockScalar } from './event-list.ts'
import { joinProperties } from './read-properties.ts'
import {
  codeAt,
  DASH,
  fail,
  failAt,
  HASH,
  isBlank,
  isBreak,
  isDocumentBoundary,
  NOT_PRINTABLE,
  printableWidth,
  type Reader,
  SPACE,
  skipBreak,
  skipLine,
  TAB,
  TAB_INDENTATION,
} from './reader.ts'

const LITERAL = 0x7c
const FOLDED = 0x3e
const PLUS = 0x2b

/** Reads a block scalar, if one starts here. Its lines must be indented by `indent`. */
export function readBlockScalar(
  reader: Reader,
  { outer, inner }: { outer: NodeProperties; inner: NodeProperties },
  indent: number,
): boolean {
  const code = codeAt(reader, reader.position)
  if (code !== LITERAL && code !== FOLDED) return false
  const properties = joinProperties(reader, outer, inner)
  reader.position++
  const header = readHeader(reader, indent)
  const start = reader.position
  const lines = readLines(reader, header.indent, indent)
  pushBlockScalar(reader.events, code === LITERAL ? 'literal' : 'folded', {
    start,
    end: lines.end,
    properties,
    chomping: header.chomping,
    indent: lines.indent,
  })
  return true
}

/** Reads what follows the `|` or `>`. The indentation is -1 where the header does not say it. */
function readHeader(reader: Reader, parentIndent: number): { chomping: Chomping; indent: number } {
  let chomping: Chomping = 'clip'
  let indent = -1
  for (; ; reader.position++) {
    const code = codeAt(reader, reader.position)
    if (code === PLUS || code === DASH) {
      if (chomping !== 'clip') fail(reader, 'a block scalar with two chomping indicators')
      chomping = code === PLUS ? 'keep' : 'strip'
    } else if (code >= 0x30 && code <= 0x39) {
      if (code === 0x30) fail(reader, 'a block scalar with an indentation of zero')
      if (indent !== -1) fail(reader, 'a block scalar with two indentations')
      indent = parentIndent + (code - 0x30) - 1
    } else break
  }
  const afterSign = reader.position
  while (isBlank(codeAt(reader, reader.position))) reader.position++
  if (reader.position > afterSign && codeAt(reader, reader.position) === HASH) skipLine(reader)
  const code = codeAt(reader, reader.position)
  if (isBreak(code)) skipBreak(reader)
  else if (code !== 0) fail(reader, 'text behind the header of a block scalar')
  return { chomping, indent }
}

/** Reads the lines. `given` is the indentation of the header, or -1: then the first line with text says it. */
function readLines(reader: Reader, given: number, parentIndent: number): { end: number; indent: number } {
  let indent = given
  let end = reader.position
  let widestBlank = 0
  while (reader.position < reader.length) {
    const lineStart = reader.position
    const first = skipSpaces(reader, lineStart)
    const column = first - lineStart
    const code = codeAt(reader, first)
    if (code === 0) {
      // Spaces that no line break follows: part of the value where they are more than the indentation.
      if (column > Math.max(indent, 0)) end = first
      break
    }
    if (isDocumentBoundary(reader)) break
    if (!isBreak(code)) {
      if (indent === -1 && column >= parentIndent) {
        if (column < widestBlank) failAt(reader, first, 'a blank line that is indented deeper than the text after it')
        indent = column
      }
      if (column < indent || indent === -1) {
        if (indent === -1 && code === TAB) failAt(reader, first, TAB_INDENTATION)
        reader.lineIndent = column
        reader.position = first
        break
      }
      reader.position = skipPrintable(reader, first)
    } else {
      if (indent === -1) widestBlank = Math.max(widestBlank, column)
      reader.position = first
    }
    if (reader.position < reader.length) skipBreak(reader)
    end = reader.position
  }
  return { end, indent }
}

function skipSpaces({ text, length }: Reader, start: number): number {
  let at = start
  while (at < length && text.charCodeAt(at) === SPACE) at++
  return at
}

/** Gives the end of the line. */
function skipPrintable(reader: Reader, start: number): number {
  const { text, length } = reader
  let at = start
  while (at < length) {
    const code = text.charCodeAt(at)
    if (code >= SPACE && code < 0x7f) at++
    else if (isBreak(code)) break
    else if (code >= 0x80) at += printableWidth(reader, at, code)
    else if (code === TAB) at++
    else failAt(reader, at, NOT_PRINTABLE)
  }
  return at
}
