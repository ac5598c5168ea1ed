import { type Difference, difference } from './merge-diff.ts'
import { splitLines } from './merge-lines.ts'

/** One line of a hunk. */
export interface HunkLine {
  /** In both texts, in the first alone, in the second alone. */
  readonly kind: 'same' | 'old' | 'new'
  /** Without its line break. */
  readonly text: string
  /** It is the last of its text and has no line break. */
  readonly noBreak: boolean
}

/** Some lines of a text. */
export interface LineRange {
  /** Number of the first line, from 1. */
  readonly start: number
  readonly count: number
}

/** A place where two texts differ, with some lines around it. */
export interface Hunk {
  readonly old: LineRange
  readonly new: LineRange
  readonly lines: readonly HunkLine[]
}

export interface TextDiffOptions {
  /** How many unchanged lines stand around a change. Default: 3. */
  readonly context?: number | undefined
  /** Changes with at most so many lines more between them share a hunk. Default: 0. */
  readonly interHunkContext?: number | undefined
}

/**
 * Where two texts differ, by lines, as git finds it. Two large texts with nothing in common, which would take too long to
 * compare, differ in everything between their common start and end.
 */
export function textDiff(before: string, after: string, options: TextDiffOptions = {}): readonly Hunk[] {
  if (before === after) return []
  const texts = { old: splitLines(before), new: splitLines(after) }
  const changed = compare(texts)
  return grouped(changesOf(changed), options).map((group) => hunkOf(texts, group, options.context))
}

interface Texts {
  readonly old: readonly string[]
  readonly new: readonly string[]
}

/** Lines that went, and those that came in their place; indices, the ends exclusive. */
interface Change {
  readonly oldStart: number
  readonly oldEnd: number
  readonly newStart: number
  readonly newEnd: number
}

function compare(texts: Texts): Difference {
  const ids = new Map<string, number>()
  const idOf = (line: string) => {
    const known = ids.get(line)
    if (known !== undefined) return known
    ids.set(line, ids.size)
    return ids.size - 1
  }
  return difference(texts.old.map(idOf), texts.new.map(idOf)) ?? allBetween(texts)
}

function allBetween({ old, new: now }: Texts): Difference {
  let start = 0
  while (start < Math.min(old.length, now.length) && old[start] === now[start]) start++
  let end = 0
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end)) end++
  const marks = (length: number) => new Uint8Array(length).fill(1, start, length - end)
  return { left: marks(old.length), right: marks(now.length) }
}

function changesOf({ left, right }: Difference): readonly Change[] {
  const changes: Change[] = []
  let [i, j] = [0, 0]
  while (i < left.length || j < right.length) {
    if (left[i] !== 1 && right[j] !== 1) {
      i++
      j++
      continue
    }
    const [oldStart, newStart] = [i, j]
    while (left[i] === 1) i++
    while (right[j] === 1) j++
    changes.push({ oldStart, oldEnd: i, newStart, newEnd: j })
  }
  return changes
}

/** Changes that share their context are one hunk. */
function grouped(changes: readonly Change[], { context = 3, interHunkContext = 0 }: TextDiffOptions): Change[][] {
  const groups: Change[][] = []
  for (const change of changes) {
    const group = groups.at(-1)
    const gap = change.oldStart - (group?.at(-1)?.oldEnd ?? 0)
    if (group !== undefined && gap <= 2 * context + interHunkContext) group.push(change)
    else groups.push([change])
  }
  return groups
}

function hunkOf(texts: Texts, changes: readonly Change[], context = 3): Hunk {
  const [first, last] = [changes[0] as Change, changes.at(-1) as Change]
  const before = Math.min(context, first.oldStart)
  const oldEnd = Math.min(texts.old.length, last.oldEnd + context)
  const lines: HunkLine[] = []
  let at = first.oldStart - before
  const same = (end: number) => {
    for (; at < end; at++) lines.push(lineOf('same', texts.old[at] as string))
  }
  for (const { oldStart, oldEnd: gone, newStart, newEnd } of changes) {
    same(oldStart)
    for (const line of texts.old.slice(oldStart, gone)) lines.push(lineOf('old', line))
    for (const line of texts.new.slice(newStart, newEnd)) lines.push(lineOf('new', line))
    at = gone
  }
  same(oldEnd)
  const oldStart = first.oldStart - before
  const newStart = first.newStart - before
  const newEnd = last.newEnd + (oldEnd - last.oldEnd)
  return { old: rangeOf(oldStart, oldEnd), new: rangeOf(newStart, newEnd), lines }
}

/** Of no lines it is the line before them that is named. */
function rangeOf(start: number, end: number): LineRange {
  return { start: end > start ? start + 1 : start, count: end - start }
}

function lineOf(kind: HunkLine['kind'], line: string): HunkLine {
  const noBreak = !line.endsWith('\n')
  return { kind, text: noBreak ? line : line.slice(0, -1), noBreak }
}
