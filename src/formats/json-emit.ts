import { formatGoJsonFloat } from '../core/go-number.ts'
import type { Comment, Document, Entry, Node } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import type { Scalar } from './format.ts'
import { inside, type Layout, printList, printMap, SOPS_LAYOUT } from './json-layout.ts'
import { quoteAsGo } from './json-string.ts'

/**
 * Prints the first document as sops prints JSON: a tab a level, strings escaped and floats printed as Go does, aliases as
 * what they refer to, no comments. A document without a root is an empty map.
 *
 * @throws KmsfileError `FORMAT_VALUE` for infinity and NaN, which JSON does not have.
 */
export function emitJson(documents: readonly Document[]): string {
  const root = documents[0]?.root
  return root === undefined ? '{}\n' : `${printJsonNode(root, SOPS_LAYOUT)}\n`
}

/**
 * Spells a scalar as JSON. Times are strings, since JSON has none.
 *
 * @throws KmsfileError `FORMAT_VALUE` for infinity and NaN.
 */
export function printJsonScalar({ type, text }: Scalar, quoted: (text: string) => string): string {
  switch (type) {
    case 'str':
    case 'time':
      return quoted(text)
    case 'int':
      return text
    case 'float':
      return printFloat(Number(text))
    case 'bool':
      return text === 'True' ? 'true' : 'false'
    case 'null':
      return 'null'
    default:
      return type satisfies never
  }
}

/** Prints a node as {@link emitJson} does, in a layout. */
export function printJsonNode(node: Node, layout: Layout): string {
  switch (node.kind) {
    case 'leaf':
      return printJsonScalar(node, quoteAsGo)
    case 'alias':
      return printJsonNode(node.target, layout)
    case 'list':
      return printList(
        node.items.filter(isValue).map((item) => printJsonNode(item, inside(layout))),
        layout,
      )
    case 'map':
      return printMap(
        node.items.filter(isValue).map(({ key, value }) => [quoteAsGo(key), printJsonNode(value, inside(layout))]),
        layout,
      )
    default:
      return node satisfies never
  }
}

function printFloat(value: number): string {
  // Number('+Inf') is NaN: no spelling of Go's for what is not finite is one of JavaScript's.
  if (Number.isFinite(value)) return formatGoJsonFloat(value)
  throw new KmsfileError('JSON has no number for infinity and NaN', {
    code: 'FORMAT_VALUE',
    hint: 'use YAML for this file, or make the value a string',
  })
}

function isValue<T extends Entry | Node>(item: T | Comment): item is T {
  return item.kind !== 'comment'
}
