import type { Edit, PlainValue } from './format.ts'
import type { Layout } from './yaml-edit-layout.ts'
import { afterSpaces, columnOf, lineBreakNear, lineEnd, startsLine } from './yaml-edit-lines.ts'
import { isContainer, type Place } from './yaml-edit-place.ts'
import {
  childColumn,
  isBlock,
  isMap,
  type Literal,
  type PlainList,
  type PlainMap,
  printBlock,
  printLine,
  printLiteral,
} from './yaml-edit-print.ts'
import { type Target, targetOf } from './yaml-edit-target.ts'
import type { YamlLeaf } from './yaml-nodes.ts'

/** Edits that put a value in the place of a node; the anchor and the comments behind it stay. */
export function replaceNode(text: string, place: Place, value: PlainValue, layout: Layout): Edit[] {
  const target = targetOf(text, place, value)
  return [...target.cuts, ...putValue(text, target, value, layout)]
}

function putValue(text: string, target: Target, value: PlainValue, layout: Layout): Edit[] {
  const { node, flow } = target
  if (!flow && isBlock(value)) return putBlock(text, target, value, layout)
  const { style, text: old } = (node.kind === 'leaf' ? node : {}) as Partial<YamlLeaf>
  // What was of several lines in double quotes is so again; what was not is easier to read as a block.
  const isQuoted = style === 'double' && old?.includes('\n')
  const literal = flow || isQuoted ? undefined : printLiteral(value, literalColumns(target, layout), layout)
  if (literal !== undefined) return putLiteral(text, target, literal, layout)
  return putLine(text, target, printLine(value, { flow, style, json: isJson(text, target) }))
}

/** Whether what stands around a place in flow style starts as JSON does. */
export function isJson(text: string, { node, parent }: Pick<Place, 'node' | 'parent'>): boolean {
  const outer = isContainer(node) && node.items.length > 0 ? node : parent
  return outer?.flow === true && /^[{[]\s*"/.test(text.slice(outer.start, outer.start + 1000))
}

function literalColumns({ node, column, parent }: Target, { step }: Layout): { column: number; parent: number } {
  const own = node.kind === 'leaf' ? (node as YamlLeaf).indent : -1
  if (own > column) return { column: own, parent: column }
  if (column < 0) return { column: step, parent: column }
  return { column: column + (parent?.kind === 'list' ? DASH : step), parent: column }
}

/** Columns of `- `. */
const DASH = 2

function putLine(text: string, target: Target, line: string): Edit[] {
  const { form, ready, start, end, comment } = target
  switch (form) {
    case 'nothing':
      return insertBehindColon(text, target, ` ${line}`)
    case 'below':
      return [insert(ready, ` ${line}`), { start: lineEnd(text, ready), end, text: '' }]
    case 'token':
    case 'here':
    case 'block-scalar':
      return [{ start, end, text: line + comment }]
    default:
      return form satisfies never
  }
}

function putLiteral(text: string, target: Target, { header, body }: Literal, { eol }: Layout): Edit[] {
  const { form, ready, start, end, comment } = target
  const below = ['', ...body].join(eol)
  switch (form) {
    case 'nothing':
      return [...insertBehindColon(text, target, ` ${header}`), insert(lineEnd(text, ready), below)]
    case 'below':
      return [insert(ready, ` ${header}`), { start: lineEnd(text, ready), end, text: below }]
    case 'here':
    case 'block-scalar':
      return [{ start, end, text: header + comment + below }]
    case 'token': {
      const lineStop = lineEnd(text, end)
      if (afterSpaces(text, end) < lineStop) return [{ start, end, text: header }, insert(lineStop, below)]
      // A header stands on the line of the key, where people look for it.
      const isLower = target.parent !== undefined && /^\s*\n\s*$/.test(text.slice(ready, start))
      return [{ start: isLower ? ready : start, end: lineStop, text: `${isLower ? ' ' : ''}${header}${below}` }]
    }
    default:
      return form satisfies never
  }
}

function putBlock(text: string, target: Target, value: PlainMap | PlainList, layout: Layout): Edit[] {
  const { form, ready, start, end, comment, node } = target
  const below = (column = columnBelow(target, value, layout)) =>
    ['', ...printBlock(value, column, layout)].join(layout.eol)
  const here = (column = columnOf(text, start)) => printBlock(value, column, layout).join(layout.eol).slice(column)
  const isCompact = target.parent?.kind === 'list' && target.properties.length === 0

  switch (form) {
    case 'nothing': {
      const lineStop = lineEnd(text, ready)
      if (isCompact && afterSpaces(text, ready) === lineStop) return [insert(ready, ` ${here(target.column + DASH)}`)]
      return [...insertBehindColon(text, target, ''), insert(lineStop, below())]
    }
    case 'below': {
      const isAlike = (node.kind === 'map') === isMap(value)
      return [{ start: lineEnd(text, ready), end, text: below(isAlike ? columnOf(text, start) : undefined) }]
    }
    case 'here':
      return [{ start, end, text: here() }]
    case 'block-scalar':
      if (isCompact && comment === '') return [{ start, end, text: here() }]
      return [{ start: ready, end, text: comment + below() }]
    case 'token': {
      const lineStop = lineEnd(text, end)
      const isCommented = afterSpaces(text, end) < lineStop
      if (!isCommented && (isCompact || startsLine(text, start))) return [{ start, end, text: here() }]
      if (startsLine(text, start)) {
        return [{ start, end: afterSpaces(text, end), text: '' }, insert(lineStop, below(columnOf(text, start)))]
      }
      return [{ start: ready, end: isCommented ? end : lineStop, text: '' }, insert(lineStop, below())]
    }
    default:
      return form satisfies never
  }
}

function columnBelow({ column, parent }: Target, value: PlainMap | PlainList, layout: Layout): number {
  if (parent === undefined) return 0
  return parent.kind === 'list' ? column + DASH : childColumn(value, column, layout)
}

/** Inserts where no token stands, behind the colon or dash; adds the colon if there is none. */
function insertBehindColon(text: string, { bare, flow, ready, column }: Target, inserted: string): Edit[] {
  if (!bare) return [insert(ready, inserted)]
  if (flow) return [insert(ready, `:${inserted}`)]
  const end = lineEnd(text, ready)
  return [insert(end, `${lineBreakNear(text, end) ?? '\n'}${' '.repeat(column)}:${inserted}`)]
}

function insert(offset: number, text: string): Edit {
  return { start: offset, end: offset, text }
}
