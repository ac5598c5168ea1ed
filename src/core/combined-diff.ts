import { splitLines } from './merge-lines.ts'
import { type LineRange, textDiff } from './text-diff.ts'

/** One line of a combined hunk. */
interface CombinedLine {
  /** A column for each parent: `+` the parent lacks the line, `-` the result lacks it and the parent has it, else a space. */
  readonly columns: string
  /** Without its line break. */
  readonly text: string
  /** Whether the result has it. */
  readonly kind: 'same' | 'old' | 'new'
}

/** A place where a text differs from its parents. */
export interface CombinedHunk {
  /** The lines of each parent. */
  readonly old: readonly LineRange[]
  readonly new: LineRange
  readonly lines: readonly CombinedLine[]
}

export interface CombinedOptions {
  /** How many unchanged lines stand around a change. Default: 3. */
  readonly context?: number | undefined
  /** Leaves out hunks in which there are two versions, and the result took one of them. Default: false. */
  readonly dense?: boolean | undefined
}

/** A line that parents have before a line of the result, and the result has not. */
interface Lost {
  readonly text: string
  parents: bigint
}

/** A line of the result; the one behind the last has no text, and holds what was lost at the end. */
interface Slot {
  readonly text: string
  /** Parents that lack the line. */
  added: bigint
  lost: Lost[]
  /** It belongs to a hunk. */
  shown: boolean
  /** It is there as context before a change: what was lost before it, stays away. */
  leading: boolean
}

/**
 * Where the result of a merge differs from its parents, in one list of hunks, as git shows it with `--cc` (dense) and `-c`. It is
 * empty where no hunk is left. Missing line breaks at the end of a text are not shown.
 */
export function combinedDiff(
  parents: readonly string[],
  result: string,
  { context = 3, dense = false }: CombinedOptions = {},
): readonly CombinedHunk[] {
  const texts = [...splitLines(result).map(withoutBreak), '']
  const slots: Slot[] = texts.map((text) => ({ text, added: 0n, lost: [], shown: false, leading: false }))
  for (const [i, parent] of parents.entries()) {
    const earlier = parents.indexOf(parent)
    if (earlier < i) copyParent(slots, bit(earlier), bit(i))
    else addParent(slots, { parent, result, mask: bit(i) })
  }
  const all = bit(parents.length) - 1n
  for (const slot of slots) slot.shown = slot.added !== 0n || slot.lost.length > 0
  if (dense) dropDull(slots, all, context)
  addContext(slots, context)
  return hunksOf(slots, parents.length, context)
}

function bit(i: number): bigint {
  return 1n << BigInt(i)
}

function withoutBreak(line: string): string {
  return line.endsWith('\n') ? line.slice(0, -1) : line
}

function copyParent(slots: readonly Slot[], from: bigint, to: bigint): void {
  for (const slot of slots) {
    if (slot.added & from) slot.added |= to
    for (const line of slot.lost) if (line.parents & from) line.parents |= to
  }
}

function addParent(
  slots: readonly Slot[],
  { parent, result, mask }: { readonly parent: string; readonly result: string; readonly mask: bigint },
): void {
  for (const hunk of textDiff(parent, result, { context: 0 })) {
    // A hunk without new lines is named after the line before it.
    const start = hunk.new.count === 0 ? hunk.new.start : hunk.new.start - 1
    const lost = hunk.lines.filter(({ kind }) => kind === 'old').map(({ text }): Lost => ({ text, parents: mask }))
    const slot = slots[start] as Slot
    slot.lost = united(slot.lost, lost, mask)
    for (let i = start; i < start + hunk.new.count; i++) (slots[i] as Slot).added |= mask
  }
}

/** More pairs of lines than this are not compared. */
const MAX_PAIRS = 4_000_000

/** What several parents lost at one place: a longest common subsequence is the same lines to all of them. */
function united(known: readonly Lost[], fresh: readonly Lost[], mask: bigint): Lost[] {
  if (known.length === 0 || fresh.length === 0 || known.length * fresh.length > MAX_PAIRS) return [...known, ...fresh]
  const width = fresh.length + 1
  const lengths = new Uint32Array((known.length + 1) * width)
  const at = (i: number, j: number) => lengths[i * width + j] as number
  for (let i = 1; i <= known.length; i++) {
    for (let j = 1; j <= fresh.length; j++) {
      const isSame = known[i - 1]?.text === fresh[j - 1]?.text
      lengths[i * width + j] = isSame ? at(i - 1, j - 1) + 1 : Math.max(at(i, j - 1), at(i - 1, j))
    }
  }
  const lines: Lost[] = []
  for (let i = known.length, j = fresh.length; i > 0 || j > 0; ) {
    const [own, other] = [known[i - 1], fresh[j - 1]]
    if (own !== undefined && other !== undefined && own.text === other.text) {
      own.parents |= mask
      lines.push(own)
      i--
      j--
    } else if (other !== undefined && (own === undefined || at(i, j - 1) >= at(i - 1, j))) {
      lines.push(other)
      j--
    } else if (own !== undefined) {
      lines.push(own)
      i--
    }
  }
  return lines.reverse()
}

/** Hides hunks that differ from the same parents throughout, and not from all of them. */
function dropDull(slots: readonly Slot[], all: bigint, context: number): void {
  for (let start = nextShown(slots, 0); start < slots.length; ) {
    const end = denseEnd(slots, start, context)
    const hunk = slots.slice(start, end)
    const sides = new Set(
      hunk.flatMap(({ added, lost }) => [...(added === 0n ? [] : [added]), ...lost.map((l) => l.parents)]),
    )
    const [only] = sides
    if (sides.size === 1 && only !== all) for (const slot of hunk) slot.shown = false
    start = nextShown(slots, end)
  }
}

/** The end of a hunk: changes that are no further apart than their context are one. */
function denseEnd(slots: readonly Slot[], start: number, context: number): number {
  let end = start + 1
  for (; end < slots.length; end++) {
    if (slots[end]?.shown) continue
    let last = Math.min(tailOf(slots, start, end) + context, slots.length) - 1
    while (last >= end && !slots[last]?.shown) last--
    if (last < end) return end
    end = last
  }
  return end
}

/** A last line that has but lost lines before it is context itself. */
function tailOf(slots: readonly Slot[], start: number, end: number): number {
  return start + 1 <= end && slots[end - 1]?.added === 0n ? end - 1 : end
}

function nextShown(slots: readonly Slot[], from: number): number {
  let i = from
  while (i < slots.length && !slots[i]?.shown) i++
  return i
}

function nextHidden(slots: readonly Slot[], from: number): number {
  let i = from
  while (i < slots.length && slots[i]?.shown) i++
  return i
}

function addContext(slots: readonly Slot[], context: number): void {
  for (let start = nextShown(slots, 0); start < slots.length; ) {
    for (const slot of slots.slice(Math.max(0, start - context), start)) {
      slot.leading = !slot.shown
      slot.shown = true
    }
    for (;;) {
      const end = nextHidden(slots, start)
      if (end === slots.length) return
      const next = nextShown(slots, end)
      const tail = tailOf(slots, start, end)
      const joins = next < tail + context
      const last = joins ? next : Math.min(tail + context, slots.length)
      for (let i = tail; i < last; i++) (slots[i] as Slot).shown = true
      start = next
      if (!joins) break
    }
  }
}

function hunksOf(slots: readonly Slot[], parents: number, context: number): readonly CombinedHunk[] {
  const hunks: CombinedHunk[] = []
  const numbers = Array.from({ length: parents }, () => 1)
  for (let at = 0; at < slots.length; ) {
    const isShown = slots[at]?.shown === true
    const end = isShown ? nextHidden(slots, at) : nextShown(slots, at)
    const part = slots.slice(at, end)
    // The slot behind the last line is no line.
    const lines = end === slots.length ? part.slice(0, -1) : part
    const counts = numbers.map((_, i) => linesOfParent(part, lines, bit(i)))
    if (isShown) {
      // Without context, lines stand there only for what was lost before them.
      const bare = context === 0 ? lines.filter(({ added }) => added === 0n).length : 0
      hunks.push({
        old: numbers.map((start, i) => ({ start, count: (counts[i] as number) - bare })),
        new: { start: at + 1, count: lines.length - bare },
        lines: part.flatMap((slot, i) => [
          ...lostLines(slot, parents),
          ...(i < lines.length && (slot.added !== 0n || context > 0) ? [ownLine(slot, parents)] : []),
        ]),
      })
    }
    for (const [i, count] of counts.entries()) numbers[i] = (numbers[i] as number) + count
    at = end
  }
  return hunks
}

function linesOfParent(part: readonly Slot[], lines: readonly Slot[], mask: bigint): number {
  let count = 0
  for (const { lost } of part) for (const { parents } of lost) if (parents & mask) count++
  for (const { added } of lines) if (!(added & mask)) count++
  return count
}

function lostLines({ lost, leading }: Slot, parents: number): readonly CombinedLine[] {
  if (leading) return []
  return lost.map((line) => ({
    columns: columnsOf(line.parents, { parents, mark: '-' }),
    text: line.text,
    kind: 'old',
  }))
}

function ownLine({ added, text }: Slot, parents: number): CombinedLine {
  return { columns: columnsOf(added, { parents, mark: '+' }), text, kind: added === 0n ? 'same' : 'new' }
}

function columnsOf(mask: bigint, { parents, mark }: { readonly parents: number; readonly mark: string }): string {
  return Array.from({ length: parents }, (_, i) => (mask & bit(i) ? mark : ' ')).join('')
}
