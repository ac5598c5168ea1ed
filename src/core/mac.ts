import { createHash } from 'node:crypto'

// SHA-256("sops"): what sops feeds first where only encrypted values are hashed, so
// that the two kinds of MAC are never taken for each other.
const ONLY_ENCRYPTED_PREFIX = Buffer.from('8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69', 'hex')
const BATCH = 64 * 1024

/** The MAC of sops over the values of a file. */
export interface MacHash {
  /** Takes the next value: exactly what Go prints for it. Nulls and comments are no values. */
  add(text: string): void
  /** SHA-512 of all of them in upper-case hexadecimal, 128 digits; what the envelope holds encrypted. */
  digest(): string
}

/**
 * Starts a MAC. It covers the bytes of the values, one after the other, nothing else: no keys, no borders, no types.
 * What it does not cover, the seal does.
 */
export function startMac({ onlyEncrypted }: { onlyEncrypted: boolean }): MacHash {
  const hash = createHash('sha512')
  if (onlyEncrypted) hash.update(ONLY_ENCRYPTED_PREFIX)
  // Values are short: hashing them one by one would spend the time in calls.
  let batch = ''
  return {
    add(text) {
      batch += text
      if (batch.length < BATCH) return
      hash.update(batch, 'utf8')
      batch = ''
    },
    digest() {
      hash.update(batch, 'utf8')
      return hash.digest('hex').toUpperCase()
    },
  }
}
