// Derived from js-yaml 5.5.0 (MIT); the notice stands in parse-yaml-events.ts.
import type { NodeProperties } from './event.ts'
import { pushScalar } from './event-list.ts'
import { isHex } from './read-properties.ts'
import {
  COLON,
  codeAt,
  DASH,
  fail,
  failAt,
  HASH,
  isBlank,
  isBreak,
  isDocumentBoundary,
  isFlowIndicator,
  isMarker,
  isSpaceOrEnd,
  NOT_PRINTABLE,
  printableWidth,
  QUESTION,
  type Reader,
  SPACE,
  skipSpace,
  TAB,
} from './reader.ts'

const SINGLE_QUOTE = 0x27
const DOUBLE_QUOTE = 0x22
const BACKSLASH = 0x5c

/** How many hexadecimal digits follow the letter behind a backslash; 0 for an escape without any. */
const ESCAPES = new Uint8Array(128).fill(255)
// `\'` is none in YAML, but to libyaml it is.
for (const letter of '0abt\tnvfre "/\\N_LP\'') ESCAPES[letter.charCodeAt(0)] = 0
ESCAPES[0x78] = 2
ESCAPES[0x75] = 4
ESCAPES[0x55] = 8
const NO_ESCAPE = 255

// What a character means to a plain scalar.
const ORDINARY = 1
const FLOW = 2
const PLAIN = new Uint8Array(128).fill(ORDINARY, 0x21, 0x7f)
for (const character of ':#') PLAIN[character.charCodeAt(0)] = 0
for (const character of ',[]{}') PLAIN[character.charCodeAt(0)] = FLOW
/** Which characters start something else. */
const NO_START = new Uint8Array(128)
for (const character of '#&*!|>\'"%@`,[]{}') NO_START[character.charCodeAt(0)] = 1

/** Stands for the indentation of lines within brackets. */
export const IN_FLOW = -1

/** Reads a scalar in single or double quotes, if one starts here. Its lines may stand in any column, as with libyaml. */
export function readQuoted(reader: Reader, properties: NodeProperties): boolean {
  const quote = codeAt(reader, reader.position)
  if (quote !== SINGLE_QUOTE && quote !== DOUBLE_QUOTE) return false
  const { text, length } = reader
  const start = reader.position + 1
  let verbatim = true
  let at = start
  while (at < length) {
    const code = text.charCodeAt(at)
    if (code === quote) {
      if (quote === DOUBLE_QUOTE || codeAt(reader, at + 1) !== SINGLE_QUOTE) {
        reader.position = at + 1
        pushScalar(reader.events, quote === DOUBLE_QUOTE ? 'double' : 'single', {
          start,
          end: at,
          properties,
          verbatim,
        })
        return true
      }
      verbatim = false
      at += 2
    } else if (code > SPACE && code !== BACKSLASH) at++
    else if (code === BACKSLASH && quote === DOUBLE_QUOTE) {
      verbatim = false
      at = skipEscape(reader, at)
    } else if (isBreak(code)) {
      verbatim = false
      at = skipQuotedBreak(reader, at)
    } else if (code < SPACE && code !== TAB) failAt(reader, at, 'a control character within quotes')
    else at++
  }
  return failAt(reader, length, 'unexpected end of the text within quotes')
}

/** Gives the place behind an escape; of a line break that is escaped, the place of the break. */
function skipEscape(reader: Reader, backslash: number): number {
  const letter = codeAt(reader, backslash + 1)
  if (isBreak(letter)) return backslash + 1
  const digits = ESCAPES[letter] ?? NO_ESCAPE
  if (digits === NO_ESCAPE) failAt(reader, backslash, 'an escape that YAML does not have')
  const end = backslash + 2 + digits
  for (let at = backslash + 2; at < end; at++) {
    if (!isHex(codeAt(reader, at))) failAt(reader, backslash, 'an escape without its hexadecimal digits')
  }
  return end
}

function skipQuotedBreak(reader: Reader, at: number): number {
  reader.position = at
  skipSpace(reader, false)
  if (reader.position === reader.lineStart && isMarker(reader)) {
    fail(reader, 'unexpected end of the document within quotes')
  }
  return reader.position
}

/**
 * Reads a plain scalar, if one starts here.
 *
 * Its further lines must be indented by `indent`; within brackets that is {@link IN_FLOW}: any column will do, as with libyaml.
 */
export function readPlain(reader: Reader, properties: NodeProperties, indent: number): boolean {
  const inFlow = indent === IN_FLOW
  if (!startsPlain(reader, inFlow)) return false
  const { text, length } = reader
  const start = reader.position
  let end = start
  let firstBreak = -1
  let at = start
  while (at < length) {
    const code = text.charCodeAt(at)
    const kind = code < 128 ? (PLAIN[code] as number) : ORDINARY
    if (kind === ORDINARY) {
      at += code < 0x7f ? 1 : printableWidth(reader, at, code)
      end = at
    } else if (kind === FLOW) {
      if (inFlow) break
      end = ++at
    } else if (isBlank(code)) at++
    else if (code === COLON) {
      const next = codeAt(reader, at + 1)
      if (isSpaceOrEnd(next) || (inFlow && isFlowIndicator(next))) break
      end = ++at
    } else if (code === HASH) {
      if (isSpaceOrEnd(text.charCodeAt(at - 1))) break
      end = ++at
    } else if (isBreak(code)) {
      if (firstBreak === -1) firstBreak = at
      reader.position = at
      const { lineStart, lineIndent } = reader
      skipSpace(reader, false)
      if (reader.lineIndent < indent && !inFlow) {
        // The next line is somebody else's.
        reader.lineStart = lineStart
        reader.lineIndent = lineIndent
        break
      }
      at = reader.position
      if (isDocumentBoundary(reader)) break
    } else failAt(reader, at, NOT_PRINTABLE)
  }
  reader.position = at
  if (end === start) return false
  pushScalar(reader.events, 'plain', { start, end, properties, verbatim: firstBreak === -1 || end <= firstBreak })
  return true
}

function startsPlain(reader: Reader, inFlow: boolean): boolean {
  const code = codeAt(reader, reader.position)
  if (isSpaceOrEnd(code) || NO_START[code] === 1) return false
  if (code === DASH || code === QUESTION) {
    const next = codeAt(reader, reader.position + 1)
    // `[-]` is no YAML, but a list of one dash to libyaml, and a usual argument of commands.
    if (isSpaceOrEnd(next) || (inFlow && code === QUESTION && isFlowIndicator(next))) return false
  }
  return !isDocumentBoundary(reader)
}
