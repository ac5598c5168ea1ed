import { type Layout, noteKey, unpackNote } from '../core/layout.ts'
import type { Comment, Document, Entry, Leaf, Node } from '../core/tree.ts'
import { type Edit, ENVELOPE_KEY, type Format, type Scalar, type Scanned, WHOLE_KEY } from '../formats/format.ts'
import { splice } from '../formats/splice.ts'
import type { OpenedValues } from './open-values.ts'
import { unwrapRoot } from './root-key.ts'

/** Most that all notes of a file may unpack to, together: whoever made the data key may be nobody's friend. */
const MAX_UNPACKED_BYTES = 128 * 1024 * 1024

/**
 * Puts every value of an encrypted text back into its slot, in the spelling of its note or the format's usual one, and
 * cuts the envelope. Cosmetic: what comes out is only to be shown if the gate lets it pass. `revealed`: what the format
 * makes of each value, where the caller has it.
 */
export function restore(
  format: Format,
  encrypted: Scanned,
  { values, comments }: Pick<OpenedValues, 'values' | 'comments'>,
  notes: Layout['notes'],
  revealed?: readonly string[],
): string {
  const edits: Edit[] = [...format.undress(encrypted), ...format.cutEnvelope(encrypted)]
  let room = MAX_UNPACKED_BYTES
  const noteOf = (envelope: string) => (notes.size === 0 ? undefined : notes.get(noteKey(envelope)))
  for (const [i, value] of values.entries()) {
    const { leaf } = value
    const note = noteOf(value.envelope)
    const spelled = note === undefined ? undefined : unpackNote(note, value.text, room)
    room -= spelled?.length ?? 0
    const text = spelled ?? revealed?.[i] ?? format.reveal(encrypted, leaf, value)
    edits.push({ start: leaf.start, end: leaf.end, text })
  }
  for (const { node, text, envelope } of comments) {
    const { start, end } = node
    if (node.kind === 'comment') edits.push({ start, end, text: noteOf(envelope) === undefined ? `#${text}` : '#' })
  }
  return splice(encrypted.text, outermost(edits))
}

/**
 * A plaintext without comments, blank lines and trailing white space: the spelling that the layout binds. Comments and
 * blank lines are nobody's secret and nobody's value; people may change them in the encrypted file.
 */
export function bareText({ text, documents }: Scanned): string {
  const edits: Edit[] = []
  eachComment(documents, ({ start, end }) => edits.push({ start, end, text: '' }))
  const lines = splice(text, edits).split('\n').map(withoutEnd)
  return lines.filter((line) => line !== '').join('\n')
}

/** A pattern that looks for white space at an end takes time in the square of white space elsewhere. */
function withoutEnd(line: string): string {
  let end = line.length
  while (end > 0 && ' \t\r'.includes(line.charAt(end - 1))) end--
  return line.slice(0, end)
}

/**
 * Drops what begins within another edit: values inside of the copy of an alias go with it. Two that overlap otherwise
 * are of somebody who puts our markers elsewhere; what comes out is not the original, and so not shown.
 */
function outermost(edits: Edit[]): Edit[] {
  const kept: Edit[] = []
  let end = -1
  for (const edit of edits.sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (edit.start < end) continue
    kept.push(edit)
    end = edit.end
  }
  return kept
}

function eachComment(documents: readonly Document[], visit: (comment: Comment) => void): void {
  for (const { root, comments } of documents) {
    for (const comment of comments) visit(comment)
    if (root !== undefined) below(root)
  }
  function below(node: Node): void {
    if (node.kind !== 'map' && node.kind !== 'list') return
    for (const item of node.items) {
      if (item.kind === 'comment') visit(item)
      else below(item.kind === 'entry' ? item.value : item)
    }
  }
}

/** The tree of an encrypted file with its values in the place of their envelopes, without the envelope. */
export function revealTree(documents: readonly Document[], opened: OpenedValues): Document[] {
  const values = new Map<Node, Scalar>(opened.values.map((value) => [value.leaf, value]))
  const commentTexts = new Map<Node | Comment, string>(opened.comments.map(({ node, text }) => [node, text]))
  return documents.map((document) => {
    const root = document.root === undefined ? undefined : revealNode(document.root, true)
    const comments = document.comments.map((comment) => revealComment(comment))
    return { ...document, root: unwrapRoot(root), comments }
  })

  function revealNode(node: Node, isRoot: boolean): Node {
    switch (node.kind) {
      case 'leaf': {
        const value = values.get(node)
        return value === undefined ? node : { ...node, type: value.type, text: value.text, tag: undefined }
      }
      case 'alias':
        return revealNode(node.target, false)
      case 'map':
        return {
          ...node,
          items: node.items.flatMap((item): (Entry | Comment)[] => {
            if (item.kind === 'comment') return [revealComment(item)]
            if (isRoot && item.key === ENVELOPE_KEY) return []
            return [{ ...item, value: revealNode(item.value, false) }]
          }),
        }
      case 'list':
        return {
          ...node,
          items: node.items.map((item) => {
            if (item.kind === 'comment') return revealComment(item)
            const text = item.kind === 'leaf' ? commentTexts.get(item) : undefined
            if (text === undefined) return revealNode(item, false)
            return { kind: 'comment', text, inline: false, start: item.start, end: item.end }
          }),
        }
      default:
        return node satisfies never
    }
  }

  function revealComment(comment: Comment) {
    const text = commentTexts.get(comment)
    return text === undefined ? comment : { ...comment, text }
  }
}

/** The one value of a file that is encrypted as a whole; undefined for every other file. */
export function wholeValue(documents: readonly Document[]): Leaf | undefined {
  const root = documents[0]?.root
  if (documents.length !== 1 || root?.kind !== 'map') return undefined
  const entries = root.items.filter((item) => item.kind === 'entry' && item.key !== ENVELOPE_KEY)
  const [only] = entries
  if (entries.length !== 1 || only?.kind !== 'entry' || only.key !== WHOLE_KEY) return undefined
  return only.value.kind === 'leaf' ? only.value : undefined
}
