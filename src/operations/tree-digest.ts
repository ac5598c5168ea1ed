import { createHash } from 'node:crypto'
import { compileSelector, DEFAULT_SELECTOR, type Selection } from '../core/selection.ts'
import type { Document, Leaf } from '../core/tree.ts'
import { encodeView, type ViewEncoder } from '../core/view.ts'
import { type Visitor, walk } from '../core/walk.ts'
import { wrapRoot } from './root-key.ts'

/** Collects what two trees must share to say the same: structure, keys, types and values. */
export interface TreeDigest {
  readonly view: ViewEncoder
  /** Takes a value as it stands. */
  leaf(leaf: Pick<Leaf, 'type' | 'text'>): void
  /** Must be called once, at the end. */
  digest(): string
}

export function startTreeDigest(): TreeDigest {
  const hash = createHash('sha256')
  const view = encodeView((bytes) => hash.update(bytes), { selector: DEFAULT_SELECTOR, onlyEncrypted: false })
  return {
    view,
    leaf({ type, text }) {
      if (type === 'null') view.plain('null', '', true)
      else view.encrypted(type, text)
    },
    digest() {
      view.end()
      return hash.digest('hex')
    },
  }
}

/**
 * Digest of a plaintext tree. Two trees with the same have the same structure, keys, types and values; spelling,
 * comments and the detour of aliases do not count.
 */
export async function treeDigest(documents: readonly Document[]): Promise<string> {
  const tree = startTreeDigest()
  const selection = await compileSelector(DEFAULT_SELECTOR)
  const visitor = { ...structureVisitor(documents, selection, [tree.view]), leaf: tree.leaf }
  walk(documents.map(wrapRoot), visitor, { selection })
  return tree.digest()
}

/** The part of a visitor that tells encoders of containers and keys. */
export function structureVisitor(
  documents: readonly Document[],
  selection: Selection,
  encoders: readonly ViewEncoder[],
): Omit<Visitor, 'leaf'> {
  return {
    startDocument(index) {
      for (const encoder of encoders) {
        encoder.startDocument()
        // To sops a document with nothing in it is an empty map.
        if (documents[index]?.root !== undefined) continue
        encoder.startMap(selection.selects(false))
        encoder.endMap()
      }
    },
    endDocument() {
      for (const encoder of encoders) encoder.endDocument()
    },
    startMap({ secret }) {
      for (const encoder of encoders) encoder.startMap(secret)
    },
    key(key) {
      for (const encoder of encoders) encoder.key(key)
    },
    endMap() {
      for (const encoder of encoders) encoder.endMap()
    },
    startList({ secret }) {
      for (const encoder of encoders) encoder.startList(secret)
    },
    endList() {
      for (const encoder of encoders) encoder.endList()
    },
  }
}
