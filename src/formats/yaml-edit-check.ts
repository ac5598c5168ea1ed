import { append } from '../core/append.ts'
import type { Comment, Document, Node, Path } from '../core/tree.ts'
import type { Edit, PlainValue, Scanned } from './format.ts'
import { lineEnd, lineStart } from './yaml-edit-lines.ts'
import { type Container, type Content, contentsOf, isContainer, nodeOf } from './yaml-edit-place.ts'
import { isList, isMap, wellFormed } from './yaml-edit-print.ts'
import type { YamlLeaf } from './yaml-nodes.ts'
import { resolveScalar } from './yaml-resolve.ts'

/** What is to be different in a text: one value. */
export interface Change {
  /** Index of the document. */
  readonly document: number
  readonly path: Path
  /** Undefined: it is removed. */
  readonly value: PlainValue | undefined
}

/** Whether the change, and nothing else, was made: no other value, no anchor, no comment on another line. */
export function isChanged(before: Scanned, after: Scanned, change: Change, edits: readonly Edit[]): boolean {
  return (
    before.documents.length === after.documents.length &&
    before.documents.every(({ root }, i) => {
      const now = after.documents[i]?.root
      return i === change.document ? hasChanged(root, now, change, 0) : isSame(root, now)
    }) &&
    keepsComments(before, after, edits)
  )
}

function hasChanged(before: Node | undefined, after: Node | undefined, change: Change, depth: number): boolean {
  if (after === undefined) return false
  const { path, value } = change
  const step = path[depth]
  if (step === undefined) return value !== undefined && isAnchoredAs(after, before) && isValue(value, after)
  if (before === undefined || !isContainer(before)) {
    return value !== undefined && isAnchoredAs(after, before) && isValue(nest(path, depth, value), after)
  }
  if (!isContainer(after) || before.kind !== after.kind || before.anchor !== after.anchor) return false
  const old = contentsOf(before)
  const now = contentsOf(after)
  const index = typeof step === 'number' ? step : old.findIndex((item) => item.kind === 'entry' && item.key === step)
  const at = index === -1 ? old.length : index
  const isRemoved = value === undefined && depth === path.length - 1
  if (now.length !== (isRemoved ? old.length - 1 : Math.max(old.length, at + 1))) return false
  return now.every((item, i) => {
    if (isRemoved) return isSameItem(old[i < at ? i : i + 1], item)
    if (i !== at) return isSameItem(old[i], item)
    if (item.kind === 'entry' && item.key !== (typeof step === 'string' ? wellFormed(step) : step)) return false
    const was = old[at]
    if (was === undefined) return value !== undefined && isValue(nest(path, depth + 1, value), nodeOf(item))
    return hasChanged(nodeOf(was), nodeOf(item), change, depth + 1)
  })
}

function isSameItem(before: Content | undefined, after: Content): boolean {
  if (before === undefined) return false
  if (before.kind !== 'entry' || after.kind !== 'entry') {
    return before.kind !== 'entry' && after.kind !== 'entry' && isSame(before, after)
  }
  return before.key === after.key && before.keyIsString === after.keyIsString && isSame(before.value, after.value)
}

function isSame(before: Node | undefined, after: Node | undefined): boolean {
  if (before === undefined || after === undefined) return before === after
  if (before.kind === 'alias') return after.kind === 'alias' && before.name === after.name
  if (!isAnchoredAs(after, before)) return false
  if (before.kind === 'leaf') return after.kind === 'leaf' && isSameLeaf(before as YamlLeaf, after as YamlLeaf)
  if (after.kind !== before.kind) return false
  const old = contentsOf(before as Container)
  const now = contentsOf(after as Container)
  return old.length === now.length && now.every((item, i) => isSameItem(old[i], item))
}

function isSameLeaf(before: YamlLeaf, after: YamlLeaf): boolean {
  return before.type === after.type && before.text === after.text && before.tag === after.tag
}

function isAnchoredAs(after: Node, before: Node | undefined): boolean {
  return anchorOf(after) === (before === undefined ? undefined : anchorOf(before))
}

function anchorOf(node: Node): string | undefined {
  return node.kind === 'alias' ? undefined : (node as YamlLeaf).anchor
}

/** Whether a node is the value, without anchors of its own. */
export function isValue(value: PlainValue, node: Node): boolean {
  if (isMap(value)) {
    const entries = [...value]
    if (node.kind !== 'map' || contentsOf(node as Container).length !== entries.length) return false
    return contentsOf(node as Container).every((item, i) => {
      const [key, own] = entries[i] as [string, PlainValue]
      return item.kind === 'entry' && item.keyIsString && item.key === wellFormed(key) && isValue(own, item.value)
    })
  }
  if (isList(value)) {
    if (node.kind !== 'list') return false
    const items = contentsOf(node as Container)
    return items.length === value.length && items.every((item, i) => isValue(value[i] as PlainValue, item as Node))
  }
  if (node.kind !== 'leaf') return false
  if (typeof value === 'string') return node.type === 'str' && node.text === wellFormed(value)
  const digits = value === null || typeof value === 'boolean' ? String(value) : value.number
  const resolved = resolveScalar(digits, { plain: true, tag: undefined })
  return node.type === resolved?.type && node.text === resolved.text
}

/** The value with the maps and lists around it that its path still lacks. */
export function nest(path: Path, from: number, value: PlainValue): PlainValue {
  let nested = value
  for (const step of path.slice(from).reverse())
    nested = typeof step === 'string' ? new Map([[step, nested]]) : [nested]
  return nested
}

/** Comments on lines that no edit touches are still there, in their order. */
function keepsComments(before: Scanned, after: Scanned, edits: readonly Edit[]): boolean {
  const lines = edits.map(({ start, end }) => [lineStart(before.text, start), lineEnd(before.text, end)] as const)
  const now = commentsOf(after)
  let at = 0
  return commentsOf(before).every(({ start, text }) => {
    if (lines.some(([first, last]) => start >= first && start <= last)) return true
    while (at < now.length && now[at]?.text !== text) at++
    return at++ < now.length
  })
}

function commentsOf({ documents }: Scanned): readonly Comment[] {
  const comments: Comment[] = []
  for (const document of documents as readonly Document[]) {
    append(comments, document.comments)
    if (document.root !== undefined) collect(document.root)
  }
  return comments.sort((a, b) => a.start - b.start)

  function collect(node: Node): void {
    if (!isContainer(node)) return
    for (const item of node.items) {
      if (item.kind === 'comment') comments.push(item)
      else collect(nodeOf(item))
    }
  }
}
