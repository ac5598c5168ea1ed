import { lineAt, lineStarts } from './line-starts.ts'
import { entriesOf, itemsOf, nameOf, resourceName } from './merge-identity.ts'
import { cleanLines, type LineMerge, within } from './merge-lines.ts'
import { nameOfItem } from './merge-lists.ts'
import { mergeOrder } from './merge-order.ts'
import type { Range, Region, ThreeWay } from './merge-sequences.ts'
import type { Document, Node, Span } from './tree.ts'

/** What a version of a text says, for lines that both sides changed. */
export interface UnitSource {
  readonly documents: readonly Document[]
  /** The text in which the tree was found. */
  readonly text: string
}

export interface UnitOptions {
  readonly eol: string
  /** Whether a comma at the end of a line only parts it from the next. */
  readonly commas: boolean
}

/**
 * Puts a merge by lines together where both sides changed lines that touch: entry by entry there, each with the comments above
 * it. Where both changed one entry, its comments, its key and its value are taken from the side that changed them, from ours
 * where both did. What comes out is to be judged by its tree.
 */
export function mergeUnits(merge: LineMerge, sources: ThreeWay<UnitSource>, options: UnitOptions): string {
  const units = { base: unitsOf(sources.base), ours: unitsOf(sources.ours), theirs: unitsOf(sources.theirs) }
  const lines = merge.regions.flatMap((region) =>
    region.kind === 'conflict' ? mergeRegion(region, { merge, units, options }) : cleanLines(merge.lines, region),
  )
  // A last line without its break may have become another one.
  return lines.map((line, i) => (line.endsWith('\n') || i === lines.length - 1 ? line : line + options.eol)).join('')
}

/** The lines of one entry or item, and those above it that are about it. */
interface Unit extends Range {
  readonly name: string
  /** The first line that is not above it. */
  readonly main: number
  /** Where its value stands, from the start of its first line; undefined for one that has others in it. */
  readonly slot: Span | undefined
}

interface Found {
  readonly name: string
  readonly slot: Span | undefined
}

function unitsOf({ documents, text }: UnitSource): readonly Unit[] {
  const starts = lineStarts(text)
  const heads = new Map<number, Found>()
  const inner = new Set<number>()
  const lineOf = (offset: number) => lineAt(starts, offset)

  const head = (offset: number, name: string, value: Node | undefined) => {
    const line = lineOf(offset)
    if (!heads.has(line)) heads.set(line, { name, slot: value?.kind === 'leaf' ? value : undefined })
  }
  const visit = (node: Node, name: string): void => {
    const last = lineOf(Math.max(node.start, node.end - 1))
    if (node.kind === 'leaf') for (let line = lineOf(node.start) + 1; line <= last; line++) inner.add(line)
    if (node.kind === 'map') {
      for (const entry of entriesOf(node)) {
        const below = `${name}/${JSON.stringify(nameOf(entry))}`
        head(entry.keySpan.start, below, entry.value)
        visit(entry.value, below)
      }
    }
    if (node.kind === 'list') {
      for (const [i, item] of itemsOf(node).entries()) {
        const below = `${name}/[${itemName(item) ?? i}]`
        head(item.start, below, item)
        visit(item, below)
      }
    }
    if ((node.kind === 'map' || node.kind === 'list') && node.flow && last > lineOf(node.start)) {
      head(node.end - 1, `${name}/end`, undefined)
    }
  }
  for (const [i, { root }] of documents.entries()) if (root !== undefined) visit(root, resourceName(root) ?? `${i}`)
  return unitsFrom(starts, heads, inner)
}

function itemName(item: Node): string | undefined {
  return item.kind === 'leaf' ? `= ${item.type} ${item.text}` : nameOfItem(item)
}

function unitsFrom(
  starts: readonly number[],
  heads: ReadonlyMap<number, Found>,
  inner: ReadonlySet<number>,
): readonly Unit[] {
  const units: Unit[] = []
  const times = new Map<string, number>()
  let start = 0
  let open: Omit<Unit, 'end'> | undefined
  const close = (end: number) => {
    if (open !== undefined) units.push({ ...open, end })
    open = undefined
  }
  for (let line = 0; line < starts.length; line++) {
    const found = heads.get(line)
    if (found !== undefined) {
      close(start)
      const time = times.get(found.name) ?? 0
      times.set(found.name, time + 1)
      const from = starts[line] as number
      const slot = found.slot && { start: found.slot.start - from, end: found.slot.end - from }
      open = { name: time === 0 ? found.name : `${found.name} ${time}`, start, main: line, slot }
    }
    if (found !== undefined || inner.has(line)) start = line + 1
  }
  close(start)
  if (start < starts.length) units.push({ name: 'end', start, main: start, slot: undefined, end: starts.length })
  return units
}

/** A unit, as far as it stands in the lines that are merged. */
interface Piece {
  readonly name: string
  readonly above: string
  readonly own: string
  readonly slot: Span | undefined
}

interface RegionMerge {
  readonly merge: LineMerge
  readonly units: ThreeWay<readonly Unit[]>
  readonly options: UnitOptions
}

function mergeRegion(region: Region, { merge, units, options }: RegionMerge): readonly string[] {
  const piecesOf = (side: keyof ThreeWay<unknown>) =>
    new Map(pieces(units[side], merge.lines[side], region[side], options).map((piece) => [piece.name, piece]))
  const found = { base: piecesOf('base'), ours: piecesOf('ours'), theirs: piecesOf('theirs') }
  const merged = new Map<string, string>()
  for (const name of new Set([...found.ours.keys(), ...found.theirs.keys()])) {
    const text = mergePiece({ base: found.base.get(name), ours: found.ours.get(name), theirs: found.theirs.get(name) })
    if (text !== undefined) merged.set(name, text)
  }
  const orders = { base: [...found.base.keys()], ours: [...found.ours.keys()], theirs: [...found.theirs.keys()] }
  const { names } = mergeOrder(orders, new Set(merged.keys()))
  return names.map((name) => merged.get(name) as string).filter((text) => text !== '')
}

function pieces(
  units: readonly Unit[],
  lines: readonly string[],
  range: Range,
  { commas }: UnitOptions,
): readonly Piece[] {
  return (
    units
      // One that begins where the range ends has nothing in it, and says what all that is in it stands before.
      .filter((unit) => unit.start <= range.end && unit.end > range.start)
      .map(({ name, start, main, end, slot }) => {
        const clip = (line: number) => Math.min(Math.max(line, range.start), range.end)
        const own = within(lines, { start: clip(main), end: clip(end) }).join('')
        return {
          name,
          above: within(lines, { start: clip(start), end: clip(main) }).join(''),
          own: commas ? own.replace(/,([ \t]*\r?\n?)$/, '$1') : own,
          slot: range.start <= main && end <= range.end ? slot : undefined,
        }
      })
  )
}

function mergePiece({ base, ours, theirs }: ThreeWay<Piece | undefined>): string | undefined {
  const textOf = (piece: Piece | undefined) => piece && piece.above + piece.own
  const [before, own, other] = [textOf(base), textOf(ours), textOf(theirs)]
  if (own === other || before === other) return own
  if (before === own) return other
  if (ours === undefined || theirs === undefined) return own
  const parts = { base: base === undefined ? [] : partsOf(base), ours: partsOf(ours), theirs: partsOf(theirs) }
  if (parts.ours.length !== parts.theirs.length) return own
  return parts.ours.map((part, i) => (part === parts.base[i] ? (parts.theirs[i] as string) : part)).join('')
}

/** The comments above, the key, the value, what is behind it. */
function partsOf({ above, own, slot }: Piece): readonly string[] {
  if (slot === undefined) return [above, own]
  return [above, own.slice(0, slot.start), own.slice(slot.start, slot.end), own.slice(slot.end)]
}
