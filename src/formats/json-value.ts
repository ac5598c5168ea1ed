import type { Entry, Node } from '../core/tree.ts'
import { FormatError, type PlainValue } from './format.ts'
import { rootOf } from './json-layout.ts'
import { scanJson } from './json-scan.ts'

/**
 * Reads a JSON text as the value that {@link Format.set} takes; numbers keep their digits.
 *
 * @throws FormatError `FORMAT_SYNTAX`, `FORMAT_TOO_DEEP`; `FORMAT_DUPLICATE_KEY` where a map has a key twice.
 */
export function readPlainValue(text: string): PlainValue {
  const source = scanJson(text)
  return plain(source.text, rootOf(source))
}

function plain(text: string, node: Node): PlainValue {
  switch (node.kind) {
    case 'map':
      return plainMap(text, node.items as readonly Entry[])
    case 'list':
      return node.items.map((item) => plain(text, item as Node))
    case 'alias':
      return plain(text, node.target)
    case 'leaf':
      if (node.type === 'null') return null
      if (node.type === 'bool') return node.text === 'True'
      return text.charAt(node.start) === '"' ? node.text : { number: text.slice(node.start, node.end) }
    default:
      return node satisfies never
  }
}

function plainMap(text: string, entries: readonly Entry[]): PlainValue {
  const map = new Map<string, PlainValue>()
  for (const { key, keySpan, value } of entries) {
    if (map.has(key)) {
      throw new FormatError('a key is there twice', text, { code: 'FORMAT_DUPLICATE_KEY', offset: keySpan.start })
    }
    map.set(key, plain(text, value))
  }
  return map
}
