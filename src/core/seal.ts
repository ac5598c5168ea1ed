import { createHmac } from 'node:crypto'
import { sameBytes } from './bytes.ts'
import { NONCE_BYTES } from './cipher.ts'
import { type DataKey, type RandomBytes, subkey } from './data-key.ts'
import type { ByteSink } from './view.ts'

// The nonce of the MAC, 32 bytes: 8 random, 8 that say who made it, 16 that bind the view.
const RANDOM_BYTES = 8
const MARK_BYTES = 8

/** What the nonce of a MAC says once its envelope has opened. */
export type SealVerdict =
  /** kmsfile wrote it, and the view is the one it sealed. */
  | 'sealed'
  /** kmsfile wrote it, and the view is another. */
  | 'broken'
  /** sops wrote the MAC last. */
  | 'absent'

export interface DocumentSeal {
  /** Takes the view, as `encodeView` produces it. */
  readonly sink: ByteSink
  /** The nonce under which the MAC is to be encrypted. 32 bytes. */
  nonce(): Uint8Array
}

/**
 * Starts the seal of a file that is being written.
 *
 * The seal stands in the nonce of the MAC, so that nobody without the data key can strip it, and sops still reads it.
 */
export function sealDocument(dataKey: DataKey, lastModified: string, randomBytes: RandomBytes): DocumentSeal {
  return sealWith(dataKey, lastModified, randomBytes(RANDOM_BYTES))
}

/** Whether kmsfile made the nonce of a MAC under this data key. */
export function hasMark(dataKey: DataKey, nonce: Uint8Array): boolean {
  if (nonce.length !== NONCE_BYTES) return false
  const random = nonce.subarray(0, RANDOM_BYTES)
  return sameBytes(markOf(dataKey, random), nonce.subarray(RANDOM_BYTES, RANDOM_BYTES + MARK_BYTES))
}

/**
 * Starts the check of a seal. Only meaningful where {@link hasMark} and where the MAC's envelope opened with this
 * nonce: otherwise anybody could have written it there.
 */
export function verifySeal(
  dataKey: DataKey,
  lastModified: string,
  nonce: Uint8Array,
): { sink: ByteSink; verdict(): SealVerdict } {
  const seal = sealWith(dataKey, lastModified, nonce.slice(0, RANDOM_BYTES))
  return {
    sink: seal.sink,
    verdict() {
      if (!hasMark(dataKey, nonce)) return 'absent'
      return sameBytes(seal.nonce(), nonce) ? 'sealed' : 'broken'
    },
  }
}

function sealWith(dataKey: DataKey, lastModified: string, random: Uint8Array): DocumentSeal {
  const hmac = createHmac('sha256', subkey(dataKey, 'seal'))
  const time = Buffer.from(lastModified)
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(BigInt(time.length))
  hmac.update(random).update(length).update(time)
  return {
    sink: (bytes) => hmac.update(bytes),
    nonce: () =>
      Buffer.concat([
        random,
        markOf(dataKey, random),
        hmac.digest().subarray(0, NONCE_BYTES - RANDOM_BYTES - MARK_BYTES),
      ]),
  }
}

function markOf(dataKey: DataKey, random: Uint8Array): Uint8Array {
  return createHmac('sha256', subkey(dataKey, 'mark')).update(random).digest().subarray(0, MARK_BYTES)
}
