import { printPath } from '../core/path.ts'
import type { Entry, ListNode, MapNode, Node, Path, Span } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import { type Edit, FormatError, type PlainValue, type Scanned } from './format.ts'
import {
  breaksLines,
  inside,
  isContainer,
  itemCut,
  itemLayout,
  type Layout,
  lineBreak,
  printList,
  printMap,
  rootLayout,
  rootOf,
  separator,
  spanOf,
} from './json-layout.ts'
import { quoteStrictly } from './json-string.ts'

/**
 * Edits that set one value, laid out like what stands around it. Maps on the way are made, an index one past the end
 * of a list appends; an empty root gets lines, a tab a level.
 *
 * @throws KmsfileError `PATH_NOT_FOUND` where the way leads through a scalar or past a list's end.
 * @throws FormatError `FORMAT_DUPLICATE_KEY` where it leads through a key that is there twice.
 */
export function setJson(source: Scanned, path: Path, value: PlainValue): Edit[] {
  let node = rootOf(source)
  const isEmpty = isContainer(node) && node.items.length === 0
  let layout = rootLayout(source, node, isEmpty || breaksLines(source.text, node))
  for (const [depth, step] of path.entries()) {
    const container = containerAt(node, path, depth)
    const index = indexOf(source, container, path, depth)
    const inner = itemLayout(source, container, Math.min(index, container.items.length - 1), layout)
    const item = container.items[index] as Entry | Node | undefined
    if (item === undefined) {
      const added = printPlain(nest(path, depth + 1, value), inner)
      const text = typeof step === 'number' ? added : `${quoteStrictly(step)}${inner.colon}${added}`
      const last = container.items.at(-1)
      if (last === undefined) {
        return [{ ...interiorOf(container), text: `${lineBreak(inner)}${text}${lineBreak(layout)}` }]
      }
      const { end } = spanOf(last)
      return [{ start: end, end, text: `${separator(inner)}${text}` }]
    }
    layout = inner
    node = item.kind === 'entry' ? item.value : item
  }
  return [{ start: node.start, end: node.end, text: printPlain(value, layout) }]
}

/**
 * Edits that remove one value, with its key and the comma that goes with it.
 *
 * @throws KmsfileError `PATH_NOT_FOUND`; `PATH_INVALID` for the root.
 * @throws FormatError `FORMAT_DUPLICATE_KEY` where the way leads through a key that is there twice.
 */
export function unsetJson(source: Scanned, path: Path): Edit[] {
  if (path.length === 0) throw new KmsfileError('the root of a file cannot be removed', { code: 'PATH_INVALID' })
  let node = rootOf(source)
  for (const depth of path.keys()) {
    const container = containerAt(node, path, depth)
    const index = indexOf(source, container, path, depth)
    const item = container.items[index] as Entry | Node | undefined
    if (item === undefined) throw notFound(`there is nothing at ${printPath(path.slice(0, depth + 1))}`)
    if (depth === path.length - 1) {
      const cut = container.items.length === 1 ? interiorOf(container) : itemCut(container, index)
      return [{ start: cut.start, end: cut.end, text: '' }]
    }
    node = item.kind === 'entry' ? item.value : item
  }
  return []
}

function containerAt(node: Node, path: Path, depth: number): MapNode | ListNode {
  if (isContainer(node) && (node.kind === 'list') === (typeof path[depth] === 'number')) return node
  const place = printPath(path.slice(0, depth))
  if (node.kind === 'list') throw notFound(`${place} is a list, not a map`, 'Give an index in brackets: [0].')
  throw notFound(typeof path[depth] === 'number' ? `${place} is no list` : `${place} is no map`)
}

/** Where the item stands that the next step of a path names; its container's length if it is to be added. */
function indexOf(source: Scanned, { items }: MapNode | ListNode, path: Path, depth: number): number {
  const step = path[depth] as string | number
  if (typeof step === 'number') {
    if (step <= items.length) return step
    throw notFound(`${printPath(path.slice(0, depth + 1))} is past the end of the list`)
  }
  const isNamed = (item: MapNode['items'][number] | ListNode['items'][number]) =>
    item.kind === 'entry' && item.key === step
  const index = items.findIndex(isNamed)
  if (index === -1) return items.length
  const second = items.findLast(isNamed) as Entry
  if (second === items[index]) return index
  throw new FormatError(`the key ${printPath(path.slice(0, depth + 1))} is there more than once`, source.text, {
    code: 'FORMAT_DUPLICATE_KEY',
    offset: second.keySpan.start,
    hint: 'remove or rename one of the two keys first',
  })
}

/** The value with what its path still lacks around it. */
function nest(path: Path, from: number, value: PlainValue): PlainValue {
  let nested = value
  for (let depth = path.length - 1; depth >= from; depth--) {
    const step = path[depth] as string | number
    if (typeof step === 'string') nested = new Map([[step, nested]])
    else if (step === 0) nested = [nested]
    else throw notFound(`${printPath(path.slice(0, depth + 1))} is past the end of the list`)
  }
  return nested
}

function printPlain(value: PlainValue, layout: Layout): string {
  if (typeof value === 'string') return quoteStrictly(value)
  if (value === null || typeof value === 'boolean') return String(value)
  const inner = inside(layout)
  if (value instanceof Map) {
    const members = [...(value as ReadonlyMap<string, PlainValue>)]
    return printMap(
      members.map(([key, item]) => [quoteStrictly(key), printPlain(item, inner)]),
      layout,
    )
  }
  if ('number' in value) return value.number
  return printList(
    (value as readonly PlainValue[]).map((item) => printPlain(item, inner)),
    layout,
  )
}

function interiorOf({ start, end }: MapNode | ListNode): Span {
  return { start: start + 1, end: end - 1 }
}

function notFound(problem: string, hint?: string): KmsfileError {
  return new KmsfileError(problem, { code: 'PATH_NOT_FOUND', hint })
}
