import { type Document, isAlias, isMap, isScalar, isSeq, parseAllDocuments, type Node as YamlNode } from 'yaml'
import type { Node } from '../../src/core/tree.ts'
import type { PlainValue, Scanned } from '../../src/formats/format.ts'

/** A tree without places: what two readers of a text can be compared by. */
export type Shape =
  | { readonly scalar: unknown; readonly type: string }
  | { readonly alias: string }
  | { readonly map: readonly (readonly [key: string, value: Shape])[] }
  | { readonly list: readonly Shape[] }

/** The documents of a text as kmsfile reads them. */
export function shapesOf({ documents }: Scanned): (Shape | undefined)[] {
  return documents.map(({ root }) => root && shapeOf(root))
}

function shapeOf(node: Node): Shape {
  switch (node.kind) {
    case 'leaf':
      return { scalar: node.text, type: node.type }
    case 'alias':
      return { alias: node.name }
    case 'map':
      return {
        map: node.items.flatMap((item) => (item.kind === 'entry' ? [[item.key, shapeOf(item.value)] as const] : [])),
      }
    case 'list':
      return { list: node.items.flatMap((item) => (item.kind === 'comment' ? [] : [shapeOf(item)])) }
    default:
      return node satisfies never
  }
}

/** The same as the `yaml` package reads it; undefined where it finds an error. */
export function oracleShapes(text: string, version: '1.1' | '1.2'): (Shape | undefined)[] | undefined {
  const documents = parseAllDocuments(text, { version, uniqueKeys: false, intAsBigInt: true, logLevel: 'silent' })
  if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0)) return undefined
  return (documents as Document[]).map(({ contents }) => (contents === null ? undefined : oracleShape(contents)))
}

function oracleShape(node: YamlNode | null | undefined): Shape {
  if (node === null || node === undefined) return { scalar: null, type: 'object' }
  if (isAlias(node)) return { alias: node.source }
  if (isMap(node)) {
    return {
      map: node.items.map(({ key, value }) => [
        String((key as { source?: string })?.source ?? ''),
        oracleShape(value as YamlNode),
      ]),
    }
  }
  if (isSeq(node)) return { list: node.items.map((item) => oracleShape(item as YamlNode)) }
  if (!isScalar(node)) throw new TypeError('a node of no kind')
  return { scalar: node.value instanceof Date ? node.value.toISOString() : node.value, type: typeof node.value }
}

/** What {@link shapeOf} gives for a value that was set. `scalarOf` says what a scalar is. */
export function shapeOfPlain(value: PlainValue, scalarOf: (value: PlainValue) => Shape): Shape {
  if (value instanceof Map) {
    return {
      map: [...(value as ReadonlyMap<string, PlainValue>)].map(([key, item]) => [key, shapeOfPlain(item, scalarOf)]),
    }
  }
  if (Array.isArray(value)) return { list: value.map((item) => shapeOfPlain(item, scalarOf)) }
  return scalarOf(value)
}

export function plainScalarShape(value: PlainValue): Shape {
  if (value === null) return { scalar: '', type: 'null' }
  if (typeof value === 'boolean') return { scalar: value ? 'True' : 'False', type: 'bool' }
  if (typeof value === 'string') return { scalar: value, type: 'str' }
  const { number } = value as { number: string }
  return { scalar: number, type: number.includes('.') ? 'float' : 'int' }
}

export function oracleScalarShape(value: PlainValue): Shape {
  if (value === null || typeof value === 'string' || typeof value === 'boolean')
    return { scalar: value, type: typeof value }
  const { number } = value as { number: string }
  return number.includes('.') ? { scalar: Number(number), type: 'number' } : { scalar: BigInt(number), type: 'bigint' }
}

/** The shape with another one at a path, maps and lists on the way made; undefined removes. */
export function putShape(
  shape: Shape | undefined,
  [step, ...rest]: readonly (string | number)[],
  change: Shape | undefined,
): Shape | undefined {
  if (step === undefined) return change
  if (typeof step === 'number') {
    const list = shape !== undefined && 'list' in shape ? shape.list : []
    const item = putShape(list[step], rest, change)
    return { list: [...list.slice(0, step), ...(item === undefined ? [] : [item]), ...list.slice(step + 1)] }
  }
  const map = shape !== undefined && 'map' in shape ? shape.map : []
  if (!map.some(([key]) => key === step)) {
    return { map: [...map, [step, putShape(undefined, rest, change) as Shape] as const] }
  }
  return {
    map: map.flatMap(([key, value]) => {
      const item = key === step ? putShape(value, rest, change) : value
      return item === undefined ? [] : [[key, item] as const]
    }),
  }
}
