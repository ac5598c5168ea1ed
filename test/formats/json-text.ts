import fc from 'fast-check'
import type { Entry, Leaf, Node, Path } from '../../src/core/tree.ts'
import type { Scanned } from '../../src/formats/format.ts'

const space = fc.constantFrom('', '', ' ', '\n', '\r\n', '\t', '\n  ', '\n\t\t', '  ', '\r')

/** Spellings of strings: raw, escaped by rule, escaped without need. */
const stringToken = fc.oneof(
  fc.string().map((text) => JSON.stringify(text)),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc.constantFrom(
    '"\\/"',
    '"\\u00e9"',
    '"\\ud83d\\ude00"',
    '"\\ud800"',
    '"\\udc00x"',
    '"é😀"',
    '"\\u0000"',
    '"ENC[x]"',
  ),
)
const keyToken = fc.oneof(fc.constantFrom('"a"', '"b"', '"c"', '"\\u0061"', '""', '"__proto__"', '"a.b"'), stringToken)
const numberToken = fc.oneof(
  fc.constantFrom('0', '-0', '1.0', '1E5', '1e-7', '-0.0', '1e400', '9223372036854775808', '12345678901234567890123'),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
)
const scalar = fc.oneof(stringToken, numberToken, fc.constantFrom('true', 'false', 'null', '""'))

const nested = fc.letrec<{ value: string; list: string; map: string }>((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalar, tie('list'), tie('map')),
  list: fc
    .array(fc.tuple(space, tie('value'), space), { maxLength: 4 })
    .chain((items) => space.map((empty) => `[${items.map((parts) => parts.join('')).join(',') || empty}]`)),
  map: fc
    .array(fc.tuple(space, keyToken, space, fc.constant(':'), space, tie('value'), space), { maxLength: 4 })
    .chain((items) => space.map((empty) => `{${items.map((parts) => parts.join('')).join(',') || empty}}`)),
}))

/** Valid JSON texts of every shape, also with keys that are there twice. */
export const jsonText = fc.tuple(space, nested.value, space).map((parts) => parts.join(''))
/** The same with a map as root. */
export const jsonMapText = fc.tuple(space, nested.map, space).map((parts) => parts.join(''))

export function rootOf(source: Scanned): Node {
  const root = source.documents[0]?.root
  if (root === undefined) throw new Error('no root')
  return root
}

/** The leaves below a node in the order of the text, with their paths. */
export function leavesOf(node: Node, path: Path = []): { path: Path; leaf: Leaf }[] {
  if (node.kind === 'map') return entriesOf(node).flatMap(({ key, value }) => leavesOf(value, [...path, key]))
  if (node.kind === 'list') return node.items.flatMap((item, i) => leavesOf(item as Node, [...path, i]))
  return [{ path, leaf: node as Leaf }]
}

export function entriesOf(node: Node): Entry[] {
  return node.kind === 'map' ? node.items.filter((item) => item.kind === 'entry') : []
}

/** What `JSON.parse` should make of the text; of two equal keys the last one counts. Numbers are read by JavaScript. */
export function plainOf(text: string, node: Node): unknown {
  if (node.kind === 'map')
    return Object.fromEntries(entriesOf(node).map(({ key, value }) => [key, plainOf(text, value)]))
  if (node.kind === 'list') return node.items.map((item) => plainOf(text, item as Node))
  const leaf = node as Leaf
  if (leaf.type === 'null') return null
  if (leaf.type === 'bool') return leaf.text === 'True'
  return text.charAt(leaf.start) === '"' ? leaf.text : Number(text.slice(leaf.start, leaf.end))
}

/** The tree without places: keys in order, leaves by type and text. */
export function shapeOf(node: Node): unknown {
  if (node.kind === 'map') return { map: entriesOf(node).map(({ key, value }) => [key, shapeOf(value)]) }
  if (node.kind === 'list') return { list: node.items.map((item) => shapeOf(item as Node)) }
  const { type, text } = node as Leaf
  return { type, text }
}
