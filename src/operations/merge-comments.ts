import { append } from '../core/append.ts'
import type { MergeConflict, MergedTrees } from '../core/merge.ts'
import { agrees } from '../core/merge-agreement.ts'
import { entriesOf, itemsOf, nameOf, resourceName } from '../core/merge-identity.ts'
import { nameOfItem } from '../core/merge-lists.ts'
import type { ThreeWay } from '../core/merge-sequences.ts'
import type { Comment, Document, Node, Span } from '../core/tree.ts'
import type { Edit, Format, Scanned } from '../formats/format.ts'
import { splice } from '../formats/splice.ts'
import { tryScan } from '../formats/try-scan.ts'

export interface CommentSources {
  readonly sources: ThreeWay<Scanned>
  readonly merged: MergedTrees
  /** The side that each conflict was decided for; undefined for something else. */
  readonly taken: readonly ('ours' | 'theirs' | undefined)[]
}

/**
 * Puts into a merged text the comments that one side added and that are not in it, above what they stood above, and takes out
 * those that one side removed. Of a comment that both sides changed, both are there. Undefined where that changes what the text
 * says.
 */
export function keepComments(format: Format, scanned: Scanned, about: CommentSources): string | undefined {
  const { merged } = about
  const wanted = wantedComments(about)
  const isKept = (after: Scanned | undefined): after is Scanned =>
    after !== undefined && agrees(after.documents, merged) && isEvery(wanted, after)
  const { missing, surplus } = compare(wanted, scanned)
  if (missing.length === 0 && surplus.length === 0) return scanned.text
  const cuts = surplus.map((comment) => cutOf(scanned.text, comment))
  for (const place of [nearPlace, lastPlace]) {
    for (const edits of [[...cuts, ...insertions(scanned, missing, place)], insertions(scanned, missing, place)]) {
      const after = tryScan(format, splice(scanned.text, edits))
      if (isKept(after)) return after.text
    }
  }
  return undefined
}

/** A comment of a side, and what it is about. */
interface Placed {
  readonly comment: Comment
  readonly document: number
  /** What the side has in this document, and which of it is the first behind the comment. */
  readonly heads: readonly Head[]
  readonly next: number
}

interface Wanted {
  readonly count: number
  /** Where a side has it that is not the text's own. */
  readonly placed: readonly Placed[]
}

function wantedComments({ sources, merged, taken }: CommentSources): ReadonlyMap<string, Wanted> {
  const left = (side: 'ours' | 'theirs') =>
    merged.conflicts.flatMap((conflict: MergeConflict, i) => {
      const node = taken[i] === side ? undefined : conflict[side]
      return node === undefined ? [] : [node]
    })
  const found = {
    base: byText(sources.base, []),
    ours: byText(sources.ours, left('ours')),
    theirs: byText(sources.theirs, left('theirs')),
  }
  const wanted = new Map<string, Wanted>()
  for (const text of new Set([...found.base.keys(), ...found.ours.keys(), ...found.theirs.keys()])) {
    const [before, own, other] = [found.base, found.ours, found.theirs].map((side) => side.get(text) ?? [])
    const [b = 0, o = 0, t = 0] = [before?.length, own?.length, other?.length]
    const count = o >= b && t >= b ? Math.max(o, t) : Math.min(o, t)
    wanted.set(text, { count, placed: (t > o ? other : own) ?? [] })
  }
  return wanted
}

/** Comments by their text, without those below the keys of nodes that were not taken. */
function byText(scanned: Scanned, left: readonly Node[]): ReadonlyMap<string, readonly Placed[]> {
  const found = new Map<string, Placed[]>()
  for (const [document, each] of scanned.documents.entries()) {
    const all = commentsIn(each)
    if (all.length === 0) continue
    const heads = headsIn(each, document)
    const spans = left.length === 0 ? [] : heads.filter(({ value }) => left.includes(value))
    const comments = all.filter(({ start }) => !spans.some((span) => span.start <= start && start < span.end))
    let next = 0
    for (const comment of comments) {
      while (next < heads.length && (heads[next] as Head).start < comment.start) next++
      const text = comment.text.trim()
      const placed = { comment, document, heads, next }
      const known = found.get(text)
      if (known === undefined) found.set(text, [placed])
      else known.push(placed)
    }
  }
  return found
}

function commentsIn({ root, comments }: Document): readonly Comment[] {
  const found = [...comments]
  const visit = (node: Node): void => {
    if (node.kind === 'leaf' || node.kind === 'alias') return
    for (const item of node.items) {
      if (item.kind === 'comment') found.push(item)
      else visit(item.kind === 'entry' ? item.value : item)
    }
  }
  if (root !== undefined) visit(root)
  return found.sort((a, b) => a.start - b.start)
}

interface Head extends Span {
  readonly name: string
  readonly value: Node
}

/** Keys and items, in the order of the text. */
function headsIn({ root }: Document, document: number): readonly Head[] {
  const found: Head[] = []
  const visit = (node: Node, name: string): void => {
    if (node.kind === 'map') {
      for (const entry of entriesOf(node)) {
        const below = `${name}/${JSON.stringify(nameOf(entry))}`
        found.push({ name: below, start: entry.keySpan.start, end: entry.value.end, value: entry.value })
        visit(entry.value, below)
      }
    } else if (node.kind === 'list') {
      for (const [i, item] of itemsOf(node).entries()) {
        const id = item.kind === 'leaf' ? `= ${item.type} ${item.text}` : (nameOfItem(item) ?? `${i}`)
        const below = `${name}/[${id}]`
        found.push({ name: below, start: item.start, end: item.end, value: item })
        visit(item, below)
      }
    }
  }
  if (root !== undefined) visit(root, resourceName(root) ?? `${document}`)
  return found
}

/** Comments that a text lacks, and those that it has but should not. */
function compare(wanted: ReadonlyMap<string, Wanted>, scanned: Scanned) {
  const found = byText(scanned, [])
  const missing: Placed[] = []
  const surplus: Comment[] = []
  for (const [text, { count, placed }] of wanted) {
    const there = found.get(text) ?? []
    if (there.length < count) append(missing, placed.slice(0, count - there.length))
    else
      append(
        surplus,
        there.slice(count).map(({ comment }) => comment),
      )
  }
  return { missing: missing.sort((a, b) => a.comment.start - b.comment.start), surplus }
}

function isEvery(wanted: ReadonlyMap<string, Wanted>, scanned: Scanned): boolean {
  const found = byText(scanned, [])
  return [...wanted].every(([text, { count }]) => (found.get(text)?.length ?? 0) >= count)
}

type PlaceOf = (scanned: Scanned, placed: Placed, heads: ReadonlyMap<string, Head>) => Edit

function insertions(scanned: Scanned, missing: readonly Placed[], place: PlaceOf): readonly Edit[] {
  const heads = new Map(
    scanned.documents.flatMap((each, i) => headsIn(each, i)).map((head) => [head.name, head] as const),
  )
  const edits = new Map<number, Edit>()
  for (const placed of missing) {
    const edit = place(scanned, placed, heads)
    const known = edits.get(edit.start)
    edits.set(edit.start, known === undefined ? edit : { ...edit, text: known.text + edit.text })
  }
  return [...edits.values()]
}

/** Behind the value that it is about, where that ends its line; else on a line of its own above what it is above. */
function nearPlace(scanned: Scanned, placed: Placed, heads: ReadonlyMap<string, Head>): Edit {
  const { text, eol } = scanned
  const own = ownHead(placed)
  const there = own === undefined ? undefined : heads.get(own.name)
  const found = there ?? nextThere(placed, heads)
  if (found === undefined) return lastPlace(scanned, placed)
  const { comment } = placed
  if (found === there && found.value.kind === 'leaf') {
    const end = lineEnd(text, found.end)
    if (/^[ \t]*$/.test(text.slice(found.end, end)) && !text.slice(found.value.start, found.end).includes('\n')) {
      return { start: found.end, end: found.end, text: ` #${comment.text}` }
    }
  }
  const start = text.lastIndexOf('\n', found.start - 1) + 1
  const indent = /^[ \t]*/.exec(text.slice(start, found.start))?.[0] ?? ''
  return { start, end: start, text: `${indent}#${comment.text}${eol}` }
}

function nextThere({ heads: own, next }: Placed, heads: ReadonlyMap<string, Head>): Head | undefined {
  for (let i = next; i < own.length; i++) {
    const found = heads.get((own[i] as Head).name)
    if (found !== undefined) return found
  }
  return undefined
}

/** What a comment stands behind, on its line: a value, or the brackets in which it is. */
function ownHead({ comment, heads, next }: Placed): Head | undefined {
  if (!comment.inline) return undefined
  let own = heads[next - 1]
  for (let i = next - 2; own !== undefined && i >= Math.max(0, next - MAX_ON_LINE); i--) {
    const head = heads[i] as Head
    const isFlow = (head.value.kind === 'map' || head.value.kind === 'list') && head.value.flow
    if (isFlow && head.end <= comment.start && head.end >= own.end) own = head
  }
  return own
}

/** How many keys and items of one line are looked at. */
const MAX_ON_LINE = 100

/** At the end of its document. */
function lastPlace({ text, eol, documents }: Scanned, { comment, document }: Placed): Edit {
  const end = documents[Math.min(document, documents.length - 1)]?.end ?? text.length
  const line = `#${comment.text}`
  const opened = end === 0 || text[end - 1] === '\n'
  return { start: end, end, text: opened ? `${line}${eol}` : `${eol}${line}` }
}

/** A comment with its line, or with the white space before it. */
function cutOf(text: string, { start, end, inline }: Comment): Edit {
  let from = start
  while (from > 0 && /[ \t]/.test(text[from - 1] as string)) from--
  if (inline) return { start: from, end, text: '' }
  const next = text.indexOf('\n', end)
  return { start: from, end: next === -1 ? text.length : next + 1, text: '' }
}

function lineEnd(text: string, offset: number): number {
  const at = text.indexOf('\n', offset)
  const end = at === -1 ? text.length : at
  return text[end - 1] === '\r' ? end - 1 : end
}
