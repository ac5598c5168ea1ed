import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { KmsfileError } from '../errors.ts'
import { readBase64 } from './base64.ts'
import { strictBase64 } from './bytes.ts'
import type { DataKey, RandomBytes } from './data-key.ts'
import { type EncryptedValue, type EnvelopeType, printEncryptedBytes } from './encrypted-value.ts'

// 256 bits, as sops draws them. GCM runs a nonce of any length but 96 bits through
// GHASH first (NIST SP 800-38D, 7.1, step 2), so 12 would be the usual choice;
// 32 is kept for files that sops wrote and will read.
export const NONCE_BYTES = 32
const TAG_BYTES = 16
const ALGORITHM = 'aes-256-gcm'
// One call for many nonces: `randomBytes` costs as much as the encryption of a short value.
const POOL_NONCES = 1024

/** A data key in the form that ciphers take. A raw key costs seven times as much a call on Node 24. */
export function cipherKey(dataKey: DataKey): KeyObject {
  return createSecretKey(dataKey)
}

/** Draws nonces from a pool. Each is handed out once, ever. */
export function noncePool(randomBytes: RandomBytes): () => Uint8Array {
  let pool: Uint8Array = new Uint8Array(0)
  let at = 0
  return () => {
    if (at === pool.length) {
      pool = randomBytes(NONCE_BYTES * (pool.length === 0 ? 16 : POOL_NONCES))
      at = 0
    }
    at += NONCE_BYTES
    return pool.subarray(at - NONCE_BYTES, at)
  }
}

export interface EncryptOptions {
  /** Bytes that are authenticated but not encrypted: {@link associatedData} of the value's keys. */
  readonly associatedData: string
  /** Fresh; never used before under this key. */
  readonly nonce: Uint8Array
  readonly type: EnvelopeType
}

/** Encrypts one value. `text` is exactly what Go prints for it, or sops encrypts another text under this nonce. */
export function encryptValue(key: KeyObject, text: string, { associatedData, nonce, type }: EncryptOptions): string {
  const cipher = createCipheriv(ALGORITHM, key, nonce)
  cipher.setAAD(bytesOf(associatedData))
  // Bytes, because text out of a cipher goes through the decoder of a stream; GCM holds nothing back for the end.
  const data = cipher.update(text, 'utf8')
  cipher.final()
  return printEncryptedBytes({ data, nonce, tag: cipher.getAuthTag(), type })
}

/** Bytes of a short text that nobody keeps, without a buffer for each. */
function bytesOf(text: string): Uint8Array {
  if (text.length * 3 > aadScratch.length) return Buffer.from(text)
  const length = aadScratch.write(text)
  aadViews[length] ??= aadScratch.subarray(0, length)
  return aadViews[length]
}

const aadScratch = Buffer.allocUnsafeSlow(1024)
const aadViews: Uint8Array[] = []

/**
 * Decrypts what {@link encryptValue} made.
 *
 * @throws KmsfileError `INTEGRITY_TAG_MISMATCH` if the ciphertext, the nonce, the associated data or the key is not the
 * one used to encrypt; which of them cannot be told apart, by design. `FORMAT_ENCODING` if the value is no UTF-8 text.
 */
export function decryptValue(key: KeyObject, value: EncryptedValue, associatedData: string): string {
  const bytes = decryptBytes(key, value, associatedData)
  const text = bytes.toString('utf8')
  // A replacement character may be part of the value, or stand for bytes that are no UTF-8 and would get lost.
  if (text.includes('\ufffd') && !Buffer.from(text).equals(bytes)) {
    throw new KmsfileError('an encrypted value is binary, not text', {
      code: 'FORMAT_ENCODING',
      hint: 'keep binary data in a file of its own, or as base64 text',
    })
  }
  return text
}

function decryptBytes(key: KeyObject, { data, nonce, tag }: EncryptedValue, associatedData: string): Buffer {
  // One envelope must not have two spellings; sops, too, takes nothing but strict base64.
  const dataBytes = decoded(data, dataScratch)
  const nonceBytes = decoded(nonce, nonceScratch)
  const tagBytes = decoded(tag, tagScratch)
  if (dataBytes === undefined || !nonceBytes?.length || tagBytes?.length !== TAG_BYTES) throw tagMismatch()
  try {
    const decipher = createDecipheriv(ALGORITHM, key, nonceBytes, { authTagLength: TAG_BYTES })
    decipher.setAuthTag(tagBytes)
    decipher.setAAD(bytesOf(associatedData))
    const start = decipher.update(dataBytes)
    const end = decipher.final()
    return end.length === 0 ? start : Buffer.concat([start, end])
  } catch {
    // OpenSSL's error says nothing, and a cause could carry more than it should.
    throw tagMismatch()
  }
}

// Ciphertext, nonces and tags: none of them is a secret, and each is read before the next takes its place.
const dataScratch = Buffer.allocUnsafeSlow(4 * 1024)
const nonceScratch = Buffer.allocUnsafeSlow(64)
const tagScratch = Buffer.allocUnsafeSlow(64)

function decoded(text: string, scratch: Buffer): Buffer | undefined {
  if (text.length > scratch.length) return strictBase64(text)
  const length = readBase64(text, scratch)
  return length < 0 ? undefined : scratch.subarray(0, length)
}

function tagMismatch(): KmsfileError {
  return new KmsfileError('a value does not belong to this place or this data key, or was changed', {
    code: 'INTEGRITY_TAG_MISMATCH',
    hint: 'compare with the last good version: git log -p -- FILE',
  })
}

/**
 * What binds a value to its place: the keys on its path, each followed by a colon. List indices are not part of it.
 * The root of a document is `:`.
 */
export function associatedData(keys: readonly string[]): string {
  return `${keys.join(':')}:`
}
