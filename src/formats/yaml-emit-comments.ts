import type { Comment, Entry, Node } from '../core/tree.ts'

/** An entry or item with its comments, which start with their `#`. */
export interface Attached<T> {
  readonly item: T
  /** Lines above it. */
  readonly above: readonly string[]
  /** On its own line: behind a scalar, or behind the key of a map or list. */
  readonly inline: string | undefined
}

export interface AttachedItems<T> {
  readonly attached: readonly Attached<T>[]
  /** Lines below the last one. */
  readonly below: readonly string[]
}

/** Says for each comment of a map or list what it is printed with. */
export function attachComments<T extends Entry | Node>(items: readonly (T | Comment)[]): AttachedItems<T> {
  const attached: Attached<T>[] = []
  let above: string[] | undefined
  let inline: string | undefined

  for (const [i, item] of items.entries()) {
    if (item.kind !== 'comment') {
      attached.push({ item, above: above ?? NO_LINES, inline })
      above = undefined
      inline = undefined
      continue
    }
    const lines = commentLines(item.text)
    const last = attached.at(-1)
    if (!item.inline || lines.length > 1) above = append(above, lines)
    // Behind `key:` a comment is read before the value, and so before the entry; in the text the key comes first.
    else if (startsBefore(items[i + 1], item)) inline = lines[0]
    else if (above === undefined && last !== undefined && hasLine(last)) {
      attached[attached.length - 1] = { ...last, inline: lines[0] }
    } else above = append(above, lines)
  }
  return { attached, below: above ?? NO_LINES }
}

// Most items have no comments: they share this list.
const NO_LINES: readonly string[] = []

function append(lines: string[] = [], more: readonly string[]): string[] {
  for (const line of more) lines.push(line)
  return lines
}

/**
 * The comments at the start of an item of a list, which are printed above its dash, as sops does: behind it they would
 * push the first entry to the next line. Of a list that starts a list too, as many levels down as `depth` says.
 */
export function leadingComments(node: Node, depth: number): readonly string[] {
  if (depth === 0 || node.kind === 'leaf') return []
  if (node.kind === 'alias') return leadingComments(node.target, depth - 1)
  const items: readonly (Entry | Node | Comment)[] = node.items
  const firstAt = items.findIndex((item) => item.kind !== 'comment')
  const [first] = attachComments(items.slice(0, firstAt + 1)).attached
  if (first === undefined) return []
  const { item, above } = first
  return item.kind === 'entry' || item.kind === 'leaf' ? above : [...above, ...leadingComments(item, depth - 1)]
}

/**
 * The lines that print a comment, with their `#`. What some reader takes for a line break or does not let pass becomes
 * U+FFFD: what follows it would be read as a value.
 */
export function commentLines(text: string): string[] {
  return text.split(/\r?\n/).map((line) => `#${line.replace(NOT_IN_COMMENT, '\ufffd')}`)
}

const NOT_IN_COMMENT = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\p{Surrogate}]/gu

function startsBefore(item: Entry | Node | Comment | undefined, comment: Comment): boolean {
  if (item === undefined || item.kind === 'comment') return false
  return (item.kind === 'entry' ? item.keySpan.start : item.start) < comment.start
}

/** Whether a comment has room behind it: a map or list that is an item starts on the line of its dash. */
function hasLine({ item, inline }: Attached<Entry | Node>): boolean {
  return inline === undefined && item.kind !== 'map' && item.kind !== 'list'
}
