import type { Node } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import { ENVELOPE_KEY, ROOT_KEY, type Scanned, WHOLE_KEY } from '../formats/format.ts'
import { encryptionState } from './read-secrets.ts'

/**
 * Refuses a text that is no plaintext, or has a key where the metadata must go.
 *
 * @throws KmsfileError `FILE_ALREADY_ENCRYPTED`, `FILE_PARTLY_ENCRYPTED`, `FORMAT_VALUE`
 */
export function refuseEncrypted({ documents }: Scanned): void {
  const state = encryptionState(documents)
  if (state === 'partly') throw partlyEncrypted()
  if (state === 'encrypted') {
    throw new KmsfileError('the file is already encrypted', {
      code: 'FILE_ALREADY_ENCRYPTED',
      hint: 'change it with kmsfile edit FILE',
    })
  }
  if (documents.some(({ root }) => hasKey(root, ENVELOPE_KEY))) {
    throw new KmsfileError(`the file has a key "${ENVELOPE_KEY}" of its own, where the metadata must go`, {
      code: 'FORMAT_VALUE',
      hint: 'rename the key',
    })
  }
}

/** Whether a root has a key that means something to kmsfile. */
export function usesReservedName({ documents }: Scanned): boolean {
  return documents.some(({ root }) => hasKey(root, ROOT_KEY) || hasKey(root, WHOLE_KEY))
}

export function partlyEncrypted(): KmsfileError {
  return new KmsfileError('some values are encrypted already, but the sops block is missing', {
    code: 'FILE_PARTLY_ENCRYPTED',
    hint: 'restore it from the last good version: git log -p -- FILE',
  })
}

function hasKey(root: Node | undefined, key: string): boolean {
  return root?.kind === 'map' && root.items.some((item) => item.kind === 'entry' && item.key === key)
}
