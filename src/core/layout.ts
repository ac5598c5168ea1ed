import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { fromBase64, sameBytes, toBase64 } from './bytes.ts'
import { type DataKey, type RandomBytes, subkey } from './data-key.ts'
import { type KeyGroup, masterKeyIdentity } from './master-key.ts'

/** How a file was spelled, beside its values. Cosmetic: without it values and types are still exact. */
export interface Layout {
  /** {@link spellingMac} of the original text, base64. */
  readonly spelling: string
  /** {@link originalMac} of the original text without its byte order mark, base64; undefined where nobody noted it. */
  readonly original: string | undefined
  /** The original ends without a line break where the encrypted text has one. */
  readonly noFinalBreak: boolean
  /** The original starts with a byte order mark. The encrypted text's says nothing: anybody can add one. */
  readonly bom: boolean
  /** Source text of slots that the format would spell another way, by {@link noteKey}. */
  readonly notes: ReadonlyMap<string, string>
  /** {@link recipientsMac}, base64. */
  readonly recipients: string
}

const VERSION = 'v1'
const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_ID_BYTES = 16
// A blob inflates to at most what a file of the largest size could need.
const MAX_LAYOUT_BYTES = 128 * 1024 * 1024
const ALGORITHM = 'aes-256-gcm'
const TAG = ',tag:'

/** Tells two data keys apart without a key. 16 bytes, base64. */
export function keyId(dataKey: DataKey): string {
  return toBase64(createHmac('sha256', subkey(dataKey, 'id')).update('').digest().subarray(0, KEY_ID_BYTES))
}

/** The key id of a `sops.kmsfile` text; undefined if it is none. */
export function keyIdOf(text: string | undefined): string | undefined {
  const [version, id] = text?.split('.') ?? []
  return version === VERSION ? id : undefined
}

/** What a note is filed under: the first characters of the tag in its value's envelope, wherever the value moves. */
export function noteKey(envelope: string): string {
  const tag = envelope.lastIndexOf(TAG) + TAG.length
  return envelope.slice(tag, tag + 8)
}

/** Binds the spelling of a text. `bare` is it without comments, blank lines and trailing white space. */
export function spellingMac(dataKey: DataKey, bare: string): string {
  return toBase64(createHmac('sha256', subkey(dataKey, 'layout')).update(bare, 'utf8').digest())
}

/**
 * Binds a text to the last byte, comments and blank lines too. Whoever finds it unchanged need not look any further: what
 * it says was verified when it was written.
 */
export function originalMac(dataKey: DataKey, original: string): string {
  return toBase64(createHmac('sha256', subkey(dataKey, 'original')).update(original, 'utf8').digest())
}

/** Binds who can read: the set of master keys with their groups, and the threshold. Wrapped keys are no part of it. */
export function recipientsMac(dataKey: DataKey, groups: readonly KeyGroup[], threshold: number): string {
  const set = groups.flatMap((group, i) => group.map((key) => JSON.stringify([i, masterKeyIdentity(key)])))
  const text = JSON.stringify([[...new Set(set)].sort(), groups.length > 1 ? threshold || groups.length : 0])
  return toBase64(createHmac('sha256', subkey(dataKey, 'recipients')).update(text).digest())
}

/** Whether two MACs in base64 are the same. */
export function sameMac(a: string, b: string): boolean {
  const [left, right] = [fromBase64(a), fromBase64(b)]
  return left !== undefined && right !== undefined && sameBytes(left, right)
}

/**
 * Makes the text of `sops.kmsfile`: version, key id, and the layout encrypted under a key of its own. It fits the MAC
 * with this nonce alone, so that an old one cannot be put beside a new MAC.
 */
export function sealLayout(
  dataKey: DataKey,
  layout: Layout,
  { macNonce, randomBytes }: { macNonce: Uint8Array; randomBytes: RandomBytes },
): string {
  const data = {
    h: layout.spelling,
    ...(layout.original !== undefined && { o: layout.original }),
    r: layout.recipients,
    ...(layout.noFinalBreak && { noeol: 1 }),
    ...(layout.bom && { bom: 1 }),
    ...(layout.notes.size > 0 && { n: Object.fromEntries(layout.notes) }),
  }
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(ALGORITHM, subkey(dataKey, 'layout'), nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(macNonce)
  const blob = Buffer.concat([
    nonce,
    cipher.update(deflateRawSync(JSON.stringify(data))),
    cipher.final(),
    cipher.getAuthTag(),
  ])
  return printLayout(keyId(dataKey), toBase64(blob))
}

/** The text of `sops.kmsfile`. */
export function printLayout(id: string, blob: string): string {
  return `${VERSION}.${id}.${blob}`
}

/** Reverses {@link sealLayout}; undefined for anything that is not the layout of this MAC under this data key. */
export function openLayout(dataKey: DataKey, text: string | undefined, macNonce: Uint8Array): Layout | undefined {
  const [version, , encoded = ''] = text?.split('.') ?? []
  const blob = version === VERSION ? fromBase64(encoded) : undefined
  if (blob === undefined || blob.length < NONCE_BYTES + TAG_BYTES) return undefined
  try {
    const nonce = blob.subarray(0, NONCE_BYTES)
    const decipher = createDecipheriv(ALGORITHM, subkey(dataKey, 'layout'), nonce, { authTagLength: TAG_BYTES })
    decipher.setAuthTag(blob.subarray(-TAG_BYTES))
    decipher.setAAD(macNonce)
    const packed = Buffer.concat([decipher.update(blob.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
    const { h, o, r, noeol, bom, n } = JSON.parse(
      inflateRawSync(packed, { maxOutputLength: MAX_LAYOUT_BYTES }).toString('utf8'),
    )
    return {
      spelling: String(h),
      original: typeof o === 'string' ? o : undefined,
      recipients: String(r),
      noFinalBreak: noeol === 1,
      bom: bom === 1,
      notes: new Map(Object.entries(n ?? {}).flatMap(([key, note]) => (typeof note === 'string' ? [[key, note]] : []))),
    }
  } catch {
    // Not ours, or not of this MAC: cosmetic either way.
    return undefined
  }
}

/** The shortest way to remember a source text beside the value that it spells. */
export function packNote(source: string, value: string): string {
  if (source === value) return '='
  const packed = deflateRawSync(source, value === '' ? {} : { dictionary: Buffer.from(value) }).toString('base64')
  return packed.length + 1 < source.length ? `z${packed}` : `s${source}`
}

/** Reverses {@link packNote}; undefined where the note does not belong to this value, or unpacks to more than `maxBytes`. */
export function unpackNote(note: string, value: string, maxBytes: number = MAX_LAYOUT_BYTES): string | undefined {
  if (note === '=') return value
  if (note.startsWith('s')) return note.slice(1)
  try {
    return inflateRawSync(Buffer.from(note.slice(1), 'base64'), {
      maxOutputLength: Math.max(1, maxBytes),
      ...(value !== '' && { dictionary: Buffer.from(value) }),
    }).toString('utf8')
  } catch {
    return undefined
  }
}
