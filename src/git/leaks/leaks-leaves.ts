import type { Document, Leaf, Node, Path } from '../../core/tree.ts'
import { KmsfileError } from '../../errors.ts'
import { ROOT_KEY } from '../../formats/format.ts'
import { type OpenedFile, treeOfPlaintext } from '../../operations/read-secrets.ts'
import { wholeValue } from '../../operations/restore.ts'

/** A value that is encrypted in its file. */
export interface SecretLeaf {
  /** Empty for a file that is one value, in which nothing can be told apart. */
  readonly keys: Path
  readonly text: string
}

/** The texts and numbers that are encrypted in a file; of one that is encrypted as a whole, those in its plaintext. */
export function secretLeaves(file: OpenedFile): readonly SecretLeaf[] {
  const whole = wholeValue(file.scanned.documents)
  if (whole === undefined) {
    const texts = new Map(file.values.map(({ leaf, type, text }) => [leaf, isOfInterest(type) ? text : '']))
    return leavesOf(file.scanned.documents, (leaf) => texts.get(leaf))
  }
  try {
    return leavesOf(treeOfPlaintext(file), ({ type, text }) => (isOfInterest(type) ? text : undefined))
  } catch (error) {
    if (!(error instanceof KmsfileError)) throw error
    return file.values.map(({ text }) => ({ keys: [], text }))
  }
}

function isOfInterest(type: Leaf['type']): boolean {
  return type === 'str' || type === 'int' || type === 'float'
}

function leavesOf(documents: readonly Document[], textOf: (leaf: Leaf) => string | undefined): readonly SecretLeaf[] {
  const found: SecretLeaf[] = []
  const keys: (string | number)[] = []
  for (const { root } of documents) if (root !== undefined) visit(root)
  return found

  function visit(node: Node): void {
    if (node.kind === 'alias') return
    if (node.kind === 'leaf') {
      const text = textOf(node)
      if (text !== undefined && text !== '') found.push({ keys: keys.slice(keys[0] === ROOT_KEY ? 1 : 0), text })
      return
    }
    let index = 0
    for (const item of node.items) {
      if (item.kind === 'comment') continue
      keys.push(item.kind === 'entry' ? item.key : index++)
      visit(item.kind === 'entry' ? item.value : item)
      keys.pop()
    }
  }
}
