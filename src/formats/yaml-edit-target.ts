import type { Span } from '../core/tree.ts'
import type { Edit, PlainValue } from './format.ts'
import { lineEnd, startsLine } from './yaml-edit-lines.ts'
import {
  contentsOf,
  isBlockScalar,
  isContainer,
  isEmpty,
  isPair,
  itemExtent,
  type Place,
  tokenStart,
} from './yaml-edit-place.ts'
import { cutTag, lostTag } from './yaml-edit-tag.ts'

/** What is replaced when a node gets a new value. */
export interface Target extends Place, Span {
  /**
   * `nothing` where no token stands; a collection in block style is `below` its key or dash, or starts on the same
   * line: `here`.
   */
  readonly form: 'nothing' | 'token' | 'block-scalar' | 'below' | 'here'
  /** Behind the header of a block scalar: its comment, with the white space before it. */
  readonly comment: string
  /** What removes a tag that does not fit, where it is not in the range itself. */
  readonly cuts: readonly Edit[]
}

/** Finds what a value replaces. A tag that does not fit the value goes too. */
export function targetOf(text: string, place: Place, value: PlainValue): Target {
  const { node, properties } = place
  const form = formOf(text, place)
  const target: Target = {
    ...place,
    form,
    comment: form === 'block-scalar' ? headerComment(text, tokenStart(node)) : '',
    // A pair that is an item of a list may have a `?` in front of it.
    start: isPair(text, node) ? place.start : tokenStart(node),
    end: endOf(text, place),
    cuts: [],
  }
  const tag = lostTag(text, place, value)
  if (tag === undefined) return target
  const kept = properties.filter((property) => property !== tag)
  const isLast = properties.at(-1) === tag
  if (isLast && form !== 'nothing' && /^[ \t]+$/.test(text.slice(tag.end, target.start))) {
    return { ...target, start: tag.start, properties: kept, ready: kept.at(-1)?.end ?? place.after }
  }
  return { ...target, properties: kept, cuts: [cutTag(text, tag, isLast)] }
}

function formOf(text: string, { node, parent }: Place): Target['form'] {
  if (isContainer(node)) {
    if (node.flow) return 'token'
    return parent !== undefined && startsLine(text, node.start) ? 'below' : 'here'
  }
  if (isEmpty(node)) return 'nothing'
  return isBlockScalar(node) ? 'block-scalar' : 'token'
}

function endOf(text: string, { node, parent }: Place): number {
  if (!isContainer(node) || node.flow) return node.end
  // Comments at the end of a text are about the whole of it.
  const last = parent === undefined ? contentsOf(node).at(-1) : undefined
  return lineEnd(text, itemExtent(text, last ?? node))
}

function headerComment(text: string, start: number): string {
  return /^[^ \t]*([ \t]+#.*)$/.exec(text.slice(start, lineEnd(text, start)))?.[1] ?? ''
}
