import type { Leaf } from '../core/tree.ts'
import type { PlainValue } from './format.ts'
import type { Layout } from './yaml-edit-layout.ts'
import { doubleQuoted, literalBlock, plainIsSafe, singleQuoted } from './yaml-emit-scalar.ts'
import type { YamlStyle } from './yaml-nodes.ts'

export type PlainMap = ReadonlyMap<string, PlainValue>
export type PlainList = readonly PlainValue[]

/** Where a value is printed on one line. */
export interface LineContext {
  /** Inside of `[ ]` or `{ }`. */
  readonly flow: boolean
  /** All strings in double quotes, as in JSON. */
  readonly json?: boolean
  /** The style that the scalar before it had. */
  readonly style?: YamlStyle | undefined
}

/** A literal block: its header, and its lines with their indentation. */
export interface Literal {
  readonly header: string
  readonly body: readonly string[]
}

export function isMap(value: PlainValue): value is PlainMap {
  return value instanceof Map
}

export function isList(value: PlainValue): value is PlainList {
  return Array.isArray(value)
}

/** Whether a value takes lines of its own in block style. */
export function isBlock(value: PlainValue): value is PlainMap | PlainList {
  return isMap(value) ? value.size > 0 : isList(value) && value.length > 0
}

/** Prints a value on one line; collections in flow style. */
export function printLine(value: PlainValue, context: LineContext): string {
  if (typeof value === 'string') return printString(value, context)
  if (value === null || typeof value === 'boolean') return String(value)
  const inside: LineContext = { flow: true, json: context.json === true }
  if (isMap(value)) return `{${[...value].map(([key, item]) => printPair(key, item, inside)).join(', ')}}`
  if (isList(value)) return `[${value.map((item) => printLine(item, inside)).join(', ')}]`
  return value.number
}

/** Prints an entry of a flow map. */
export function printPair(key: string, value: PlainValue, context: LineContext): string {
  const spelled = printKey(key, context)
  const sign = isLong(spelled) ? '? ' : ''
  return `${sign}${spelled}${sign && ' '}: ${printLine(value, context)}`
}

function printString(text: string, { flow, json, style }: LineContext): string {
  if (json === true || style === 'double') return doubleQuoted(text)
  if (style === 'single') return singleQuoted(text)
  return plainIsSafe(text) && !(flow && UNSAFE_IN_FLOW.test(text)) ? text : doubleQuoted(text)
}

/** What ends a plain scalar in flow style for some readers (go-yaml: any `?`), or starts something else. */
const UNSAFE_IN_FLOW = /[,[\]{}?:]|^-/

function printKey(key: string, context: LineContext): string {
  // Ruby merges it even in quotes.
  return key === '<<' ? '!!str "<<"' : printString(key, context)
}

/** libyaml wants the colon of a key within 1,024 characters. */
function isLong(spelled: string): boolean {
  return spelled.length > 1000
}

/** A string of several lines as a literal block; undefined for any other value, or where it would not be read back. */
export function printLiteral(
  value: PlainValue,
  { column, parent }: { readonly column: number; readonly parent: number },
  { literals }: Layout,
): Literal | undefined {
  if (!literals || typeof value !== 'string' || !value.includes('\n')) return undefined
  // What an indentation indicator counts from in the root is not the same for all readers.
  const block = literalBlock(value, column, parent < 0 ? column : parent)
  if (block === undefined) return undefined
  const [header = '', ...body] = block.split('\n')
  return { header, body }
}

/** Prints a collection that is not empty in block style: lines with their indentation. */
export function printBlock(value: PlainMap | PlainList, column: number, layout: Layout): readonly string[] {
  return isMap(value)
    ? [...value].flatMap(([key, item]) => printEntry(key, item, { column, layout }))
    : (value as PlainList).flatMap((item) => printItem(item, { column, layout }))
}

/** Prints the first node of a document. */
export function printRoot(value: PlainValue, layout: Layout): readonly string[] {
  return isBlock(value) ? printBlock(value, 0, layout) : printInline(value, { column: layout.step, parent: -1 }, layout)
}

export interface BlockContext {
  /** Column of the map or list. */
  readonly column: number
  readonly layout: Layout
}

export function printEntry(key: string, value: PlainValue, { column, layout }: BlockContext): readonly string[] {
  const margin = ' '.repeat(column)
  const spelled = printKey(key, { flow: false })
  const head = isLong(spelled) ? [`${margin}? ${spelled}`, `${margin}:`] : [`${margin}${spelled}:`]
  if (isBlock(value)) return [...head, ...printBlock(value, childColumn(value, column, layout), layout)]
  return append(head, printInline(value, { column: column + layout.step, parent: column }, layout))
}

/** `gap` is the number of spaces behind the dash. */
export function printItem(
  value: PlainValue,
  { column, layout, gap = 1 }: BlockContext & { readonly gap?: number },
): readonly string[] {
  const inner = column + 1 + gap
  const dash = `${' '.repeat(column)}-${' '.repeat(gap)}`
  if (!isBlock(value))
    return append([dash.trimEnd()], printInline(value, { column: inner, parent: column }, layout), gap)
  const [first = '', ...rest] = printBlock(value, inner, layout)
  return [dash + first.slice(inner), ...rest]
}

/** Column of a collection below a key. */
export function childColumn(value: PlainMap | PlainList, column: number, { step, listStep }: Layout): number {
  return column + (isMap(value) ? step : listStep)
}

function printInline(
  value: PlainValue,
  columns: { readonly column: number; readonly parent: number },
  layout: Layout,
): readonly string[] {
  const literal = printLiteral(value, columns, layout)
  return literal === undefined ? [printLine(value, { flow: false })] : [literal.header, ...literal.body]
}

function append(head: readonly string[], [first = '', ...rest]: readonly string[], gap = 1): readonly string[] {
  return [...head.slice(0, -1), `${head.at(-1)}${' '.repeat(gap)}${first}`, ...rest]
}

/** What kmsfile reads where {@link printLine} has printed a string: half a surrogate pair is no character. */
export function wellFormed(text: string): Leaf['text'] {
  return text.replace(/\p{Surrogate}/gu, '\ufffd')
}
