import type { RandomBytes } from '../core/data-key.ts'
import { type Header, parseHeader, printHeader, type Stanza, verifyHeader } from './age-header.ts'
import { openPayload, PAYLOAD_NONCE_BYTES, sealPayload } from './age-payload.ts'
import { concat, FILE_KEY_BYTES } from './age-primitives.ts'

/**
 * Encrypts bytes as an age file (c2sp.org/age, version 1) for the recipients that `wrapFileKey` makes stanzas of.
 * Binary; {@link armor} makes text of it.
 */
export function sealFile(
  plaintext: Uint8Array,
  wrapFileKey: (fileKey: Uint8Array) => readonly Stanza[],
  randomBytes: RandomBytes,
): Uint8Array {
  const fileKey = randomBytes(FILE_KEY_BYTES)
  const header = printHeader(wrapFileKey(fileKey), fileKey)
  const payload = sealPayload(fileKey, plaintext, randomBytes(PAYLOAD_NONCE_BYTES))
  fileKey.fill(0)
  return concat(header, payload)
}

/**
 * Decrypts a binary age file with the file key that `unwrapFileKey` finds in its header; undefined where that finds
 * none. All or nothing: no byte is returned that is not authentic.
 *
 * @throws AgeFileError of the header, its MAC or the payload; and whatever `unwrapFileKey` throws
 */
export async function openFile(
  file: Uint8Array,
  unwrapFileKey: (header: Header) => Promise<Uint8Array | undefined> | Uint8Array | undefined,
): Promise<Uint8Array | undefined> {
  const header = parseHeader(file)
  const fileKey = await unwrapFileKey(header)
  if (fileKey === undefined) return undefined
  try {
    verifyHeader(header, fileKey)
    return openPayload(fileKey, file.subarray(header.bytes.length))
  } finally {
    fileKey.fill(0)
  }
}
