import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import type { RandomBytes } from '../core/data-key.ts'
import { decodeBase64, encodeBase64, malformedStanza, type Stanza } from './age-header.ts'
import { concat, deriveKey, FILE_KEY_BYTES, open, seal, TAG_BYTES } from './age-primitives.ts'

export const X25519_BYTES = 32
const LABEL = 'age-encryption.org/v1/X25519'
// DER in front of a raw private key, RFC 8410. A JWK would be faster by half a millisecond, but it is made of strings,
// which cannot be wiped.
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** A private key, and the 32 bytes of its public half. */
export interface X25519KeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: Uint8Array
}

/** Takes 32 bytes, any, for a private key. */
export function x25519KeyPair(scalar: Uint8Array): X25519KeyPair {
  const der = concat(PKCS8_PREFIX, scalar)
  const privateKey = createPrivateKey({ key: der as Buffer, format: 'der', type: 'pkcs8' })
  der.fill(0)
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  return { privateKey, publicKey: Buffer.from(x, 'base64url') }
}

/**
 * The secret that two parties share, 32 bytes; undefined where the other's public key is a point of low order, with which
 * everybody shares the same.
 */
export function sharedSecret(privateKey: KeyObject, publicKey: Uint8Array): Uint8Array | undefined {
  const x = Buffer.from(publicKey).toString('base64url')
  const theirs = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' })
  try {
    const secret = diffieHellman({ privateKey, publicKey: theirs })
    return secret.every((byte) => byte === 0) ? undefined : secret
  } catch {
    // OpenSSL refuses these points by itself; the test above stands for builds with another library.
    return undefined
  }
}

/** Wraps a file key for an X25519 recipient. Undefined where the recipient is a point of low order. */
export function wrapForX25519(
  recipient: Uint8Array,
  fileKey: Uint8Array,
  randomBytes: RandomBytes,
): Stanza | undefined {
  const scalar = randomBytes(X25519_BYTES)
  const ephemeral = x25519KeyPair(scalar)
  scalar.fill(0)
  const secret = sharedSecret(ephemeral.privateKey, recipient)
  if (secret === undefined) return undefined
  const key = wrappingKey(secret, ephemeral.publicKey, recipient)
  const body = seal(key, fileKey)
  key.fill(0)
  return { type: 'X25519', args: [encodeBase64(ephemeral.publicKey)], body }
}

/**
 * Finds the stanza that was made for an X25519 identity and unwraps the file key; undefined where there is none.
 *
 * @throws AgeFileError of the header for a malformed X25519 stanza, whoever it is for
 */
export function unwrapWithX25519(identity: X25519KeyPair, stanzas: readonly Stanza[]): Uint8Array | undefined {
  for (const stanza of stanzas) {
    if (stanza.type !== 'X25519') continue
    const share = decodeBase64(stanza.args[0] ?? '')
    // The length of the body is checked before it is opened, so that nobody can make one that fits many keys.
    if (
      stanza.args.length !== 1 ||
      share?.length !== X25519_BYTES ||
      stanza.body.length !== FILE_KEY_BYTES + TAG_BYTES
    ) {
      throw malformedStanza(stanza)
    }
    const secret = sharedSecret(identity.privateKey, share)
    if (secret === undefined) throw malformedStanza(stanza)
    const key = wrappingKey(secret, share, identity.publicKey)
    const fileKey = open(key, stanza.body)
    key.fill(0)
    if (fileKey !== undefined) return fileKey
  }
  return undefined
}

/** Wipes the secret. */
function wrappingKey(secret: Uint8Array, share: Uint8Array, recipient: Uint8Array): Uint8Array {
  const key = deriveKey(secret, { salt: concat(share, recipient), info: LABEL })
  secret.fill(0)
  return key
}
