import type { Document, Entry, Node } from '../core/tree.ts'
import { ROOT_KEY } from '../formats/format.ts'

/** A document whose root is no map, as sops sees it: the only entry of a map. */
export function wrapRoot(document: Document): Document {
  const { root } = document
  if (root === undefined || root.kind === 'map') return document
  const keySpan = { start: root.start, end: root.start }
  const entry: Entry = { kind: 'entry', key: ROOT_KEY, keySpan, keyIsString: true, value: root }
  return { ...document, root: { kind: 'map', flow: false, items: [entry], start: root.start, end: root.end } }
}

/** Reverses {@link wrapRoot} for the root of an opened file. */
export function unwrapRoot(root: Node | undefined): Node | undefined {
  if (root?.kind !== 'map') return root
  const entries = root.items.filter((item) => item.kind === 'entry')
  return entries.length === 1 && entries[0]?.key === ROOT_KEY ? entries[0].value : root
}
