// Derived from js-yaml 5.5.0 (MIT); the notice stands in parse-yaml-events.ts.
import { NO_PROPERTIES, type NodeProperties } from './event.ts'
import { insertMapping, pushCollection, pushEmpty, pushEnd } from './event-list.ts'
import { isPropertyStart, readAlias, readProperty } from './read-properties.ts'
import { IN_FLOW, readPlain, readQuoted } from './read-scalar.ts'
import { COLON, codeAt, descend, fail, isSpaceOrEnd, QUESTION, type Reader, skipSpace } from './reader.ts'

const COMMA = 0x2c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_MAP = 0x7b
const CLOSE_MAP = 0x7d

/** Reads what a key can be too: a flow collection, a scalar in quotes, an alias, a plain scalar. Says whether one starts here. */
export function readFlowContent(reader: Reader, properties: NodeProperties, indent: number): boolean {
  return (
    readPlain(reader, properties, indent) ||
    readQuoted(reader, properties) ||
    readFlowCollection(reader, properties) ||
    readAlias(reader, properties)
  )
}

/**
 * Reads `[ ]` or `{ }`, if one starts here.
 *
 * Its lines and its end may stand in any column, as with libyaml: many files have the closing bracket below the key.
 */
function readFlowCollection(reader: Reader, properties: NodeProperties): boolean {
  const start = reader.position
  const bracket = codeAt(reader, start)
  if (bracket !== OPEN_LIST && bracket !== OPEN_MAP) return false
  const inMap = bracket === OPEN_MAP
  const closer = inMap ? CLOSE_MAP : CLOSE_LIST
  pushCollection(reader.events, inMap ? 'mapping' : 'sequence', { style: 'flow', start, properties })
  reader.position++
  for (let separated = true; ; ) {
    skipSpace(reader, true)
    const code = codeAt(reader, reader.position)
    if (code === closer) break
    if (code === 0) fail(reader, 'unexpected end of the text within brackets')
    if (!separated) fail(reader, 'expected a comma or the closing bracket')
    if (code === COMMA) fail(reader, 'a comma without a value before it')
    if (inMap) readFlowEntry(reader)
    else readFlowItem(reader)
    separated = codeAt(reader, reader.position) === COMMA
    if (separated) reader.position++
  }
  reader.position++
  pushEnd(reader.events)
  return true
}

/** A key, with or without a value. */
function readFlowEntry(reader: Reader): void {
  skipQuestion(reader)
  if (!readFlowNode(reader)) pushEmpty(reader.events)
  if (!skipColon(reader) || !readFlowNode(reader)) pushEmpty(reader.events)
  skipSpace(reader, true)
}

/** A node, or a mapping of one pair without brackets of its own. */
function readFlowItem(reader: Reader): void {
  const { events } = reader
  const isExplicit = skipQuestion(reader)
  const start = reader.position
  const line = reader.lineStart
  const index = events.length
  const hasKey = readFlowNode(reader)
  skipSpace(reader, true)
  const isPair = isExplicit || (reader.lineStart === line && codeAt(reader, reader.position) === COLON)
  if (!isPair) return
  insertMapping(events, index, { style: 'flow', start, properties: NO_PROPERTIES })
  if (!hasKey) pushEmpty(events)
  if (!skipColon(reader) || !readFlowNode(reader)) pushEmpty(events)
  pushEnd(events)
  skipSpace(reader, true)
}

function skipQuestion(reader: Reader): boolean {
  const next = codeAt(reader, reader.position + 1)
  if (codeAt(reader, reader.position) !== QUESTION || !isSpaceOrEnd(next)) return false
  reader.position++
  skipSpace(reader, true)
  return true
}

function skipColon(reader: Reader): boolean {
  skipSpace(reader, true)
  if (codeAt(reader, reader.position) !== COLON) return false
  reader.position++
  skipSpace(reader, true)
  return true
}

/** Reads a node within brackets; false where nothing of one is written. */
function readFlowNode(reader: Reader): boolean {
  descend(reader)
  let properties = NO_PROPERTIES
  while (isPropertyStart(codeAt(reader, reader.position))) {
    properties = readProperty(reader, properties, true)
    skipSpace(reader, true)
  }
  let hasNode = readFlowContent(reader, properties, IN_FLOW)
  if (!hasNode && properties !== NO_PROPERTIES) {
    pushEmpty(reader.events, properties)
    hasNode = true
  }
  reader.depth--
  return hasNode
}
