import { AgeFileError } from './age-error.ts'
import type { Header } from './age-header.ts'

// Loading it costs four starts of Node, so it serves only what node:crypto cannot.
const load = () => import('age-encryption')

/** Encrypts bytes as a binary age file for a post-quantum or tag recipient. */
export async function sealForPackage(plaintext: Uint8Array, recipient: string): Promise<Uint8Array> {
  const { Encrypter } = await load()
  const encrypter = new Encrypter()
  encrypter.addRecipient(recipient)
  return encrypter.encrypt(plaintext)
}

/** What the package opens a header with. */
export type PackageKey = { readonly identity: string } | { readonly passphrase: string }

/**
 * Unwraps the file key of a header with a post-quantum identity or a passphrase; undefined where it is for others, or
 * the passphrase is wrong.
 *
 * @throws AgeFileError of the header
 */
export async function unwrapWithPackage(header: Header, key: PackageKey): Promise<Uint8Array | undefined> {
  const { Decrypter } = await load()
  const decrypter = new Decrypter()
  if ('identity' in key) decrypter.addIdentity(key.identity)
  else decrypter.addPassphrase(key.passphrase)
  let matched = true
  // Asked after the key above, and only if that found no stanza of its own.
  decrypter.addIdentity({
    unwrapFileKey() {
      matched = false
      return null
    },
  })
  try {
    return await decrypter.decryptHeader(header.bytes)
  } catch {
    if (!matched) return undefined
    throw new AgeFileError('header', 'a stanza or the MAC of its header is malformed')
  }
}

/** The recipient of a post-quantum identity. */
export async function hybridRecipientOf(identity: string): Promise<string> {
  const { identityToRecipient } = await load()
  return identityToRecipient(identity)
}
