/** Which items of two sequences have no partner in the other: 1 for those. All others pair up in their order. */
export interface Difference {
  readonly left: Uint8Array
  readonly right: Uint8Array
}

/** Steps that a comparison may take before it is given up: two texts of thousands of lines with nothing in common. */
const MAX_STEPS = 40_000_000

/**
 * Compares two sequences by Myers' algorithm ("An O(ND) Difference Algorithm and Its Variations", 1986, section 4b), with the
 * choices among equally short answers that git makes; undefined where it would take too long.
 */
export function difference(left: readonly number[], right: readonly number[]): Difference | undefined {
  const changed: Difference = { left: new Uint8Array(left.length), right: new Uint8Array(right.length) }
  const middle = shrunk(left, right, { a0: 0, a1: left.length, b0: 0, b1: right.length })
  // What the other side does not have at all changes no answer, but which of several is found.
  const a = candidates(left, middle.a0, { end: middle.a1, others: new Set(right), changed: changed.left })
  const b = candidates(right, middle.b0, { end: middle.b1, others: new Set(left), changed: changed.right })
  if (!compare({ a, b, left, right, changed })) return undefined
  slide(left, changed.left, changed.right)
  slide(right, changed.right, changed.left)
  return changed
}

interface Box {
  readonly a0: number
  readonly a1: number
  readonly b0: number
  readonly b1: number
}

/** A box without what is the same at its start and at its end. */
function shrunk(x: ArrayLike<number>, y: ArrayLike<number>, box: Box): Box {
  let { a0, a1, b0, b1 } = box
  for (; a0 < a1 && b0 < b1 && x[a0] === y[b0]; a0++) b0++
  for (; a0 < a1 && b0 < b1 && x[a1 - 1] === y[b1 - 1]; a1--) b1--
  return { a0, a1, b0, b1 }
}

/** Indices of the items that may have a partner; all others are marked as changed. */
function candidates(
  items: readonly number[],
  start: number,
  { end, others, changed }: { end: number; others: ReadonlySet<number>; changed: Uint8Array },
): readonly number[] {
  const found: number[] = []
  for (let i = start; i < end; i++) {
    if (others.has(items[i] as number)) found.push(i)
    else changed[i] = 1
  }
  return found
}

interface Comparison {
  /** Indices into `left` and `right` of what is compared. */
  readonly a: readonly number[]
  readonly b: readonly number[]
  readonly left: readonly number[]
  readonly right: readonly number[]
  readonly changed: Difference
}

/** Marks what has no partner. False where it takes too long. */
function compare({ a, b, left, right, changed }: Comparison): boolean {
  const [x, y] = [Int32Array.from(a, (i) => left[i] as number), Int32Array.from(b, (i) => right[i] as number)]
  const size = x.length + y.length + 3
  const search = { x, y, forward: new Int32Array(size), backward: new Int32Array(size), origin: y.length + 1, steps: 0 }
  const boxes: Box[] = [{ a0: 0, a1: x.length, b0: 0, b1: y.length }]
  for (let box = boxes.pop(); box !== undefined; box = boxes.pop()) {
    const { a0, a1, b0, b1 } = shrunk(x, y, box)
    if (a0 === a1) for (let j = b0; j < b1; j++) changed.right[b[j] as number] = 1
    else if (b0 === b1) for (let i = a0; i < a1; i++) changed.left[a[i] as number] = 1
    else {
      const middle = findMiddle(search, { a0, a1, b0, b1 })
      if (middle === undefined) return false
      boxes.push({ a0, a1: middle.i, b0, b1: middle.j }, { a0: middle.i, a1, b0: middle.j, b1 })
    }
  }
  return true
}

interface Search {
  readonly x: Int32Array
  readonly y: Int32Array
  /** How far each diagonal is reached from the start, and from the end. */
  readonly forward: Int32Array
  readonly backward: Int32Array
  /** Where diagonal 0 stands in them. */
  readonly origin: number
  steps: number
}

const FAR = 0x7fffffff

/** A point that a shortest way through the box leads over. */
function findMiddle(search: Search, { a0, a1, b0, b1 }: Box): { i: number; j: number } | undefined {
  const { x, y, forward, backward, origin } = search
  const [lowest, highest] = [a0 - b1, a1 - b0]
  const [first, last] = [a0 - b0, a1 - b1]
  const meetsForward = ((first - last) & 1) !== 0
  let [forwardLow, forwardHigh, backwardLow, backwardHigh] = [first, first, last, last]
  forward[origin + first] = a0
  backward[origin + last] = a1
  for (;;) {
    // Diagonals at the edge of the box are not left; what lies beside the outermost one is out of reach.
    if (forwardLow > lowest) forward[origin + --forwardLow - 1] = -1
    else forwardLow++
    if (forwardHigh < highest) forward[origin + ++forwardHigh + 1] = -1
    else forwardHigh--
    for (let d = forwardHigh; d >= forwardLow; d -= 2) {
      const [below, above] = [forward[origin + d - 1] as number, forward[origin + d + 1] as number]
      let i = below >= above ? below + 1 : above
      const from = i
      while (i < a1 && i - d < b1 && x[i] === y[i - d]) i++
      search.steps += i - from + 1
      forward[origin + d] = i
      if (meetsForward && d >= backwardLow && d <= backwardHigh && (backward[origin + d] as number) <= i)
        return { i, j: i - d }
    }
    if (backwardLow > lowest) backward[origin + --backwardLow - 1] = FAR
    else backwardLow++
    if (backwardHigh < highest) backward[origin + ++backwardHigh + 1] = FAR
    else backwardHigh--
    for (let d = backwardHigh; d >= backwardLow; d -= 2) {
      const [below, above] = [backward[origin + d - 1] as number, backward[origin + d + 1] as number]
      let i = below < above ? below : above - 1
      const from = i
      while (i > a0 && i - d > b0 && x[i - 1] === y[i - d - 1]) i--
      search.steps += from - i + 1
      backward[origin + d] = i
      if (!meetsForward && d >= forwardLow && d <= forwardHigh && i <= (forward[origin + d] as number))
        return { i, j: i - d }
    }
    if (search.steps > MAX_STEPS) return undefined
  }
}

/**
 * Moves each run of changed items, where the same items stand at its end and before it, as far down as it goes; or to where
 * the other sequence has a change, too, so that something replaced is one change.
 */
function slide(items: readonly number[], changed: Uint8Array, others: Uint8Array): void {
  const changedAfter = gapsOf(others)
  let gap = 0
  for (let at = 0; at < items.length; at++) {
    if (changed[at] === 0) {
      gap++
      continue
    }
    const group = slideGroup(items, changed, { start: at, end: endOf(changed, at), gap, changedAfter })
    at = group.end - 1
    gap = group.gap
  }
}

/** Whether something is changed between the unchanged items: before the first, behind each. */
function gapsOf(changed: Uint8Array): readonly boolean[] {
  const gaps = [false]
  for (const is of changed) {
    if (is === 0) gaps.push(false)
    else gaps[gaps.length - 1] = true
  }
  return gaps
}

interface Group {
  start: number
  end: number
  /** How many unchanged items stand before it. */
  gap: number
  readonly changedAfter: readonly boolean[]
}

function slideGroup(items: readonly number[], changed: Uint8Array, group: Group): Group {
  let size: number
  let highest: number
  let matching: number | undefined
  do {
    size = group.end - group.start
    while (slideUp(items, changed, group)) {}
    highest = group.end
    matching = group.changedAfter[group.gap] ? group.end : undefined
    while (slideDown(items, changed, group)) if (group.changedAfter[group.gap]) matching = group.end
    // On its way it may have met others and become one with them.
  } while (size !== group.end - group.start)
  if (group.end !== highest && matching !== undefined) {
    while (!group.changedAfter[group.gap]) if (!slideUp(items, changed, group)) break
  }
  return group
}

function slideUp(items: readonly number[], changed: Uint8Array, group: Group): boolean {
  if (group.start === 0 || items[group.start - 1] !== items[group.end - 1]) return false
  changed[--group.start] = 1
  changed[--group.end] = 0
  group.gap--
  while (group.start > 0 && changed[group.start - 1] === 1) group.start--
  return true
}

function slideDown(items: readonly number[], changed: Uint8Array, group: Group): boolean {
  if (group.end === items.length || items[group.start] !== items[group.end]) return false
  changed[group.start++] = 0
  changed[group.end++] = 1
  group.gap++
  group.end = endOf(changed, group.end)
  return true
}

function endOf(changed: Uint8Array, from: number): number {
  let end = from
  while (end < changed.length && changed[end] === 1) end++
  return end
}
