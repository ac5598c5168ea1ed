// Derived from js-yaml 5.5.0 (MIT); the notice stands in parse-yaml-events.ts.
import { NO_PROPERTIES, type NodeProperties } from './event.ts'
import { pushAlias } from './event-list.ts'
import { codeAt, fail, isFlowIndicator, isSpaceOrEnd, type Reader } from './reader.ts'

const TAG = 0x21
const ANCHOR = 0x26
const ALIAS = 0x2a
const PERCENT = 0x25

// Which characters a tag may have (YAML 1.2, 6.8.2 and 6.9.1).
const HANDLE = 1
const SUFFIX = 2
const ADDRESS = 4
const TAG_CHARACTERS = new Uint8Array(128)
for (let code = 0; code < 128; code++) {
  const character = String.fromCharCode(code)
  if (/[0-9A-Za-z-]/.test(character)) TAG_CHARACTERS[code] = HANDLE | SUFFIX | ADDRESS
  else if ("#;/?:@&=+$_.~*'()".includes(character)) TAG_CHARACTERS[code] = SUFFIX | ADDRESS
  else if ('!,[]'.includes(character)) TAG_CHARACTERS[code] = ADDRESS
}

export function isPropertyStart(code: number): boolean {
  return code === ANCHOR || code === TAG
}

/** Reads a tag or an anchor and adds it to those that the node has. */
export function readProperty(reader: Reader, properties: NodeProperties, inFlow: boolean): NodeProperties {
  const start = reader.position
  if (codeAt(reader, start) === TAG) {
    if (properties.tagStart !== -1) fail(reader, 'a node with two tags')
    readTag(reader, inFlow)
    return { ...properties, tagStart: start, tagEnd: reader.position }
  }
  if (properties.anchorStart !== -1) fail(reader, 'a node with two anchors')
  readName(reader, 'an anchor without a name')
  return { ...properties, anchorStart: start + 1, anchorEnd: reader.position }
}

/** The properties of a node, of which some stand on lines before its own. */
export function joinProperties(reader: Reader, outer: NodeProperties, inner: NodeProperties): NodeProperties {
  if (outer === NO_PROPERTIES) return inner
  if (inner === NO_PROPERTIES) return outer
  if (outer.tagStart !== -1 && inner.tagStart !== -1) fail(reader, 'a node with two tags')
  if (outer.anchorStart !== -1 && inner.anchorStart !== -1) fail(reader, 'a node with two anchors')
  const [anchored, tagged] = outer.anchorStart === -1 ? [inner, outer] : [outer, inner]
  return {
    anchorStart: anchored.anchorStart,
    anchorEnd: anchored.anchorEnd,
    tagStart: tagged.tagStart,
    tagEnd: tagged.tagEnd,
  }
}

/** Reads an alias, if one stands here. */
export function readAlias(reader: Reader, properties: NodeProperties): boolean {
  const start = reader.position
  if (codeAt(reader, start) !== ALIAS) return false
  if (properties !== NO_PROPERTIES) failDecoratedAlias(reader)
  readName(reader, 'an alias without a name')
  pushAlias(reader.events, { start: start + 1, end: reader.position })
  return true
}

export function failDecoratedAlias(reader: Reader): never {
  return fail(reader, 'an alias with a tag or an anchor')
}

function readName(reader: Reader, nameless: string): void {
  const start = ++reader.position
  for (;;) {
    const code = codeAt(reader, reader.position)
    if (isSpaceOrEnd(code) || isFlowIndicator(code)) break
    reader.position++
  }
  if (reader.position === start) fail(reader, nameless)
}

function readTag(reader: Reader, inFlow: boolean): void {
  reader.position++
  if (codeAt(reader, reader.position) === 0x3c) readVerbatimTag(reader)
  else readShortTag(reader, inFlow)
}

function readVerbatimTag(reader: Reader): void {
  reader.position++
  for (;;) {
    const code = codeAt(reader, reader.position)
    if (code === 0) fail(reader, 'unexpected end of the text within a tag')
    if (code === 0x3e) break
    readTagCharacter(reader, code, ADDRESS)
  }
  reader.position++
}

/** `!`, `!suffix`, `!!suffix` or `!handle!suffix`, behind its first `!`. */
function readShortTag(reader: Reader, inFlow: boolean): void {
  const start = reader.position - 1
  let maybeHandle = codeAt(reader, reader.position) !== TAG
  if (!maybeHandle) reader.position++
  for (;;) {
    const code = codeAt(reader, reader.position)
    if (isSpaceOrEnd(code) || (inFlow && isFlowIndicator(code))) return
    if (code === TAG) {
      if (!maybeHandle || !reader.handles.has(reader.text.slice(start, reader.position + 1))) {
        fail(reader, 'a tag with a handle that is not declared')
      }
      maybeHandle = false
      reader.position++
    } else {
      maybeHandle &&= ((TAG_CHARACTERS[code] ?? 0) & HANDLE) !== 0
      readTagCharacter(reader, code, SUFFIX)
    }
  }
}

/** Moves over one character of a tag, escaped or not. */
function readTagCharacter(reader: Reader, code: number, allowed: number): void {
  const escaped = code === PERCENT
  const valid = escaped
    ? isHex(codeAt(reader, reader.position + 1)) && isHex(codeAt(reader, reader.position + 2))
    : ((TAG_CHARACTERS[code] ?? 0) & allowed) !== 0
  if (!valid) fail(reader, 'a tag with a character that none may have')
  reader.position += escaped ? 3 : 1
}

/** Whether the second argument of a `%TAG` directive is one. */
export function isTagPrefix(text: string): boolean {
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code === PERCENT) {
      if (!isHex(text.charCodeAt(at + 1)) || !isHex(text.charCodeAt(at + 2))) return false
      at += 3
    } else {
      const allowed = at === 0 && code !== TAG ? SUFFIX : ADDRESS
      if (((TAG_CHARACTERS[code] ?? 0) & allowed) === 0) return false
      at++
    }
  }
  return true
}

export function isHex(code: number): boolean {
  const letter = code | 0x20
  return (code >= 0x30 && code <= 0x39) || (letter >= 0x61 && letter <= 0x66)
}
