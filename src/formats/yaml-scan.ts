import { append } from '../core/append.ts'
import type { Alias, Comment, Node } from '../core/tree.ts'
import { FormatError } from './format.ts'
import { isRepeated, needsKey, type Open, type OpenMap, openList, openMap } from './yaml-collection.ts'
import { decodeScalar } from './yaml-decode.ts'
import { doubtInFlow } from './yaml-doubt.ts'
import { type Gap, startGap } from './yaml-gap.ts'
import {
  isRoundedBySops,
  type RareNodes,
  startsWithTab,
  TAG_MARKER,
  type YamlDocument,
  type YamlEntry,
  type YamlLeaf,
  type YamlScanned,
} from './yaml-nodes.ts'
import {
  type AliasEvent,
  type CollectionEvent,
  type DocumentEvent,
  NO_PROPERTIES,
  type NodeProperties,
  type ScalarEvent,
  type YamlEvent,
} from './yaml-parser/event.ts'
import { type EventList, readEvents } from './yaml-parser/event-list.ts'
import { parseYamlEvents } from './yaml-parser/parse-yaml-events.ts'
import { YamlParseError } from './yaml-parser/reader.ts'
import { resolveScalar } from './yaml-resolve.ts'
import { endOfProperties, endOfScalar, startWithProperties, tagReader } from './yaml-token.ts'

const MAX_YAML_DEPTH = 200

type Rare = { -readonly [K in keyof RareNodes]: RareNodes[K][number][] }

/**
 * Finds every value and comment of a YAML text.
 *
 * The event parser says where scalars and collections stand; comments are found in the gaps between them.
 *
 * @throws FormatError `FORMAT_SYNTAX`, `FORMAT_TOO_DEEP`, `FORMAT_DUPLICATE_KEY` (YAML that is not valid), and
 * `FORMAT_UNSUPPORTED` for valid YAML that has no tree of string keys: keys that are collections or aliases.
 */
export function scanYaml(input: string): YamlScanned {
  const bom = input.charCodeAt(0) === 0xfeff
  const text = bom ? input.slice(1) : input
  const lineFeed = text.indexOf('\n')
  const eol = lineFeed > 0 && text.charCodeAt(lineFeed - 1) === 0x0d ? '\r\n' : '\n'
  const rare = { anchored: [], aliases: [], keys: [], texts: [], twoReadings: [] }
  return { text, bom, eol, documents: buildDocuments(text, parse(text), rare), rare }
}

function parse(text: string): EventList {
  const loneReturn = /\r(?!\n)/.exec(text)
  if (loneReturn !== null) {
    throw new FormatError('a carriage return without a line feed', text, {
      code: 'FORMAT_UNSUPPORTED',
      offset: loneReturn.index,
    })
  }
  try {
    return parseYamlEvents(text, { maxDepth: MAX_YAML_DEPTH })
  } catch (error) {
    if (!(error instanceof YamlParseError)) throw error
    const { reason, offset, tooDeep } = error
    throw new FormatError(tooDeep ? `nested deeper than ${MAX_YAML_DEPTH} levels` : reason, text, {
      code: tooDeep ? 'FORMAT_TOO_DEEP' : 'FORMAT_SYNTAX',
      offset,
    })
  }
}

function buildDocuments(text: string, events: EventList, rare: Rare): YamlDocument[] {
  const gap = startGap(text)
  const next = readEvents(events)
  const documents: YamlDocument[] = []
  for (let opening = next(); opening !== undefined; opening = next()) {
    documents.push(buildDocument(text, opening as DocumentEvent, { next, gap, rare }))
  }
  gap.toEnd()
  const rest = gap.take()
  const last = documents.pop()
  if (last !== undefined) return [...documents, { ...last, comments: [...last.comments, ...rest] }]
  return [{ root: undefined, comments: rest, start: 0, end: text.length, explicitStart: false, directives: [] }]
}

/** Builds a document from the events behind its own, up to its end. */
function buildDocument(
  text: string,
  opening: DocumentEvent,
  { next, gap, rare }: { next: () => YamlEvent | undefined; gap: Gap; rare: Rare },
): YamlDocument {
  const start = gap.position()
  const directives = gap.toDocument(opening.explicitStart)
  const outside: Comment[] = [...gap.take()]
  const anchors = new Map<string, Node>()
  const tagOf = tagReader(text, opening)
  const stack: Open[] = []
  let root: Node | undefined

  for (let event = next(); event !== undefined; event = next()) {
    const top = stack.at(-1)
    if (event.type === 'end') {
      if (top === undefined) break
      close(top)
    } else if (event.type === 'scalar') scalar(event, top)
    else if (event.type === 'alias') alias(event, top)
    else if (event.type === 'document') throw new RangeError('a document inside a document')
    else open(event, top)
  }

  gap.overComments()
  append(outside, gap.take())
  const end = gap.position()
  gap.documentEnd()
  return {
    root: isNothing(root) ? undefined : root,
    comments: outside,
    start,
    end,
    explicitStart: opening.explicitStart,
    directives,
  }

  function open(event: CollectionEvent, top: Open | undefined): void {
    const outerStart = startWithProperties(event.start, event.properties)
    if (needsKey(top)) throw unsupported('a key that is a collection', outerStart)
    gap.to(outerStart)
    const flow = event.style === 'flow'
    // Comments between the properties and a block collection, or before it, are its own first ones.
    addComments(top, flow ? gap.take() : gap.takeInline())
    if (outerStart < event.start) overProperties(event.properties)
    gap.to(event.start)
    const bracket = text.charCodeAt(event.start)
    const braces = flow && (bracket === 0x5b || bracket === 0x7b)
    const properties = { anchor: nameOf(event.properties), outerStart, start: event.start, end: event.start, flow }
    const shared = {
      column: event.start - gap.lineStart(),
      // `]` and `}` stand two behind their openers. A pair in a flow sequence, `[a: b]`, has no brackets of its own.
      closer: braces ? bracket + 2 : 0,
    }
    const opened = event.type === 'mapping' ? openMap(properties, shared) : openList(properties, shared)
    if (opened.node.anchor !== undefined) {
      anchors.set(opened.node.anchor, opened.node)
      rare.anchored.push(opened.node)
    }
    if (top?.node.flow === true) noteDoubt({ start: event.start, end: event.start, plain: false }, event.properties)
    add(top, opened.node)
    stack.push(opened)
    if (braces) gap.past(event.start + 1)
    // A root list gets a line of its own in front of it: what stands before is no part of it.
    if (top === undefined && opened.kind === 'list') append(outside, gap.take())
    else addComments(opened, gap.take())
  }

  function close(top: Open): void {
    if (top.closer !== 0) {
      gap.toCloser(top.closer)
      addComments(top, gap.take())
      gap.past(gap.position() + 1)
      top.node.end = gap.position()
    } else {
      const last = top.items.findLast((item) => item.kind !== 'comment')
      top.node.end = last === undefined ? top.node.start : last.kind === 'entry' ? last.value.end : last.end
      gap.overComments()
      addComments(top, gap.takeInline())
      // A list may stand at the column of its key; a comment there is the next key's. For a root list, too: it gets a
      // key while it is encrypted.
      const parentColumn = stack.at(-2)?.column ?? (top.kind === 'list' ? top.column : -1)
      if (!top.node.flow) addComments(top, gap.takeFromColumn(Math.max(top.column, parentColumn + 1)))
      if (stack.length === 1 && top.kind === 'map') addComments(top, gap.take())
    }
    stack.pop()
  }

  function scalar(event: ScalarEvent, top: Open | undefined): void {
    const leaf = readLeaf(event, top)
    gap.past(leaf.indent >= 0 ? event.end : Math.max(leaf.end, endOfProperties(event.properties)))
    if (leaf.anchor !== undefined) {
      anchors.set(leaf.anchor, leaf)
      rare.anchored.push(leaf)
    }
    if (needsKey(top)) setKey(event, leaf, top)
    else add(top, leaf)
  }

  function setKey(event: ScalarEvent, leaf: YamlLeaf, top: OpenMap): void {
    if (leaf.style === 'empty') throw unsupported('a key that is empty', leaf.start)
    const key = leaf.type === 'str' ? leaf.text : decodeScalar(text, event)
    if (isRepeated(key, top)) {
      throw new FormatError('a mapping key is repeated', text, { code: 'FORMAT_DUPLICATE_KEY', offset: leaf.start })
    }
    top.keys?.add(key)
    top.key = {
      kind: 'entry',
      key,
      keySpan: { start: leaf.valueStart, end: leaf.end },
      keyIsString: leaf.type === 'str' && !isRoundedBySops(leaf),
      merge: key === '<<' && leaf.style === 'plain' && (leaf.tag === undefined || leaf.tag === '!!merge'),
      keyDecorated: event.properties !== NO_PROPERTIES,
      keyStyle: leaf.style,
      value: leaf,
    }
  }

  function alias(event: AliasEvent, top: Open | undefined): void {
    const start = event.start - 1
    if (needsKey(top)) throw unsupported('a key that is an alias', start)
    gap.to(start)
    addComments(top, gap.take())
    gap.past(event.end)
    const name = text.slice(event.start, event.end)
    const target = anchors.get(name)
    // Not its name: it may be a password that starts with an asterisk.
    if (target === undefined) throw strayAlias('an alias to an anchor that is not there', start)
    if (stack.some((each) => each.node === target)) throw strayAlias('an alias within what it refers to', start)
    const node: Alias = { kind: 'alias', name, target, start, end: event.end }
    rare.aliases.push(node)
    add(top, node)
  }

  function add(top: Open | undefined, node: Node): void {
    if (top === undefined) root = node
    else if (top.kind === 'list') top.items.push(node)
    else if (top.key !== undefined) {
      const entry: YamlEntry = top.key
      top.key.value = node
      top.items.push(entry)
      top.key = undefined
      const { key, keyIsString, keyDecorated } = entry
      if (!keyIsString || keyDecorated || key === '<<' || key.includes('\n')) rare.keys.push(entry)
    }
  }

  function addComments(top: Open | undefined, comments: readonly Comment[]): void {
    if (comments.length === 0) return
    if (top === undefined) append(outside, comments)
    else append<Comment>(top.items, comments)
  }

  function readLeaf(event: ScalarEvent, top: Open | undefined): YamlLeaf {
    const { style } = event
    const tag = tagOf(event.properties)
    // On an envelope yaml.v3 would reject a core tag; it goes with the value.
    const isCore = tag === TAG_MARKER || (tag?.startsWith('!!') === true && tag !== '!!str')
    const core = isCore && style !== 'empty' && !needsKey(top)
    const valueStart = moveTo(event, top, core)
    const end = endOfScalar(text, event, valueStart)
    const decoded = style === 'empty' ? '' : decodeScalar(text, event)
    const resolved = resolveScalar(decoded, { plain: style === 'plain' || style === 'empty', tag })
    if (resolved === undefined) throw unsupported(`a value that is not what its tag ${tag} says`, valueStart)
    const leaf: YamlLeaf = {
      kind: 'leaf',
      type: resolved.type,
      text: resolved.text,
      start: core ? startWithProperties(valueStart, event.properties) : valueStart,
      end,
      tag,
      style,
      flow: top?.node.flow === true,
      valueStart,
      indent: event.indent,
      anchor: nameOf(event.properties),
    }
    if (isRoundedBySops(leaf) || startsWithTab(leaf)) rare.texts.push(leaf)
    if (leaf.flow) noteDoubt({ start: leaf.valueStart, end: leaf.end, plain: style === 'plain' }, event.properties)
    return leaf
  }

  /**
   * Moves to a scalar, keeping the comments on the way; gives the start of its token, behind its properties. Comments
   * behind a core tag are part of the slot that starts there.
   */
  function moveTo(event: ScalarEvent, top: Open | undefined, core: boolean): number {
    const decorated = event.properties !== NO_PROPERTIES
    if (decorated) {
      gap.to(startWithProperties(text.length, event.properties))
      addComments(top, gap.take())
      overProperties(event.properties)
    }
    switch (event.style) {
      case 'empty': {
        const indicator = top?.kind === 'map' ? (top.key === undefined ? 0x3f : 0x3a) : 0x2d
        const place = decorated || top === undefined ? gap.position() : gap.indicator(indicator)
        addComments(top, gap.takeInline())
        return place
      }
      case 'literal':
      case 'folded': {
        gap.toHeader()
        takeComments(top, core)
        return gap.position()
      }
      default: {
        const start = event.style === 'plain' ? event.start : event.start - 1
        gap.to(start)
        takeComments(top, core)
        return start
      }
    }
  }

  function takeComments(top: Open | undefined, core: boolean): void {
    const comments = gap.take()
    if (!core) addComments(top, comments)
  }

  /** Moves behind tag and anchor, over the comments between them. */
  function overProperties({ anchorStart, anchorEnd, tagStart, tagEnd }: NodeProperties): void {
    const inOrder =
      tagStart < anchorStart
        ? [tagStart, tagEnd, anchorStart - 1, anchorEnd]
        : [anchorStart - 1, anchorEnd, tagStart, tagEnd]
    const [firstStart = -1, firstEnd = -1, secondStart = -1, secondEnd = -1] = inOrder
    if (firstStart >= 0) {
      gap.past(firstEnd)
      gap.to(secondStart)
    }
    gap.past(secondEnd)
  }

  function noteDoubt(place: { start: number; end: number; plain: boolean }, { tagEnd }: NodeProperties): void {
    const doubt = doubtInFlow(text, { ...place, tagEnd })
    if (doubt !== undefined) rare.twoReadings.push(doubt)
  }

  function nameOf({ anchorStart, anchorEnd }: NodeProperties): string | undefined {
    return anchorStart < 0 ? undefined : text.slice(anchorStart, anchorEnd)
  }

  function strayAlias(message: string, offset: number): FormatError {
    return new FormatError(message, text, { offset, hint: 'put quotes around a text that starts with *' })
  }

  function unsupported(message: string, offset: number): FormatError {
    return new FormatError(message, text, { code: 'FORMAT_UNSUPPORTED', offset })
  }
}

/** A document without content; the parser reports a null that stands nowhere. */
function isNothing(root: Node | undefined): boolean {
  const leaf = root as YamlLeaf | undefined
  return leaf?.kind === 'leaf' && leaf.style === 'empty' && leaf.anchor === undefined && leaf.tag === undefined
}
