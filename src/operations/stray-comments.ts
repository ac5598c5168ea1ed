import type { Comment, Document, Entry, Node } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import { placeOf } from '../formats/excerpt.ts'
import type { Scanned } from '../formats/format.ts'

const BLANK_LINE = /\n[ \t]*\r?\n/

/**
 * Refuses a file whose comments yaml.v3, and so sops, could give to another value than we do, where comments decide what
 * is encrypted: a comment must stand on its own line right before a sibling and in its column, or behind a value.
 *
 * @throws KmsfileError `FORMAT_VALUE` with the place
 */
export function refuseStrayComments(source: Scanned): void {
  const { text } = source
  for (const [i, document] of source.documents.entries()) {
    if (i > 0) inspectHead(document)
    if (document.root !== undefined) inspect(document.root, document)
  }

  /** From the second document on yaml.v3 gives comments in front of a blank line to the document before, or to the second key. */
  function inspectHead({ root, comments }: Document): void {
    if (root?.kind !== 'map') return
    const key = root.items.find((item) => item.kind === 'entry')?.keySpan.start ?? root.end
    const [first] = [...comments, ...root.items].filter((item) => item.kind === 'comment' && item.start < key)
    if (first?.kind !== 'comment' || !BLANK_LINE.test(text.slice(first.start, key))) return
    throw stray('a comment in front of a blank line at the start of a document', first.start)
  }

  function inspect(node: Node, document: Document): void {
    if (node.kind === 'alias') throw stray('an alias', node.start)
    if (node.kind === 'leaf') return
    for (const [i, item] of node.items.entries()) {
      if (item.kind === 'comment') inspectComment(item, { node, next: nextItem(node.items, i), document })
      else inspect(item.kind === 'entry' ? item.value : item, document)
    }
  }

  function inspectComment(
    comment: Comment,
    { node, next, document }: { node: Node; next: Entry | Node | undefined; document: Document },
  ): void {
    if (node.kind === 'leaf' || node.kind === 'alias') return
    if (node.flow) throw stray('a comment inside of brackets', comment.start)
    if (comment.inline) return
    // At the end of the whole document it can belong to nobody else.
    if (next === undefined && node === document.root) return
    if (next === undefined) throw stray('a comment behind the last entry of a part', comment.start)
    const start = next.kind === 'entry' ? next.keySpan.start : itemStart(next.start)
    if (columnOf(comment.start) !== columnOf(start)) throw stray('a comment in another column', comment.start)
  }

  function nextItem(items: readonly (Entry | Comment | Node)[], at: number): Entry | Node | undefined {
    return items.slice(at + 1).find((item): item is Entry | Node => item.kind !== 'comment')
  }

  /** An item of a block list starts at its dash. */
  function itemStart(start: number): number {
    return text.lastIndexOf('-', start)
  }

  function columnOf(offset: number): number {
    return offset - (text.lastIndexOf('\n', offset - 1) + 1)
  }

  function stray(what: string, offset: number): KmsfileError {
    return new KmsfileError(`${what}, where a selector goes by comments`, {
      code: 'FORMAT_VALUE',
      hint: 'put comments on lines of their own right before what they are about, or use a selector that goes by keys',
      ...placeOf(text, offset),
    })
  }
}
