import { constants, createHash, privateDecrypt, publicEncrypt } from 'node:crypto'
import type { RandomBytes } from '../core/data-key.ts'
import { decodeBase64, encodeBase64, malformedStanza, type Stanza } from './age-header.ts'
import { concat, deriveKey, open, seal } from './age-primitives.ts'
import type { SshPrivateKey } from './age-ssh-private-key.ts'
import type { SshPublicKey } from './age-ssh-public-key.ts'
import { sharedSecret, X25519_BYTES, x25519KeyPair } from './age-x25519.ts'

const ED25519_LABEL = 'age-encryption.org/v1/ssh-ed25519'
const RSA_OAEP = {
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: 'sha256',
  oaepLabel: Buffer.from('age-encryption.org/v1/ssh-rsa'),
}
const ID_BYTES = 4

/** Wraps a file key for an SSH public key, as `age -R id_ed25519.pub` does. Undefined for a point of low order. */
export function wrapForSsh(recipient: SshPublicKey, fileKey: Uint8Array, randomBytes: RandomBytes): Stanza | undefined {
  const { type } = recipient
  if (recipient.type === 'ssh-rsa') {
    const body = publicEncrypt({ key: recipient.key, ...RSA_OAEP }, fileKey)
    return { type, args: [idOf(recipient)], body }
  }
  const point = montgomery(recipient.point)
  if (point === undefined) return undefined
  const scalar = randomBytes(X25519_BYTES)
  const ephemeral = x25519KeyPair(scalar)
  scalar.fill(0)
  const secret = sharedSecret(ephemeral.privateKey, point)
  if (secret === undefined) return undefined
  const key = wrappingKey(secret, recipient, concat(ephemeral.publicKey, point))
  const body = seal(key, fileKey)
  key.fill(0)
  return { type, args: [idOf(recipient), encodeBase64(ephemeral.publicKey)], body }
}

/** Whether a stanza names an SSH public key. It does so by 32 bits of its hash. */
export function isForSsh(stanza: Stanza, recipient: SshPublicKey): boolean {
  return stanza.type === recipient.type && stanza.args[0] === idOf(recipient)
}

/**
 * Unwraps the file key with an SSH private key; undefined where no stanza is for it.
 *
 * @throws AgeFileError of the header for a malformed stanza that names the key
 */
export function unwrapWithSsh(identity: SshPrivateKey, stanzas: readonly Stanza[]): Uint8Array | undefined {
  for (const stanza of stanzas) {
    if (!isForSsh(stanza, identity.publicKey)) continue
    const fileKey = identity.type === 'ssh-rsa' ? unwrapRsa(identity, stanza) : unwrapEd25519(identity, stanza)
    if (fileKey !== undefined) return fileKey
  }
  return undefined
}

type Of<T extends SshPrivateKey['type']> = Extract<SshPrivateKey, { readonly type: T }>

function unwrapRsa({ key }: Of<'ssh-rsa'>, stanza: Stanza): Uint8Array | undefined {
  if (stanza.args.length !== 1) throw malformedStanza(stanza)
  try {
    return privateDecrypt({ key, ...RSA_OAEP }, stanza.body)
  } catch {
    return undefined
  }
}

function unwrapEd25519({ keyPair, publicKey }: Of<'ssh-ed25519'>, stanza: Stanza): Uint8Array | undefined {
  const share = decodeBase64(stanza.args[1] ?? '')
  if (stanza.args.length !== 2 || share?.length !== X25519_BYTES) throw malformedStanza(stanza)
  const secret = sharedSecret(keyPair.privateKey, share)
  if (secret === undefined) throw malformedStanza(stanza)
  const key = wrappingKey(secret, publicKey, concat(share, keyPair.publicKey))
  const fileKey = open(key, stanza.body)
  key.fill(0)
  return fileKey
}

/** Binds the secret to the SSH key, of which X25519 sees only a part. Wipes it. */
function wrappingKey(secret: Uint8Array, { blob }: SshPublicKey, salt: Uint8Array): Uint8Array {
  const tweak = x25519KeyPair(deriveKey(new Uint8Array(0), { salt: blob, info: ED25519_LABEL }))
  // Multiplying a point of large order never gives one of low order.
  const tweaked = sharedSecret(tweak.privateKey, secret)!
  secret.fill(0)
  const key = deriveKey(tweaked, { salt, info: ED25519_LABEL })
  tweaked.fill(0)
  return key
}

function idOf({ blob }: SshPublicKey): string {
  return encodeBase64(createHash('sha256').update(blob).digest().subarray(0, ID_BYTES))
}

const P = 2n ** 255n - 19n
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n

/**
 * The X25519 public key with the same private half as an Ed25519 one (RFC 7748, 4.1): u = (1 + y) / (1 - y). Undefined
 * where the bytes are no point of the curve. Public data, so it need not run in constant time.
 */
function montgomery(point: Uint8Array): Uint8Array | undefined {
  const littleEndian = Uint8Array.from(point).reverse()
  littleEndian[0]! &= 0x7f
  const y = BigInt(`0x${Buffer.from(littleEndian).toString('hex')}`) % P
  // x^2 = (y^2 - 1) / (d y^2 + 1) has to be a square: Euler's criterion.
  const square = mod((y * y - 1n) * power(D * y * y + 1n, P - 2n))
  if (power(square, (P - 1n) / 2n) === P - 1n) return undefined
  const u = mod((1n + y) * power(1n - y, P - 2n))
  return Uint8Array.from(Buffer.from(u.toString(16).padStart(64, '0'), 'hex').reverse())
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let square = mod(base), rest = exponent; rest > 0n; rest >>= 1n, square = mod(square * square)) {
    if (rest & 1n) result = mod(result * square)
  }
  return result
}

function mod(n: bigint): bigint {
  return ((n % P) + P) % P
}
