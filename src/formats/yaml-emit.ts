import type { Comment, Document, Entry, Leaf, ListNode, MapNode, Node } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import { attachComments, commentLines, leadingComments } from './yaml-emit-comments.ts'
import { escapedQuoted, literalBlock, plainScalar } from './yaml-emit-scalar.ts'

/** As many as the scanner lets pass: only aliases can lead deeper. */
const MAX_DEPTH = 200
/** Nodes that are printed once more, for an alias. */
const MAX_COPIES = 200_000
/** UTF-16 units. */
const MAX_OUTPUT = 2 ** 27

/** Columns from a key to what stands below it. */
const INDENT = 4
/** Columns of `- `. */
const DASH = 2
/** In bytes, as sops has it. libyaml wants the colon of a key within 1,024 characters. */
const LONGEST_SIMPLE_KEY = 128
/** UTF-16 units. */
const PIECE = 16_384

/** Where a value is printed, behind `key:` or `-`. */
interface Place {
  /** Column of the map or list that it stands in. */
  readonly parent: number
  /** Column of what stands below it. */
  readonly indent: number
  /** A comment for the same line, with a space before it; or nothing. */
  readonly inline: string
  /** Whether a map or list starts on the same line: `- a: 1`. */
  readonly compact: boolean
}

/**
 * Prints documents from their values alone, in the layout of sops. For go-yaml, YAML 1.1 and YAML 1.2 readers they are
 * the same values of the same types; tags, anchors, quotes and flow style of the source are gone, aliases are expanded.
 *
 * A key `<<` that merged comes out as one that merges; any other as a literal key with the tag `!!str`: Ruby merges it
 * even in quotes.
 *
 * @throws KmsfileError `FORMAT_TOO_MANY_ALIASES`, `FORMAT_TOO_DEEP` or `FILE_TOO_LARGE` where aliases would make a small
 * text a huge one.
 */
export function emitYaml(documents: readonly Document[]): string {
  const out = startText()
  let copies = 0
  let aliases = 0
  let depth = 0

  for (const [i, { root, comments }] of documents.entries()) {
    if (i > 0) out.put('---\n')
    const start = root?.start ?? Number.POSITIVE_INFINITY
    for (const comment of comments) if (comment.start < start) putLines(commentLines(comment.text), 0)
    putRoot(root)
    for (const comment of comments) if (comment.start >= start) putLines(commentLines(comment.text), 0)
  }
  return out.finish()

  function putRoot(root: Node | undefined): void {
    if (root === undefined) out.put('{}\n')
    // Readers count an indentation indicator of the root from different columns; without a parent's column there is none.
    else if (root.kind === 'leaf') out.put(`${spell(root, { parent: INDENT, indent: INDENT, inline: '' })}\n`)
    else if (root.kind === 'alias') putRoot(root.target)
    else {
      if (isEmpty(root)) out.put(`${emptySpelling(root)}\n`)
      putItems(root, 0, false)
    }
  }

  function putNode(node: Node, place: Place): void {
    if (aliases > 0 && ++copies > MAX_COPIES) {
      throw new KmsfileError(`aliases repeat more than ${MAX_COPIES} values`, { code: 'FORMAT_TOO_MANY_ALIASES' })
    }
    const { indent, inline, compact } = place
    if (node.kind === 'leaf') out.put(` ${spell(node, place)}\n`)
    else if (node.kind === 'alias') {
      aliases++
      putNode(node.target, place)
      aliases--
    } else if (isEmpty(node)) {
      out.put(` ${emptySpelling(node)}${inline}\n`)
      putItems(node, indent, false)
    } else {
      const here = compact && inline === ''
      out.put(here ? ' ' : `${inline}\n`)
      putItems(node, indent, here)
    }
  }

  /** `started`: the first item stands on the line that has been begun, and its comments have been printed. */
  function putItems(node: MapNode | ListNode, indent: number, started: boolean): void {
    if (++depth > MAX_DEPTH) {
      throw new KmsfileError(`nested deeper than ${MAX_DEPTH} levels`, { code: 'FORMAT_TOO_DEEP' })
    }
    const { attached, below } = attachComments<Entry | Node>(node.items)
    let begun = started
    for (const { item, above, inline } of attached) {
      if (!begun) {
        putLines(above, indent)
        if (item.kind !== 'entry' && inline === undefined) putLines(leadingComments(item, MAX_DEPTH), indent)
        out.put(margin(indent))
      }
      begun = false
      if (item.kind === 'entry') putEntry(item, indent, inline)
      else putItem(item, indent, inline)
    }
    putLines(below, indent)
    depth--
  }

  function putEntry({ key, value, merge }: Entry, indent: number, inline: string | undefined): void {
    const spelled = key === '<<' ? (merge === true ? '<<' : '!!str "<<"') : spellInLine({ type: 'str', text: key })
    out.put(isLong(key) ? `? ${spelled}\n${margin(indent)}:` : `${spelled}:`)
    const below = indent - (indent % INDENT) + INDENT
    putNode(value, { parent: indent, indent: below, inline: behind(inline), compact: false })
  }

  function putItem(item: Node, indent: number, inline: string | undefined): void {
    out.put('-')
    putNode(item, { parent: indent, indent: indent + DASH, inline: behind(inline), compact: true })
  }

  function putLines(lines: readonly string[], indent: number): void {
    for (const line of lines) out.put(`${margin(indent)}${line}\n`)
  }
}

function isEmpty({ items }: MapNode | ListNode): boolean {
  return (items as readonly (Entry | Node | Comment)[]).every((item) => item.kind === 'comment')
}

function emptySpelling({ kind }: MapNode | ListNode): string {
  return kind === 'map' ? '{}' : '[]'
}

function spell(leaf: Leaf, { parent, indent, inline }: Omit<Place, 'compact'>): string {
  const { type, text } = leaf
  const block =
    type === 'str' && text.includes('\n') && !PAIR.test(text) ? literalBlock(text, indent, parent) : undefined
  if (block === undefined) return spellInLine(leaf) + inline
  const headerEnd = block.indexOf('\n')
  return block.slice(0, headerEnd) + inline + block.slice(headerEnd)
}

function spellInLine(value: Pick<Leaf, 'type' | 'text'>): string {
  return PAIR.test(value.text) ? escapedQuoted(value.text) : plainScalar(value)
}

/** What takes two units of UTF-16. */
const PAIR = /[\ud800-\udfff]/

function isLong(key: string): boolean {
  return key.length * 3 > LONGEST_SIMPLE_KEY && Buffer.byteLength(key) > LONGEST_SIMPLE_KEY
}

function behind(comment: string | undefined): string {
  return comment === undefined ? '' : ` ${comment}`
}

function margin(indent: number): string {
  return ' '.repeat(indent)
}

/** Collects a text, and watches its size. */
function startText(): { put(text: string): void; finish(): string } {
  const pieces: string[] = []
  let size = 0
  let last = ''

  function flush(): void {
    pieces.push(last)
    size += last.length
    last = ''
    if (size > MAX_OUTPUT) {
      throw new KmsfileError('too large with its aliases expanded', { code: 'FILE_TOO_LARGE' })
    }
  }
  return {
    put(text) {
      last += text
      if (last.length > PIECE) flush()
    },
    finish() {
      flush()
      return pieces.join('')
    },
  }
}
