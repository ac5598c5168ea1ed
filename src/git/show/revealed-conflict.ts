import { associatedData, cipherKey, decryptValue } from '../../core/cipher.ts'
import type { DataKey } from '../../core/data-key.ts'
import { parseEncryptedValue } from '../../core/encrypted-value.ts'
import type { Envelope } from '../../core/envelope.ts'
import { parsePath } from '../../core/path.ts'
import { compileSelector } from '../../core/selection.ts'
import type { Document } from '../../core/tree.ts'
import { KmsfileError } from '../../errors.ts'
import { type NotedVersion, PENDING_MAC, readConflictNote, UNRESOLVED } from '../../operations/merge-conflict-node.ts'
import { treePlace } from '../../operations/merge-notes.ts'
import { decryptWith, type OpenedValues, openValues } from '../../operations/open-values.ts'
import { breaksComments, type EncryptedFile } from '../../operations/read-secrets.ts'
import { restore, revealTree } from '../../operations/restore.ts'
import { treeDigest } from '../../operations/tree-digest.ts'

/** Whether a file holds a merge that nobody has finished. */
export function isUnresolved({ lastModified }: Pick<Envelope, 'lastModified'>): boolean {
  return lastModified.startsWith(UNRESOLVED.slice(0, 'unresolved'.length))
}

export interface RevealedConflict {
  /** The file with its values in their places; printed anew where that would say something else. */
  readonly body: string
  readonly documents: readonly Document[]
  /** What is in conflict, with all its versions. */
  readonly notes: readonly string[]
}

/**
 * What is in a file whose merge is not resolved, for who looks at it. Nothing in it is authentic: it has no MAC, and no other
 * command takes it for anything.
 *
 * @throws KmsfileError those of the format and of `openValues`
 */
export async function revealConflict(file: EncryptedFile, dataKey: DataKey): Promise<RevealedConflict> {
  const { format, scanned, envelope } = file
  const key = cipherKey(dataKey)
  const values = openValues(scanned.documents, {
    decrypt: decryptWith(key),
    selection: await compileSelector(envelope.selector),
    macOnlyEncrypted: envelope.macOnlyEncrypted,
  })
  const documents = revealTree(scanned.documents, values)
  const { conflicts, labels } = readConflictNote(scanned)
  const shown = (path: string, version: NotedVersion | undefined) => {
    if (version === undefined) return 'not there, or not encrypted'
    return versionText(version, { key, path }) ?? 'does not open'
  }
  const notes = conflicts.flatMap(({ path, versions }) => [
    `IN CONFLICT: ${path}`,
    `  base: ${shown(path, versions.base)}`,
    `  ours (${labels.ours}): ${shown(path, versions.ours)}`,
    `  theirs (${labels.theirs}): ${shown(path, versions.theirs)}`,
  ])
  const state = envelope.mac === PENDING_MAC && conflicts.length === 0 ? 'MERGED WITHOUT A KEY' : 'NOT RESOLVED'
  const body = (await inPlace(file, values, documents)) ?? format.emit(documents)
  return { body, documents, notes: [`${state}: kmsfile git resolve FILE`, ...notes] }
}

/** So that beside other versions only what is different, is. Undefined where it does not read as the values say. */
async function inPlace(
  { format, scanned }: EncryptedFile,
  values: OpenedValues,
  documents: readonly Document[],
): Promise<string | undefined> {
  if (breaksComments(values.comments)) return undefined
  try {
    const text = restore(format, scanned, values, new Map())
    return (await treeDigest(format.scan(text).documents)) === (await treeDigest(documents)) ? text : undefined
  } catch (error) {
    if (error instanceof KmsfileError) return undefined
    throw error
  }
}

function versionText(
  { envelope, isScalar }: NotedVersion,
  { key, path }: { readonly key: ReturnType<typeof cipherKey>; readonly path: string },
): string | undefined {
  try {
    const value = parseEncryptedValue(envelope)
    const keys = parsePath(path).filter((step) => typeof step === 'string')
    const place = associatedData(keys)
    return value && JSON.stringify(decryptValue(key, value, isScalar ? place : treePlace(place)))
  } catch (error) {
    if (error instanceof KmsfileError) return undefined
    throw error
  }
}
