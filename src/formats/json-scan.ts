import { classifyJsonNumber } from '../core/go-number.ts'
import type { Entry, Leaf, Node, ScalarType } from '../core/tree.ts'
import { FormatError, type Scanned } from './format.ts'
import { decodeString } from './json-string.ts'
import {
  BACKSLASH,
  CLOSE_LIST,
  CLOSE_MAP,
  COLON,
  COMMA,
  misplacedEnd,
  misplacedKey,
  misplacedValue,
  OPEN_LIST,
  OPEN_MAP,
  QUOTE,
  syntaxError,
} from './json-syntax.ts'

/** Containers inside each other; nobody writes more, and every walk over the tree may use the stack. */
const MAX_DEPTH = 200
const BYTE_ORDER_MARK = 0xfeff

/**
 * Finds every value of a JSON text: RFC 8259 to the letter, one value, linear in time, without recursion. A byte order
 * mark before it is taken off. Keys that are there twice are both kept. Half surrogate pairs read as U+FFFD, as Go does.
 *
 * @throws FormatError `FORMAT_SYNTAX`, `FORMAT_TOO_DEEP`
 */
export function scanJson(source: string): Scanned {
  const bom = source.charCodeAt(0) === BYTE_ORDER_MARK
  const text = bom ? source.slice(1) : source
  const document = { root: scanRoot(text), comments: [], start: 0, end: text.length }
  return { text, bom, eol: firstLineBreak(text), documents: [document] }
}

/** A container while its end is not known. */
type Open =
  | { readonly kind: 'map'; readonly flow: true; readonly items: Entry[]; readonly start: number; end: number }
  | { readonly kind: 'list'; readonly flow: true; readonly items: Node[]; readonly start: number; end: number }

function scanRoot(text: string): Node {
  const parents: (Open | undefined)[] = []
  let parent: Open | undefined
  let at = skipSpace(text, 0)

  // Each turn reads one value, with its key where the parent is a map, and all that closes behind it.
  for (;;) {
    let key = ''
    let keyStart = at
    let keyEnd = at
    if (parent?.kind === 'map') {
      if (text.charCodeAt(at) !== QUOTE) throw misplacedKey(text, at)
      keyStart = at
      const end = stringEnd(text, at)
      keyEnd = end < 0 ? -end : end
      key = end < 0 ? decodeString(text.slice(keyStart, keyEnd)) : text.slice(keyStart + 1, keyEnd - 1)
      at = skipSpace(text, keyEnd)
      if (text.charCodeAt(at) !== COLON) throw syntaxError('expected a colon after the key', text, at)
      at = skipSpace(text, at + 1)
    }

    const c = text.charCodeAt(at)
    const opened = c === OPEN_MAP || c === OPEN_LIST ? openContainer(text, at, parents.length) : undefined
    const node: Node = opened ?? scanLeaf(text, at)
    if (parent === undefined) {
      if (opened === undefined) return atEnd(text, node)
    } else if (parent.kind === 'map') {
      parent.items.push({
        kind: 'entry',
        key,
        keySpan: { start: keyStart, end: keyEnd },
        keyIsString: true,
        value: node,
      })
    } else {
      parent.items.push(node)
    }

    at = skipSpace(text, node.end)
    if (opened !== undefined) {
      parents.push(parent)
      parent = opened
      if (text.charCodeAt(at) !== (opened.kind === 'map' ? CLOSE_MAP : CLOSE_LIST)) continue
    }

    while (parent !== undefined) {
      const next = text.charCodeAt(at)
      if (next === COMMA) break
      if (next !== (parent.kind === 'map' ? CLOSE_MAP : CLOSE_LIST)) throw misplacedEnd(text, at, parent.kind)
      parent.end = at + 1
      const closed: Open = parent
      parent = parents.pop()
      if (parent === undefined) return atEnd(text, closed)
      at = skipSpace(text, at + 1)
    }
    at = skipSpace(text, at + 1)
  }
}

function openContainer(text: string, start: number, depth: number): Open {
  if (depth >= MAX_DEPTH) {
    throw new FormatError(`nested more than ${MAX_DEPTH} levels deep`, text, { code: 'FORMAT_TOO_DEEP', offset: start })
  }
  // The end is set when it comes; until then it says where the content starts.
  return text.charCodeAt(start) === OPEN_MAP
    ? { kind: 'map', flow: true, items: [], start, end: start + 1 }
    : { kind: 'list', flow: true, items: [], start, end: start + 1 }
}

function scanLeaf(text: string, start: number): Leaf {
  const c = text.charCodeAt(start)
  if (c === QUOTE) {
    const end = stringEnd(text, start)
    return end < 0
      ? leaf('str', decodeString(text.slice(start, -end)), start, -end)
      : leaf('str', text.slice(start + 1, end - 1), start, end)
  }
  if (c === 0x2d || (c >= 0x30 && c <= 0x39)) {
    const end = numberEnd(text, start)
    const number = classifyJsonNumber(text.slice(start, end))
    return leaf(number.type, number.text, start, end)
  }
  if (text.startsWith('true', start)) return leaf('bool', 'True', start, start + 4)
  if (text.startsWith('false', start)) return leaf('bool', 'False', start, start + 5)
  if (text.startsWith('null', start)) return leaf('null', '', start, start + 4)
  throw misplacedValue(text, start)
}

function leaf(type: ScalarType, text: string, start: number, end: number): Leaf {
  return { kind: 'leaf', type, text, start, end }
}

function atEnd(text: string, root: Node): Node {
  const at = skipSpace(text, root.end)
  if (at < text.length) throw misplacedEnd(text, at, undefined)
  return root
}

function skipSpace(text: string, start: number): number {
  let at = start
  for (;;) {
    const c = text.charCodeAt(at)
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return at
    at++
  }
}

/**
 * Where the string that starts at `start` ends, after its quote. Negative where the content is not its own value: it has
 * escapes, or surrogates, whose pairs are to be checked.
 */
function stringEnd(text: string, start: number): number {
  let own = true
  for (let at = start + 1; ; at++) {
    const c = text.charCodeAt(at)
    if (c === QUOTE) return own ? at + 1 : -(at + 1)
    if (c === BACKSLASH) {
      own = false
      at = escapeEnd(text, at) - 1
    } else if (c < 0x20) {
      throw syntaxError('a control character in a string, which must be escaped', text, at)
    } else if ((c & 0xf800) === 0xd800) {
      own = false
    } else if (at >= text.length) {
      throw syntaxError('a string is not closed', text, start)
    }
  }
}

function escapeEnd(text: string, start: number): number {
  const kind = text.charAt(start + 1)
  if (kind === 'u') {
    const digits = text.slice(start + 2, start + 6)
    if (/^[0-9a-fA-F]{4}$/.test(digits)) return start + 6
    throw syntaxError('\\u needs four hexadecimal digits', text, start)
  }
  if (kind === '' || !'"\\/bfnrt'.includes(kind)) throw syntaxError('not an escape of JSON', text, start)
  return start + 2
}

function numberEnd(text: string, start: number): number {
  let at = text.charCodeAt(start) === 0x2d ? start + 1 : start
  const first = at
  at = digitsEnd(text, at, 'a minus sign without digits')
  if (at > first + 1 && text.charCodeAt(first) === 0x30) throw syntaxError('a number with a leading zero', text, first)
  if (text.charCodeAt(at) === 0x2e) at = digitsEnd(text, at + 1, 'a decimal point without digits after it')
  if ((text.charCodeAt(at) | 0x20) === 0x65) {
    const sign = text.charCodeAt(at + 1)
    at = digitsEnd(text, sign === 0x2b || sign === 0x2d ? at + 2 : at + 1, 'an exponent without digits')
  }
  return at
}

function digitsEnd(text: string, start: number, problem: string): number {
  let at = start
  for (let c = text.charCodeAt(at); c >= 0x30 && c <= 0x39; c = text.charCodeAt(at)) at++
  if (at === start) throw syntaxError(problem, text, at)
  return at
}

function firstLineBreak(text: string): '\n' | '\r\n' {
  const at = text.indexOf('\n')
  return at > 0 && text.charCodeAt(at - 1) === 0x0d ? '\r\n' : '\n'
}
