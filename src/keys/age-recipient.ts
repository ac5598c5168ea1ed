import { KmsfileError } from '../errors.ts'
import { parseSshPublicKey, type SshPublicKey } from './age-ssh-public-key.ts'
import { X25519_BYTES } from './age-x25519.ts'
import { decodeBech32 } from './bech32.ts'

/** Whom age encrypts for. */
export type Recipient =
  | { readonly kind: 'x25519'; readonly publicKey: Uint8Array }
  | { readonly kind: 'ssh'; readonly publicKey: SshPublicKey }
  /** Post-quantum: its key is checked for its length alone. */
  | { readonly kind: 'hybrid'; readonly text: string }
  /** Held by hardware, which only a plugin can ask. */
  | { readonly kind: 'tag'; readonly text: string }

/** Recipients in Bech32 that need no plugin to encrypt for: kind and length of the key, from c2sp.org/age. */
const KINDS = {
  age: ['x25519', X25519_BYTES],
  age1pq: ['hybrid', 1216],
  age1tag: ['tag', 33],
  age1tagpq: ['tag', 1249],
} as const

/**
 * Reads a recipient; white space around it does not count.
 *
 * @throws KmsfileError `KEY_INVALID` where it is malformed, `KEY_UNSUPPORTED` where it needs a plugin or is an SSH key of
 * a type that age does not use
 */
export function parseRecipient(recipient: string): Recipient {
  const text = recipient.trim()
  // Never part of a message: what stands here by mistake may be the private half.
  if (/^AGE-(SECRET-KEY|PLUGIN)-/i.test(text)) {
    throw new KmsfileError('this is an age identity, the private half; a recipient is wanted', {
      code: 'KEY_INVALID',
      hint: 'put the recipient in its place, and make a new identity if this one was shared',
    })
  }
  if (/^age1/i.test(text)) return parseBech32(text)
  if (/^ssh-(ed25519|rsa)\s/.test(text)) {
    const publicKey = parseSshPublicKey(text)
    if (typeof publicKey === 'string') throw invalid(publicKey)
    return { kind: 'ssh', publicKey }
  }
  if (/^(ssh-|ecdsa-|sk-)/.test(text)) {
    throw new KmsfileError('age uses SSH keys of the types ssh-ed25519 and ssh-rsa only', { code: 'KEY_UNSUPPORTED' })
  }
  throw invalid('it begins with none of age1, ssh-ed25519 and ssh-rsa')
}

/** Whether data keys can be wrapped for this recipient. */
export function isRecipient(text: string): boolean {
  try {
    parseRecipient(text)
    return true
  } catch {
    return false
  }
}

/** The error for recipients and identities that belong to a plugin. */
export function pluginUnsupported(name: string): KmsfileError {
  return new KmsfileError(`it needs age-plugin-${name}, and age plugins are not supported`, { code: 'KEY_UNSUPPORTED' })
}

/** @throws KmsfileError `KEY_INVALID` */
export function invalidRecipient(): KmsfileError {
  return invalid('its point is one with which everybody shares the same secret')
}

function parseBech32(text: string): Recipient {
  const decoded = decodeBech32(text)
  if (typeof decoded === 'string') throw invalid(decoded)
  const { prefix, bytes } = decoded
  if (prefix !== prefix.toLowerCase()) throw invalid('it is in upper case')
  if (!(prefix in KINDS)) throw pluginUnsupported(prefix.slice('age1'.length))
  const [kind, length] = KINDS[prefix as keyof typeof KINDS]
  if (bytes.length !== length) throw invalid(`its key has ${bytes.length} bytes instead of ${length}`)
  return kind === 'x25519' ? { kind, publicKey: bytes } : { kind, text }
}

function invalid(problem: string): KmsfileError {
  return new KmsfileError(`not an age recipient: ${problem}`, { code: 'KEY_INVALID' })
}
