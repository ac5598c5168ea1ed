import { loadJsonNumber } from '../core/go-number.ts'
import type { Leaf, Node, Span } from '../core/tree.ts'
import type { Scanned } from './format.ts'
import { rootOf } from './json-layout.ts'

// Line breaks to some readers and not to others, and a byte order mark that is not the first character.
const UNSETTLED = /[\u0085\u2028\u2029\ufeff]|\r(?!\n)/
const LONE_SURROGATE = /\p{Cs}/u
const REPLACEMENT = '\ufffd'

interface Ambiguity {
  readonly message: string
  readonly offset: number
}

/**
 * The first thing in an encrypted text that two readers of JSON might take differently: characters that some take for a
 * line break, half surrogate pairs (all the same to Go, not to JavaScript), numbers that some round and others do not.
 */
export function jsonAmbiguity(encrypted: Scanned): Ambiguity | undefined {
  const match = UNSETTLED.exec(encrypted.text)
  if (match !== null) return { message: 'a character that some readers take for a line break', offset: match.index }
  return ambiguityOf(encrypted.text, rootOf(encrypted))
}

function ambiguityOf(text: string, node: Node): Ambiguity | undefined {
  if (node.kind === 'leaf') return ambiguityOfLeaf(text, node)
  if (node.kind === 'alias') return undefined
  for (const item of node.items) {
    if (item.kind === 'comment') continue
    const found =
      item.kind === 'entry'
        ? (ambiguityOfString(text, item.key, item.keySpan) ?? ambiguityOf(text, item.value))
        : ambiguityOf(text, item)
    if (found !== undefined) return found
  }
  return undefined
}

function ambiguityOfLeaf(text: string, leaf: Leaf): Ambiguity | undefined {
  if (leaf.type !== 'str') return undefined
  if (text.charAt(leaf.start) === '"') return ambiguityOfString(text, leaf.text, leaf)
  if (loadJsonNumber(leaf.text)?.text === leaf.text) return undefined
  return { message: 'a number that some readers round', offset: leaf.start }
}

function ambiguityOfString(text: string, value: string, { start, end }: Span): Ambiguity | undefined {
  if (!value.includes(REPLACEMENT)) return undefined
  const exact = JSON.parse(text.slice(start, end)) as string
  return LONE_SURROGATE.test(exact) ? { message: 'half of a surrogate pair', offset: start } : undefined
}
