import { difference } from './merge-diff.ts'

/** A range of items, end exclusive. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** A part of three versions of a sequence that belongs together. */
export interface Region {
  /**
   * Who changed it: nobody, one side, both in the same way, or both in different ways. Changes of the two sides that touch
   * are one region, as in git.
   */
  readonly kind: 'unchanged' | 'ours' | 'theirs' | 'same' | 'conflict'
  readonly base: Range
  readonly ours: Range
  readonly theirs: Range
}

export interface ThreeWay<T> {
  readonly base: T
  readonly ours: T
  readonly theirs: T
}

/** Takes three versions of a sequence apart into regions; undefined where that would take too long. */
export function mergeSequences({ base, ours, theirs }: ThreeWay<readonly number[]>): readonly Region[] | undefined {
  const [left, right] = [difference(base, ours), difference(base, theirs)]
  if (left === undefined || right === undefined) return undefined
  const queue = { ours: changesOf(left.left, left.right), theirs: changesOf(right.left, right.right) }
  const regions: Region[] = []
  const at = { base: 0, ours: 0, theirs: 0 }

  const close = (kind: Region['kind'], ends: typeof at) => {
    const region: Region = {
      kind,
      base: { start: at.base, end: ends.base },
      ours: { start: at.ours, end: ends.ours },
      theirs: { start: at.theirs, end: ends.theirs },
    }
    if (Object.values(ends).some((end, i) => end !== [at.base, at.ours, at.theirs][i])) regions.push(region)
    Object.assign(at, ends)
    return region
  }
  const unchangedUntil = (end: number) => {
    const length = end - at.base
    close('unchanged', { base: end, ours: at.ours + length, theirs: at.theirs + length })
  }

  while (queue.ours.length > 0 || queue.theirs.length > 0) {
    const { own, other, start, end } = nextGroup(queue.ours, queue.theirs)
    unchangedUntil(start)
    const ends = {
      base: end,
      ours: at.ours + (end - start) + growth(own),
      theirs: at.theirs + (end - start) + growth(other),
    }
    const isSame = () =>
      ends.ours - at.ours === ends.theirs - at.theirs &&
      range(at.ours, ends.ours).every((i) => ours[i] === theirs[at.theirs + i - at.ours])
    close(other.length === 0 ? 'ours' : own.length === 0 ? 'theirs' : isSame() ? 'same' : 'conflict', ends)
  }
  unchangedUntil(base.length)
  return regions
}

interface Change {
  readonly base: Range
  readonly side: Range
}

function changesOf(base: Uint8Array, side: Uint8Array): Change[] {
  const changes: Change[] = []
  let [i, j] = [0, 0]
  while (i < base.length || j < side.length) {
    const from = { i, j }
    while (i < base.length && base[i] === 1) i++
    while (j < side.length && side[j] === 1) j++
    if (i > from.i || j > from.j) changes.push({ base: { start: from.i, end: i }, side: { start: from.j, end: j } })
    // What is left pairs up.
    i++
    j++
  }
  return changes
}

/** Takes the first change of either side, with all that touch it, or one another. */
function nextGroup(ours: Change[], theirs: Change[]) {
  const group = { own: [] as Change[], other: [] as Change[], start: Number.POSITIVE_INFINITY, end: -1 }
  const first = Math.min(
    ours[0]?.base.start ?? Number.POSITIVE_INFINITY,
    theirs[0]?.base.start ?? Number.POSITIVE_INFINITY,
  )
  group.start = first
  group.end = first
  const take = (from: Change[], into: Change[]) => {
    let taken = false
    for (let next = from[0]; next !== undefined && next.base.start <= group.end; next = from[0]) {
      // Two changes of one side never touch, so it is the other side's that this one does.
      from.shift()
      into.push(next)
      group.end = Math.max(group.end, next.base.end)
      taken = true
    }
    return taken
  }
  while ([take(ours, group.own), take(theirs, group.other)].some(Boolean)) {}
  return group
}

function growth(changes: readonly Change[]): number {
  return changes.reduce((sum, { base, side }) => sum + side.end - side.start - (base.end - base.start), 0)
}

function range(start: number, end: number): readonly number[] {
  return Array.from({ length: end - start }, (_, i) => start + i)
}
