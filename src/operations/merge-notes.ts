import { associatedData, cipherKey, encryptValue, noncePool } from '../core/cipher.ts'
import type { DataKey, RandomBytes } from '../core/data-key.ts'
import { looksEncrypted } from '../core/encrypted-value.ts'
import type { MergeConflict } from '../core/merge.ts'
import { printPath } from '../core/path.ts'
import type { Node } from '../core/tree.ts'
import type { Format } from '../formats/format.ts'
import type { NotedConflict, NotedVersion } from './merge-conflict-node.ts'
import { isConcealable } from './open-values.ts'
import type { OpenedFile } from './read-secrets.ts'

export interface NoteOptions {
  readonly dataKey: DataKey
  readonly randomBytes: RandomBytes
  /** Versions under this data key: what they have encrypted already keeps its bytes. */
  readonly versions: readonly Pick<OpenedFile, 'values'>[]
}

/** Conflicts with all their versions encrypted, to be kept in the file until somebody resolves them. */
export function noteConflicts(
  format: Format,
  conflicts: readonly MergeConflict[],
  { dataKey, randomBytes, versions }: NoteOptions,
): readonly NotedConflict[] {
  const key = cipherKey(dataKey)
  const nonce = noncePool(randomBytes)
  const known = new Map<string, string>()
  for (const { values } of versions) {
    for (const { type, text, associatedData: place, envelope } of values) {
      const id = JSON.stringify([type, place, text])
      if (!known.has(id)) known.set(id, envelope)
    }
  }
  return conflicts.map(({ document, path, ...nodes }) => {
    const place = associatedData(path.filter((step) => typeof step === 'string'))
    const noted = (node: Node | undefined): NotedVersion | undefined => {
      if (node === undefined) return undefined
      if (node.kind === 'leaf' && node.type !== 'null' && isConcealable(node.type, node.text)) {
        const { type, text } = node
        const envelope =
          known.get(JSON.stringify([type, place, text])) ??
          encryptValue(key, text, { associatedData: place, nonce: nonce(), type })
        return { envelope, isScalar: true }
      }
      const text = format.emit([{ root: node, comments: [], start: 0, end: 0 }])
      // Of no use as a value of the file, wherever somebody puts it.
      const own = { associatedData: treePlace(place), nonce: nonce(), type: 'str' as const }
      return { envelope: encryptValue(key, text, own), isScalar: false }
    }
    return notedConflict(document, path, {
      base: noted(nodes.base),
      ours: noted(nodes.ours),
      theirs: noted(nodes.theirs),
    })
  })
}

/** The same without a key, of versions whose values are encrypted: what is no envelope is left out. */
export function noteEncrypted(conflicts: readonly MergeConflict[]): readonly NotedConflict[] {
  const noted = (node: Node | undefined): NotedVersion | undefined =>
    node?.kind === 'leaf' && looksEncrypted(node.text) ? { envelope: node.text, isScalar: true } : undefined
  return conflicts.map(({ document, path, ...nodes }) =>
    notedConflict(document, path, { base: noted(nodes.base), ours: noted(nodes.ours), theirs: noted(nodes.theirs) }),
  )
}

/** The associated data of a version that is no scalar. */
export function treePlace(place: string): string {
  return `kmsfile conflict ${place}`
}

function notedConflict(
  document: number,
  path: MergeConflict['path'],
  versions: NotedConflict['versions'],
): NotedConflict {
  return { path: printPath(path), document, versions }
}
