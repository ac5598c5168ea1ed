import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'

export const FILE_KEY_BYTES = 16
export const TAG_BYTES = 16
const KEY_BYTES = 32
const NONCE_BYTES = 12
const ALGORITHM = 'chacha20-poly1305'
// Each wrapping key is used once, so its nonce may stand still.
const ZERO_NONCE = new Uint8Array(NONCE_BYTES)

export interface DeriveOptions {
  readonly salt?: Uint8Array
  readonly info: string
}

/** HKDF-SHA-256 (RFC 5869). 32 bytes, to be wiped after use. */
export function deriveKey(secret: Uint8Array, { salt = new Uint8Array(0), info }: DeriveOptions): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, KEY_BYTES))
}

/** ChaCha20-Poly1305, the tag behind the ciphertext. */
export function seal(key: Uint8Array, plaintext: Uint8Array, nonce: Uint8Array = ZERO_NONCE): Uint8Array {
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** Reverses {@link seal}; undefined where key, nonce and ciphertext do not belong together. */
export function open(key: Uint8Array, sealed: Uint8Array, nonce: Uint8Array = ZERO_NONCE): Uint8Array | undefined {
  if (sealed.length < TAG_BYTES) return undefined
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  const plaintext = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES))
  try {
    decipher.final()
    return plaintext
  } catch {
    plaintext.fill(0)
    return undefined
  }
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}
