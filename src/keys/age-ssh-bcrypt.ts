import { createHash } from 'node:crypto'

const ROUNDS = 16
const SUBKEYS = ROUNDS + 2
const BOX = 256
const HASH_BYTES = 32
const MAGIC = 'OxychromaticBlowfishSwatDynamite'

export interface PbkdfOptions {
  readonly salt: Uint8Array
  readonly rounds: number
  /** Length of the result in bytes. */
  readonly length: number
}

/**
 * Derives a key from a passphrase as OpenSSH does for private keys: OpenBSD's `bcrypt_pbkdf`, which node:crypto does not
 * have. Half a second for the 24 rounds of today's ssh-keygen.
 */
export function bcryptPbkdf(passphrase: Uint8Array, { salt, rounds, length }: PbkdfOptions): Uint8Array {
  const fresh = freshState()
  const hashedPassphrase = words(sha512(passphrase))
  const key = new Uint8Array(length)
  // The blocks are interleaved, so that every one of them has to be computed for any useful part of the key.
  const stride = Math.ceil(length / HASH_BYTES)
  for (let block = 0; block < stride; block++) {
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(block + 1)
    let hash = bcryptHash(fresh, hashedPassphrase, words(sha512(Buffer.concat([salt, counter]))))
    const sum = Uint8Array.from(hash)
    for (let round = 1; round < rounds; round++) {
      hash = bcryptHash(fresh, hashedPassphrase, words(sha512(hash)))
      for (let i = 0; i < HASH_BYTES; i++) sum[i]! ^= hash[i]!
    }
    for (let i = 0; i * stride + block < length && i < HASH_BYTES; i++) key[i * stride + block] = sum[i]!
  }
  return key
}

/** Blowfish's subkeys and its four substitution boxes, one after the other. */
type State = Uint32Array

function bcryptHash(fresh: State, passphrase: Uint32Array, salt: Uint32Array): Uint8Array {
  const state = Uint32Array.from(fresh)
  mixKey(state, passphrase)
  refill(state, salt)
  for (let i = 0; i < 64; i++) {
    mixKey(state, salt)
    refill(state)
    mixKey(state, passphrase)
    refill(state)
  }
  const text = words(Buffer.from(MAGIC, 'latin1'))
  for (let i = 0; i < 64; i++) for (let at = 0; at < text.length; at += 2) encipher(state, text, at)
  const hash = Buffer.alloc(HASH_BYTES)
  text.forEach((word, i) => {
    hash.writeUInt32LE(word, i * 4)
  })
  return hash
}

function mixKey(state: State, key: Uint32Array): void {
  for (let i = 0; i < SUBKEYS; i++) state[i]! ^= key[i % key.length]!
}

/** Replaces the whole state by what it enciphers, one after the other; the salt goes in on the way. */
function refill(state: State, salt?: Uint32Array): void {
  const block = new Uint32Array(2)
  for (let at = 0; at < state.length; at += 2) {
    if (salt !== undefined) {
      block[0]! ^= salt[at % salt.length]!
      block[1]! ^= salt[(at + 1) % salt.length]!
    }
    encipher(state, block, 0)
    state[at] = block[0]!
    state[at + 1] = block[1]!
  }
}

/** Blowfish on two words of `text`, in place. */
function encipher(state: State, text: Uint32Array, at: number): void {
  let left = text[at]! ^ state[0]!
  let right = text[at + 1]!
  for (let round = 1; round <= ROUNDS; round += 2) {
    right ^= substitute(state, left) ^ state[round]!
    left ^= substitute(state, right) ^ state[round + 1]!
  }
  text[at] = right ^ state[ROUNDS + 1]!
  text[at + 1] = left
}

function substitute(state: State, word: number): number {
  const first = state[SUBKEYS + (word >>> 24)]! + state[SUBKEYS + BOX + ((word >>> 16) & 0xff)]!
  return ((first ^ state[SUBKEYS + 2 * BOX + ((word >>> 8) & 0xff)]!) + state[SUBKEYS + 3 * BOX + (word & 0xff)]!) | 0
}

/** Blowfish starts from the fraction of pi. Computing it takes less room than its 4 KiB, and is easier to check. */
function freshState(): State {
  const size = SUBKEYS + 4 * BOX
  // Machin: pi = 16 arctan(1/5) - 4 arctan(1/239), with some bits to spare for rounding.
  const spare = 64
  const one = 1n << BigInt(size * 32 + spare)
  const fraction = (16n * arctanOfInverse(5n, one) - 4n * arctanOfInverse(239n, one) - 3n * one) >> BigInt(spare)
  return words(Buffer.from(fraction.toString(16).padStart(size * 8, '0'), 'hex'))
}

function arctanOfInverse(x: bigint, one: bigint): bigint {
  let power = one / x
  let sum = power
  for (let n = 3n, sign = -1n; power > 0n; n += 2n, sign = -sign) {
    power /= x * x
    sum += (sign * power) / n
  }
  return sum
}

function words(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4))
}

function sha512(bytes: Uint8Array): Uint8Array {
  return createHash('sha512').update(bytes).digest()
}
