import type { RandomBytes } from '../core/data-key.ts'
import { KmsfileError } from '../errors.ts'
import { isArmored } from './age-armor.ts'
import type { Header } from './age-header.ts'
import { pluginUnsupported } from './age-recipient.ts'
import { unwrapWithX25519, X25519_BYTES, type X25519KeyPair, x25519KeyPair } from './age-x25519.ts'
import { decodeBech32, encodeBech32 } from './bech32.ts'

/** Something that may unwrap file keys. */
export interface Identity {
  /** Where it was found, as people write it: `~/.config/sops/age/keys.txt`, `SOPS_AGE_KEY`. */
  readonly source: string
  /** The stanza types it can be used on. */
  readonly types: readonly string[]
  /** Whether its use may ask a person for a passphrase. */
  readonly asks: boolean
  /** The recipient it belongs to; undefined where that cannot be known without a passphrase. */
  recipient(): Promise<string | undefined>
  /** Undefined where the header has no stanza for it. @throws AgeFileError of the header; KmsfileError where it cannot be used */
  unwrapFileKey(header: Header): Promise<Uint8Array | undefined>
}

const X25519_PREFIX = 'AGE-SECRET-KEY-'
const HYBRID_PREFIX = 'AGE-SECRET-KEY-PQ-'
const IDENTITY_BYTES = 32

/** Makes a new X25519 identity and the recipient that belongs to it. */
export function generateIdentity(randomBytes: RandomBytes): { readonly identity: string; readonly recipient: string } {
  const scalar = randomBytes(X25519_BYTES)
  const identity = encodeBech32(X25519_PREFIX, scalar)
  const recipient = encodeBech32('age', x25519KeyPair(scalar).publicKey)
  scalar.fill(0)
  return { identity, recipient }
}

/**
 * The recipient of an X25519 identity.
 *
 * @throws KmsfileError `KEY_IDENTITY_INVALID` where it is malformed, `KEY_UNSUPPORTED` where it is of another kind
 */
export function recipientOf(identity: string): string {
  const parsed = parseIdentity(identity.trim())
  if (parsed.kind === 'plugin') throw pluginUnsupported(parsed.name)
  if (parsed.kind === 'hybrid') {
    throw new KmsfileError('the recipient of a post-quantum identity is not computed here', {
      code: 'KEY_UNSUPPORTED',
      hint: 'run "age-keygen -y FILE" to see it',
    })
  }
  return encodeBech32('age', parsed.keyPair.publicKey)
}

/** Identities of a text, and what is wrong with the lines that are none. */
export interface IdentityList {
  readonly identities: readonly Identity[]
  readonly problems: readonly KmsfileError[]
}

/**
 * Reads identities as age-keygen writes them: one a line, `#` before comments. Errors name source and line and never what
 * stands there. With `words`, several may stand on a line, as sops has it in variables, where line breaks are hard to write.
 */
export function parseIdentities(text: string, source: string, { words = false } = {}): IdentityList {
  const identities: Identity[] = []
  const problems: KmsfileError[] = []
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (line.startsWith('#')) continue
    for (const word of words ? line.split(/\s+/) : [line.trim()]) {
      if (word === '') continue
      try {
        const parsed = parseIdentity(word)
        // A plugin's identity may well lie beside the others; no stanza that can be opened here is for it.
        if (parsed.kind !== 'plugin') identities.push(toIdentity(parsed, source))
      } catch (error) {
        if (!(error instanceof KmsfileError)) throw error
        problems.push(new KmsfileError(error.message, { code: error.code, file: source, line: index + 1 }))
      }
    }
  }
  return { identities, problems }
}

/** Whether bytes are an age file, armored or not, as `age -p` makes of an identity file. */
export function isEncrypted(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, 1024)).toString('latin1')
  return start.startsWith('age-encryption.org/') || isArmored(start)
}

type ParsedIdentity =
  | { readonly kind: 'x25519'; readonly keyPair: X25519KeyPair }
  | { readonly kind: 'hybrid'; readonly text: string }
  | { readonly kind: 'plugin'; readonly name: string }

function parseIdentity(text: string): ParsedIdentity {
  const plugin = /^AGE-PLUGIN-([A-Z0-9+._-]+)-1/.exec(text)?.[1]
  if (plugin !== undefined) return { kind: 'plugin', name: plugin.toLowerCase() }
  const decoded = decodeBech32(text)
  if (!text.startsWith(X25519_PREFIX)) throw invalid(`it does not begin with ${X25519_PREFIX}1`)
  if (typeof decoded === 'string') throw invalid(decoded)
  const { prefix, bytes } = decoded
  if (prefix !== X25519_PREFIX && prefix !== HYBRID_PREFIX) throw invalid('it is of an unknown kind')
  if (bytes.length !== IDENTITY_BYTES) throw invalid('its key has a wrong length')
  if (prefix === HYBRID_PREFIX) return { kind: 'hybrid', text }
  const keyPair = x25519KeyPair(bytes)
  bytes.fill(0)
  return { kind: 'x25519', keyPair }
}

function toIdentity(parsed: Exclude<ParsedIdentity, { readonly kind: 'plugin' }>, source: string): Identity {
  switch (parsed.kind) {
    case 'x25519':
      return {
        source,
        types: ['X25519'],
        asks: false,
        recipient: async () => encodeBech32('age', parsed.keyPair.publicKey),
        unwrapFileKey: async ({ stanzas }) => unwrapWithX25519(parsed.keyPair, stanzas),
      }
    case 'hybrid':
      return {
        source,
        types: ['mlkem768x25519'],
        asks: false,
        recipient: async () => (await import('./age-package.ts')).hybridRecipientOf(parsed.text),
        unwrapFileKey: async (header) => {
          const { unwrapWithPackage } = await import('./age-package.ts')
          return unwrapWithPackage(header, { identity: parsed.text })
        },
      }
    default:
      return parsed satisfies never
  }
}

function invalid(problem: string): KmsfileError {
  return new KmsfileError(`not an age identity: ${problem}`, { code: 'KEY_IDENTITY_INVALID' })
}
