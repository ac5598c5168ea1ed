import { createDecipheriv, createHash, createPrivateKey, type KeyObject } from 'node:crypto'
import { sameBytes } from '../core/bytes.ts'
import { readSshPublicKey, type SshPublicKey, sshEd25519Key, sshRsaKey } from './age-ssh-public-key.ts'
import { readInteger, readStrings } from './age-ssh-wire.ts'
import { type X25519KeyPair, x25519KeyPair } from './age-x25519.ts'

/** A private key that ssh-keygen made, in the form that age uses it. */
export type SshPrivateKey =
  | { readonly type: 'ssh-ed25519'; readonly publicKey: SshPublicKey; readonly keyPair: X25519KeyPair }
  | { readonly type: 'ssh-rsa'; readonly publicKey: SshPublicKey; readonly key: KeyObject }

/** A private key file. */
export interface SshKeyFile {
  /** Undefined where the file does not say it without a passphrase. */
  readonly publicKey: SshPublicKey | undefined
  readonly encrypted: boolean
  /** Undefined where the passphrase is the wrong one. */
  unlock(passphrase: string): Promise<SshPrivateKey | undefined>
}

/** What is wrong with a private key file, in words that fit into a message. Never a part of it. */
export type SshKeyFileProblem =
  | 'it is not a private key as ssh-keygen writes it'
  | 'it is neither an Ed25519 nor an RSA key'
  | 'its cipher is none of aes128, aes192 and aes256 in ctr or cbc mode'

const NO_KEY = 'it is not a private key as ssh-keygen writes it'
const OTHER_TYPE = 'it is neither an Ed25519 nor an RSA key'
const MAGIC = 'openssh-key-v1\0'
const BLOCK_BYTES = 16

/** Reads a private key file: OpenSSH's own format, or PEM as older versions and OpenSSL write it. */
export function parseSshKeyFile(text: string): SshKeyFile | SshKeyFileProblem {
  const [, label, body] = /^-----BEGIN ([A-Z ]+)-----\r?\n(.*)-----END \1-----\s*$/s.exec(text.trimStart()) ?? []
  if (label === undefined || body === undefined) return NO_KEY
  if (label === 'OPENSSH PRIVATE KEY') return parseOpenSsh(Buffer.from(body.replace(/\s+/g, ''), 'base64'))
  // "Proc-Type: 4,ENCRYPTED" in the old format, the label in PKCS #8.
  return parsePem(text, /ENCRYPTED/.test(label) || /^Proc-Type: 4,ENCRYPTED/m.test(body))
}

function parsePem(pem: string, encrypted: boolean): SshKeyFile | SshKeyFileProblem {
  const unlock = (passphrase: string) => {
    try {
      return fromKeyObject(createPrivateKey({ key: pem, format: 'pem', passphrase }))
    } catch {
      return NO_KEY
    }
  }
  if (encrypted)
    return { publicKey: undefined, encrypted, unlock: async (passphrase) => orUndefined(unlock(passphrase)) }
  const key = unlock('')
  return typeof key === 'string' ? key : { publicKey: key.publicKey, encrypted, unlock: async () => key }
}

function parseOpenSsh(bytes: Uint8Array): SshKeyFile | SshKeyFileProblem {
  if (Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1') !== MAGIC) return NO_KEY
  const head = readStrings(bytes.subarray(MAGIC.length), 3)
  // A count of keys comes next; there was never more than one.
  const tail = head && readStrings(head.rest.subarray(4), 2)
  if (head === undefined || tail === undefined || Buffer.from(head.rest).readUInt32BE() !== 1) return NO_KEY
  const [cipher = '', kdf] = head.strings.map((string) => Buffer.from(string).toString('latin1'))
  const [blob, section] = tail.strings as [Uint8Array, Uint8Array]
  const publicKey = readSshPublicKey(blob)
  if (typeof publicKey === 'string') return OTHER_TYPE
  if (cipher === 'none') {
    const key = readPrivateSection(section, publicKey)
    return key === undefined ? NO_KEY : { publicKey, encrypted: false, unlock: async () => key }
  }
  // As ssh names it, and node:crypto with one more dash.
  const [, bits, mode] = /^aes(128|192|256)-(ctr|cbc)$/.exec(cipher) ?? []
  const { strings: [salt] = [], rest } = readStrings(head.strings[2]!, 1) ?? {}
  if (kdf !== 'bcrypt' || bits === undefined)
    return 'its cipher is none of aes128, aes192 and aes256 in ctr or cbc mode'
  if (salt === undefined || rest?.length !== 4 || section.length % BLOCK_BYTES !== 0) return NO_KEY
  const rounds = Buffer.from(rest).readUInt32BE()
  return {
    publicKey,
    encrypted: true,
    async unlock(passphrase) {
      const { bcryptPbkdf } = await import('./age-ssh-bcrypt.ts')
      const keyBytes = Number(bits) / 8
      const derived = bcryptPbkdf(Buffer.from(passphrase), { salt, rounds, length: keyBytes + BLOCK_BYTES })
      const decipher = createDecipheriv(
        `aes-${bits}-${mode}`,
        derived.subarray(0, keyBytes),
        derived.subarray(keyBytes),
      )
      decipher.setAutoPadding(false)
      const plain = Buffer.concat([decipher.update(section), decipher.final()])
      derived.fill(0)
      const key = readPrivateSection(plain, publicKey)
      plain.fill(0)
      return key
    },
  }
}

/** Undefined where it was decrypted with a wrong key, which shows in two numbers that have to be equal. */
function readPrivateSection(section: Uint8Array, publicKey: SshPublicKey): SshPrivateKey | undefined {
  if (section.length < 8 || !sameBytes(section.subarray(0, 4), section.subarray(4, 8))) return undefined
  const fields = section.subarray(8)
  const key = publicKey.type === 'ssh-ed25519' ? readEd25519(fields) : readRsa(fields)
  // The public half stands outside of what is encrypted, and decides which files the key is tried on.
  return key !== undefined && sameBytes(key.publicKey.blob, publicKey.blob) ? key : undefined
}

function readEd25519(fields: Uint8Array): SshPrivateKey | undefined {
  const [type, point, seedAndPoint] = readStrings(fields, 3)?.strings ?? []
  if (!isText(type, 'ssh-ed25519') || point?.length !== 32 || seedAndPoint?.length !== 64) return undefined
  return ed25519Key(seedAndPoint.subarray(0, 32), point)
}

function readRsa(fields: Uint8Array): SshPrivateKey | undefined {
  const [type, ...numbers] = readStrings(fields, 7)?.strings ?? []
  const [n, e, d, qi, p, q] = numbers.map(readInteger)
  if (!isText(type, 'ssh-rsa') || !n || !e || !d || !qi || !p || !q) return undefined
  // What OpenSSH leaves out because it follows from the rest.
  const [dp, dq] = [p, q].map((prime) => toBytes(toBigint(d) % (toBigint(prime) - 1n)))
  const jwk = Object.fromEntries(
    Object.entries({ n, e, d, p, q, dp, dq, qi }).map(([name, bytes]) => [
      name,
      Buffer.from(bytes!).toString('base64url'),
    ]),
  )
  try {
    return orUndefined(fromKeyObject(createPrivateKey({ key: { kty: 'RSA', ...jwk }, format: 'jwk' })))
  } catch {
    return undefined
  }
}

function fromKeyObject(key: KeyObject): SshPrivateKey | SshKeyFileProblem {
  if (key.asymmetricKeyType === 'rsa') {
    const publicKey = sshRsaKey(key)
    return typeof publicKey === 'string' ? OTHER_TYPE : { type: 'ssh-rsa', publicKey, key }
  }
  if (key.asymmetricKeyType !== 'ed25519') return OTHER_TYPE
  const { d = '', x = '' } = key.export({ format: 'jwk' })
  return ed25519Key(Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url'))
}

/** An Ed25519 key signs with the hash of its seed as scalar (RFC 8032, 5.1.5), and the same scalar serves X25519. */
function ed25519Key(seed: Uint8Array, point: Uint8Array): SshPrivateKey {
  const hash = createHash('sha512').update(seed).digest()
  const keyPair = x25519KeyPair(hash.subarray(0, 32))
  hash.fill(0)
  return { type: 'ssh-ed25519', publicKey: sshEd25519Key(Uint8Array.from(point)), keyPair }
}

function orUndefined(key: SshPrivateKey | SshKeyFileProblem): SshPrivateKey | undefined {
  return typeof key === 'string' ? undefined : key
}

function isText(bytes: Uint8Array | undefined, text: string): boolean {
  return bytes !== undefined && Buffer.from(bytes).toString('latin1') === text
}

function toBigint(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

function toBytes(number: bigint): Uint8Array {
  const hex = number.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
}
