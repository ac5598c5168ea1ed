// Derived from js-yaml 5.5.0 (MIT); the notice stands in parse-yaml-events.ts.
import { NO_PROPERTIES, type NodeProperties } from './event.ts'
import { insertMapping, isAlias, pushCollection, pushEmpty, pushEnd, setProperties } from './event-list.ts'
import { readBlockScalar } from './read-block-scalar.ts'
import { readFlowContent } from './read-flow.ts'
import { failDecoratedAlias, isPropertyStart, joinProperties, readProperty } from './read-properties.ts'
import {
  COLON,
  codeAt,
  DASH,
  descend,
  fail,
  failAt,
  isBlank,
  isSpaceOrEnd,
  QUESTION,
  type Reader,
  skipSpace,
  TAB_INDENTATION,
} from './reader.ts'

const ITEM_INDENTATION = 'a sequence item with a wrong indentation'
const ENTRY_INDENTATION = 'a mapping entry with a wrong indentation'
const LONG_KEY = 'a key that goes over several lines'

/** Where a node outside brackets stands. */
export interface BlockPlace {
  /** White space and line breaks may come first. */
  readonly seeks: boolean
  /** A block collection may start on the line of the indicator before it: `- key: value`. */
  readonly compact: boolean
  /** A sequence may stand in the column of its parent. */
  readonly sequenceAtParent: boolean
}

const ITEM: BlockPlace = { seeks: false, compact: true, sequenceAtParent: false }
const VALUE: BlockPlace = { seeks: true, compact: false, sequenceAtParent: true }
/** Behind a `?`, or a `:` that stands first on its line. */
const EXPLICIT: BlockPlace = { seeks: true, compact: true, sequenceAtParent: true }

/**
 * Reads one node outside brackets; where nothing is written, an empty scalar.
 *
 * Whether a node is the first key of a mapping shows only behind it. Then the properties on its line are the key's, those
 * on lines before are the mapping's, and the mapping's event goes in front. So nothing is read twice.
 */
export function readBlockNode(reader: Reader, parentIndent: number, place: BlockPlace): void {
  descend(reader)
  let onNewLine = place.seeks && skipSpace(reader, true)
  let deeper = onNewLine ? reader.lineIndent - parentIndent : 1
  let outer = NO_PROPERTIES
  let inner = NO_PROPERTIES
  let { position: start, lineStart, firstTab } = reader
  while (deeper > 0 && isPropertyStart(codeAt(reader, reader.position))) {
    inner = readProperty(reader, inner, false)
    if (!skipSpace(reader, true)) continue
    onNewLine = true
    deeper = reader.lineIndent - parentIndent
    outer = joinProperties(reader, outer, inner)
    inner = NO_PROPERTIES
    start = reader.position
    lineStart = reader.lineStart
    firstTab = reader.firstTab
  }
  const takesCollection = firstTab === -1 && (onNewLine || place.compact)
  const sign = takesCollection && inner === NO_PROPERTIES ? indicatorHere(reader) : 0
  if (sign === DASH && (deeper > 0 || (deeper === 0 && place.sequenceAtParent))) readSequence(reader, outer)
  else if (deeper <= 0) pushEmpty(reader.events, outer)
  else if (sign === QUESTION || sign === COLON) {
    pushCollection(reader.events, 'mapping', { style: 'block', start, properties: outer })
    readEntries(reader, start - lineStart, { keyIndent: parentIndent + 1, hasKey: false })
  } else if (!readBlockScalar(reader, { outer, inner }, parentIndent + 1)) {
    readNodeOrKey(reader, { outer, inner, start, column: takesCollection ? start - lineStart : -1 }, parentIndent + 1)
  }
  reader.depth--
}

/** Reads a node that has a column if it may be the first key of a mapping. */
function readNodeOrKey(
  reader: Reader,
  { outer, inner, start, column }: { outer: NodeProperties; inner: NodeProperties; start: number; column: number },
  indent: number,
): void {
  const { events, lineStart } = reader
  const index = events.length
  if (!readFlowContent(reader, inner, indent)) pushEmpty(reader.events, inner)
  if (column >= 0 && reader.lineStart === lineStart && skipKeyColon(reader)) {
    insertMapping(events, index, { style: 'block', start, properties: outer })
    readEntries(reader, column, { keyIndent: indent, hasKey: true })
  } else if (outer !== NO_PROPERTIES) {
    if (isAlias(events, index)) failDecoratedAlias(reader)
    setProperties(events, index, joinProperties(reader, outer, inner))
  }
}

function readSequence(reader: Reader, properties: NodeProperties): void {
  const column = reader.position - reader.lineStart
  pushCollection(reader.events, 'sequence', { style: 'block', start: reader.position, properties })
  for (;;) {
    if (reader.firstTab !== -1) failAt(reader, reader.firstTab, TAB_INDENTATION)
    const line = reader.lineStart
    reader.position++
    const broken = skipSpace(reader, true)
    if (reader.firstTab !== -1 && indicatorHere(reader) === DASH) fail(reader, ITEM_INDENTATION)
    if (broken && reader.lineIndent <= column) pushEmpty(reader.events)
    else readBlockNode(reader, column, ITEM)
    skipSpace(reader, true)
    if (reader.lineIndent < column || reader.position >= reader.length) break
    if (reader.lineIndent > column) fail(reader, ITEM_INDENTATION)
    if (indicatorHere(reader) !== DASH) break
    if (reader.lineStart === line || !isAtColumn(reader, column)) fail(reader, ITEM_INDENTATION)
  }
  pushEnd(reader.events)
}

/** Reads the entries of a mapping, or what is left of them behind the colon of its first key. */
function readEntries(
  reader: Reader,
  column: number,
  { keyIndent, hasKey }: { keyIndent: number; hasKey: boolean },
): void {
  let behindColon = hasKey
  /** A `?` was read, its `:` not yet. */
  let awaitsColon = false
  let line = reader.lineStart
  for (;;) {
    let place = VALUE
    if (!behindColon) {
      if (reader.firstTab !== -1 && !awaitsColon) failAt(reader, reader.firstTab, TAB_INDENTATION)
      line = reader.lineStart
      const sign = indicatorHere(reader)
      if (sign === QUESTION || sign === COLON) {
        // A key without a value, or a value without a key.
        if (awaitsColon === (sign === QUESTION)) pushEmpty(reader.events)
        awaitsColon = sign === QUESTION
        reader.position++
        place = EXPLICIT
      } else {
        if (awaitsColon) pushEmpty(reader.events)
        awaitsColon = false
        if (!readKey(reader, keyIndent)) break
      }
    }
    behindColon = false
    readBlockNode(reader, column, place)
    skipSpace(reader, true)
    if (reader.position >= reader.length || reader.lineIndent < column) break
    if (reader.lineStart === line || !isAtColumn(reader, column)) fail(reader, ENTRY_INDENTATION)
  }
  if (awaitsColon) pushEmpty(reader.events)
  pushEnd(reader.events)
}

/** Reads a key that must be on one line, and the colon behind it; false where nothing of one is written. */
function readKey(reader: Reader, indent: number): boolean {
  descend(reader)
  const line = reader.lineStart
  let properties = NO_PROPERTIES
  while (isPropertyStart(codeAt(reader, reader.position))) {
    properties = readProperty(reader, properties, false)
    if (skipSpace(reader, true)) fail(reader, LONG_KEY)
  }
  if (!readFlowContent(reader, properties, indent)) {
    if (properties === NO_PROPERTIES) {
      // The end of a document, for one.
      reader.depth--
      return false
    }
    pushEmpty(reader.events, properties)
  }
  if (reader.lineStart !== line) fail(reader, LONG_KEY)
  if (!skipKeyColon(reader)) fail(reader, 'expected a colon behind a key')
  reader.depth--
  return true
}

/** Moves behind the colon that makes a node a key, if there is one. */
function skipKeyColon(reader: Reader): boolean {
  while (isBlank(codeAt(reader, reader.position))) reader.position++
  if (codeAt(reader, reader.position) !== COLON) return false
  reader.position++
  if (!isSpaceOrEnd(codeAt(reader, reader.position))) fail(reader, 'expected white space behind the colon of a key')
  return true
}

/** False behind the end of a value as well, which may stand in any column: `]: 1`. */
function isAtColumn(reader: Reader, column: number): boolean {
  return reader.position === reader.lineStart + column
}

/** Which of `-`, `?` and `:` stands here, with white space behind it; 0 for none. */
function indicatorHere(reader: Reader): number {
  const code = codeAt(reader, reader.position)
  if (code !== DASH && code !== QUESTION && code !== COLON) return 0
  return isSpaceOrEnd(codeAt(reader, reader.position + 1)) ? code : 0
}
