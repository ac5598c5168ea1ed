import { AgeFileError } from './age-error.ts'
import { concat, deriveKey, open, seal, TAG_BYTES } from './age-primitives.ts'

export const PAYLOAD_NONCE_BYTES = 16
const CHUNK_BYTES = 64 * 1024
const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES

/** Encrypts the content of an age file, in chunks of 64 KiB. `nonce` has 16 fresh bytes and stands in front. */
export function sealPayload(fileKey: Uint8Array, plaintext: Uint8Array, nonce: Uint8Array): Uint8Array {
  const key = deriveKey(fileKey, { salt: nonce, info: 'payload' })
  const chunks = Math.max(1, Math.ceil(plaintext.length / CHUNK_BYTES))
  const sealed = Array.from({ length: chunks }, (_, i) =>
    seal(key, plaintext.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES), chunkNonce(i, i === chunks - 1)),
  )
  key.fill(0)
  return concat(nonce, ...sealed)
}

/**
 * Reverses {@link sealPayload}. Nothing of a payload is returned unless all of it is authentic.
 *
 * @throws AgeFileError of the payload, or of the header where not even a nonce follows it
 */
export function openPayload(fileKey: Uint8Array, payload: Uint8Array): Uint8Array {
  if (payload.length < PAYLOAD_NONCE_BYTES) throw new AgeFileError('header', 'nothing follows its header')
  const sealed = payload.subarray(PAYLOAD_NONCE_BYTES)
  const chunks = Math.max(1, Math.ceil(sealed.length / SEALED_CHUNK_BYTES))
  const lastBytes = sealed.length - (chunks - 1) * SEALED_CHUNK_BYTES
  // Only an empty payload ends with an empty chunk; else one content would have two files.
  if (lastBytes < (chunks === 1 ? TAG_BYTES : TAG_BYTES + 1)) throw new AgeFileError('payload')
  const key = deriveKey(fileKey, { salt: payload.subarray(0, PAYLOAD_NONCE_BYTES), info: 'payload' })
  const plaintext = new Uint8Array(sealed.length - chunks * TAG_BYTES)
  for (let i = 0; i < chunks; i++) {
    const chunk = sealed.subarray(i * SEALED_CHUNK_BYTES, (i + 1) * SEALED_CHUNK_BYTES)
    const opened = open(key, chunk, chunkNonce(i, i === chunks - 1))
    if (opened === undefined) {
      plaintext.fill(0)
      key.fill(0)
      throw new AgeFileError('payload')
    }
    plaintext.set(opened, i * CHUNK_BYTES)
    opened.fill(0)
  }
  key.fill(0)
  return plaintext
}

/** A big-endian counter of 11 bytes and the flag of the last chunk. */
function chunkNonce(index: number, last: boolean): Uint8Array {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32BE(index, 7)
  nonce[11] = Number(last)
  return nonce
}
