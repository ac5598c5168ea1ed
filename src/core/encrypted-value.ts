import { base64Length, writeBase64 } from './base64.ts'
import { toBase64 } from './bytes.ts'

/** Types that an envelope can name. `comment` and `bytes` are no types of a value that we write. */
export type EnvelopeType = 'str' | 'int' | 'float' | 'bool' | 'time' | 'comment' | 'bytes'

/** The parts of `ENC[AES256_GCM,data:...,iv:...,tag:...,type:...]`, base64 as written. */
export interface EncryptedValue {
  readonly data: string
  readonly nonce: string
  readonly tag: string
  readonly type: EnvelopeType
}

const PREFIX = 'ENC[AES256_GCM,data:'
const TYPES: ReadonlySet<string> = new Set(['str', 'int', 'float', 'bool', 'time', 'comment', 'bytes'])

/** Whether a text claims to be an encrypted value. It may still be malformed. */
export function looksEncrypted(text: string): boolean {
  return text.startsWith('ENC[AES256_GCM,')
}

export function printEncryptedValue({ data, nonce, tag, type }: EncryptedValue): string {
  // Joined, because a template leaves a chain of pieces, which costs twice the memory and is copied by each collection.
  return [PREFIX, data, ',iv:', nonce, ',tag:', tag, ',type:', type, ']'].join('')
}

/** The bytes of an encrypted value, before they are printed. */
export interface EncryptedBytes {
  readonly data: Uint8Array
  readonly nonce: Uint8Array
  readonly tag: Uint8Array
  readonly type: EnvelopeType
}

const [BEFORE_DATA, BEFORE_NONCE, BEFORE_TAG, BEFORE_TYPE] = [PREFIX, ',iv:', ',tag:', ',type:'].map((text) =>
  Buffer.from(text),
) as [Buffer, Buffer, Buffer, Buffer]
/** Most values fit; only ciphertext passes through. */
const scratch = Buffer.allocUnsafeSlow(8 * 1024)
const AROUND = 128

/** As {@link printEncryptedValue}, of bytes: one flat text, without the parts. */
export function printEncryptedBytes({ data, nonce, tag, type }: EncryptedBytes): string {
  const most = AROUND + base64Length(data.length) + base64Length(nonce.length) + base64Length(tag.length)
  if (most > scratch.length) {
    return printEncryptedValue({ data: toBase64(data), nonce: toBase64(nonce), tag: toBase64(tag), type })
  }
  let at = writeBase64(data, scratch, put(BEFORE_DATA, 0))
  at = writeBase64(nonce, scratch, put(BEFORE_NONCE, at))
  at = writeBase64(tag, scratch, put(BEFORE_TAG, at))
  at = put(BEFORE_TYPE, at)
  for (let i = 0; i < type.length; i++) scratch[at++] = type.charCodeAt(i)
  scratch[at++] = 0x5d
  return scratch.toString('latin1', 0, at)
}

function put(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < bytes.length; i++) scratch[at + i] = bytes[i] as number
  return at + bytes.length
}

/**
 * Takes apart an envelope that is the whole text, as kmsfile and sops write it; undefined for anything else.
 *
 * sops itself anchors only the start and ignores what follows the last bracket. No tool writes that, and what two
 * readers take differently is a hole.
 */
export function parseEncryptedValue(text: string): EncryptedValue | undefined {
  if (!text.startsWith(PREFIX) || text.charCodeAt(text.length - 1) !== 0x5d) return undefined
  const iv = text.indexOf(',iv:', PREFIX.length)
  const tag = text.indexOf(',tag:', iv + 4)
  const type = text.indexOf(',type:', tag + 5)
  if (iv <= PREFIX.length || tag === -1 || type === -1) return undefined
  const name = text.slice(type + 6, -1)
  if (!TYPES.has(name)) return undefined
  return {
    data: text.slice(PREFIX.length, iv),
    nonce: text.slice(iv + 4, tag),
    tag: text.slice(tag + 5, type),
    type: name as EnvelopeType,
  }
}
