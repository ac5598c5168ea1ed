import { createPublicKey, type KeyObject } from 'node:crypto'
import { fromBase64 } from '../core/bytes.ts'
import { printInteger, printStrings, readInteger, readStrings } from './age-ssh-wire.ts'

/** A public key that ssh-keygen made, of the two types that age can use. */
export type SshPublicKey =
  | { readonly type: 'ssh-ed25519'; readonly blob: Uint8Array; readonly point: Uint8Array }
  | { readonly type: 'ssh-rsa'; readonly blob: Uint8Array; readonly key: KeyObject }

const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 16_384

/** What is wrong with an SSH public key, in words that fit into a message. */
export type SshKeyProblem =
  | 'it is not a public key as ssh-keygen writes it'
  | 'its RSA key has less than 2048 bits'
  | 'its RSA key has more than 16384 bits'

const NO_KEY = 'it is not a public key as ssh-keygen writes it'

/** Reads a line as in `id_ed25519.pub`: type, base64, comment. */
export function parseSshPublicKey(line: string): SshPublicKey | SshKeyProblem {
  const [type, base64 = ''] = line.trim().split(/[ \t]+/)
  const blob = fromBase64(base64)
  const key = blob === undefined ? NO_KEY : readSshPublicKey(blob)
  return typeof key === 'string' || key.type === type ? key : NO_KEY
}

/** Reads the binary form of a public key. */
export function readSshPublicKey(blob: Uint8Array): SshPublicKey | SshKeyProblem {
  const [name] = readStrings(blob, 1)?.strings ?? []
  const type = Buffer.from(name ?? []).toString('latin1')
  if (type === 'ssh-ed25519') return readEd25519(blob)
  return type === 'ssh-rsa' ? readRsa(blob) : NO_KEY
}

/** The key of an RSA public or private key, as ssh names and fingerprints it. */
export function sshRsaKey(key: KeyObject): SshPublicKey | SshKeyProblem {
  const { e = '', n = '' } = key.export({ format: 'jwk' })
  const numbers = [e, n].map((number) => printInteger(Buffer.from(number, 'base64url')))
  return readRsa(printStrings(Buffer.from('ssh-rsa'), ...numbers))
}

export function sshEd25519Key(point: Uint8Array): SshPublicKey {
  return { type: 'ssh-ed25519', blob: printStrings(Buffer.from('ssh-ed25519'), point), point }
}

function readEd25519(blob: Uint8Array): SshPublicKey | SshKeyProblem {
  const { strings = [], rest } = readStrings(blob, 2) ?? {}
  const point = strings[1]
  return point?.length === 32 && rest?.length === 0 ? sshEd25519Key(point) : NO_KEY
}

function readRsa(blob: Uint8Array): SshPublicKey | SshKeyProblem {
  const { strings = [], rest } = readStrings(blob, 3) ?? {}
  const [e, n] = strings.slice(1).map(readInteger)
  if (e === undefined || n === undefined || rest?.length !== 0) return NO_KEY
  const bits = n.length * 8 - Math.clz32(n[0]!) + 24
  if (bits < MIN_RSA_BITS) return 'its RSA key has less than 2048 bits'
  if (bits > MAX_RSA_BITS) return 'its RSA key has more than 16384 bits'
  try {
    const jwk = { kty: 'RSA', e: base64url(e), n: base64url(n) }
    return { type: 'ssh-rsa', blob, key: createPublicKey({ key: jwk, format: 'jwk' }) }
  } catch {
    return NO_KEY
  }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
