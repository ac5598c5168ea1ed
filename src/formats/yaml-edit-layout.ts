import type { Node } from '../core/tree.ts'
import type { Scanned } from './format.ts'
import { columnOf, startsLine } from './yaml-edit-lines.ts'
import { contentsOf, isContainer, nodeOf } from './yaml-edit-place.ts'

/** How new collections are laid out. */
export interface Layout {
  /** Columns that a map is indented below its key. */
  readonly step: number
  /** Columns that a list is indented below its key. */
  readonly listStep: number
  readonly eol: string
  /** Whether strings of several lines become literal blocks. */
  readonly literals: boolean
}

const DEFAULT_STEP = 2

/** The layout that a text has: that of its first map in a map and of its first list in a map. */
export function layoutOf(source: Scanned, first: number): Layout {
  let step: number | undefined
  let listStep: number | undefined
  const { documents } = source
  for (const { root } of [...documents.slice(first), ...documents.slice(0, first)]) {
    if (root !== undefined) look(root)
    if (step !== undefined && listStep !== undefined) break
  }
  step ??= listStep || DEFAULT_STEP
  return { step, listStep: listStep ?? step, eol: source.eol, literals: true }

  function look(node: Node): void {
    if (!isContainer(node) || node.flow || (step !== undefined && listStep !== undefined)) return
    const column = columnOf(source.text, node.start)
    for (const item of contentsOf(node)) {
      const value = nodeOf(item)
      if (item.kind === 'entry' && isContainer(value) && !value.flow && startsLine(source.text, value.start)) {
        const deeper = columnOf(source.text, value.start) - column
        if (value.kind === 'list') listStep ??= deeper
        else step ??= deeper
      }
      look(value)
    }
  }
}
