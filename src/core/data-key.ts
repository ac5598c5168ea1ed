import { hkdfSync } from 'node:crypto'
import { KmsfileError } from '../errors.ts'

declare const dataKeyBrand: unique symbol

/** The AES-256 key that encrypts the values of one file. 32 bytes. */
export type DataKey = Uint8Array & { readonly [dataKeyBrand]: true }

export const DATA_KEY_BYTES = 32

/** Source of random bytes; `node:crypto`'s `randomBytes` outside of tests. */
export type RandomBytes = (size: number) => Uint8Array

/**
 * Takes 32 bytes for a data key. The array is kept, not copied.
 *
 * @throws KmsfileError `KEY_INVALID` if it is not 32 bytes long.
 */
export function toDataKey(bytes: Uint8Array): DataKey {
  if (bytes.length !== DATA_KEY_BYTES) {
    throw new KmsfileError(`a data key has ${DATA_KEY_BYTES} bytes, this one has ${bytes.length}`, {
      code: 'KEY_INVALID',
    })
  }
  return bytes as DataKey
}

export function newDataKey(randomBytes: RandomBytes): DataKey {
  return toDataKey(randomBytes(DATA_KEY_BYTES))
}

/** What a subkey is for. One purpose, one key: nothing made under one is ever taken for the other. */
export type SubkeyPurpose = 'mark' | 'seal' | 'layout' | 'original' | 'recipients' | 'id'

/** HKDF-SHA-256 (RFC 5869) of the data key, no salt, `kmsfile v1 PURPOSE` as info. 32 bytes. */
export function subkey(dataKey: DataKey, purpose: SubkeyPurpose): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', dataKey, '', `kmsfile v1 ${purpose}`, 32))
}
