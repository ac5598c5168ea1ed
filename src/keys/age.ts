import type { AgeKey } from '../core/master-key.ts'
import { KmsfileError } from '../errors.ts'
import type { Host } from '../host/host.ts'
import { armor, dearmor } from './age-armor.ts'
import { AgeFileError } from './age-error.ts'
import { openFile, sealFile } from './age-file.ts'
import type { Header, Stanza } from './age-header.ts'
import { type IdentityHost, identitiesOf } from './age-identities.ts'
import { invalidRecipient, parseRecipient, pluginUnsupported } from './age-recipient.ts'
import { wrapForX25519 } from './age-x25519.ts'
import type { KeyProvider } from './provider.ts'

export interface AgeOptions {
  /** Where identities are looked for, who is asked for passphrases, and where random bytes come from. */
  readonly host: IdentityHost & Pick<Host, 'randomBytes'>
}

// A wrapped data key has some 400 characters, some 2,400 where it is post-quantum.
const MAX_WRAPPED_CHARS = 64 * 1024
const USABLE_TYPES = ['X25519', 'mlkem768x25519', 'ssh-ed25519', 'ssh-rsa']

/**
 * Data keys as armored age files, one for each recipient.
 *
 * X25519 and SSH keys run on node:crypto; the `age-encryption` package is loaded for post-quantum keys and passphrases.
 * Identities come from every place that sops knows, and from ours; they are read when they are first needed, and once.
 */
export function age({ host }: AgeOptions): KeyProvider<AgeKey> {
  const identities = identitiesOf(host)

  return {
    type: 'age',
    network: false,

    async wrap({ recipient }, dataKey) {
      return armor(await sealFor(recipient, dataKey, host))
    },

    async unwrap({ recipient }, wrapped, options) {
      if (wrapped.length > MAX_WRAPPED_CHARS) throw new AgeFileError('armor', 'it is longer than 64 KiB')
      const file = dearmor(wrapped)
      const dataKey = await openFile(file, (header) => {
        refuseForeign(header, recipient)
        return identities.unwrapFileKey(header, recipient, options)
      })
      // Identities that have no file key say so by an exception.
      return dataKey!
    },

    async canUnwrap({ recipient }) {
      const plugin = pluginOf(recipient)
      return plugin === undefined ? identities.mayHave(recipient) : pluginUnsupported(plugin).message
    },
  }
}

async function sealFor(text: string, dataKey: Uint8Array, host: AgeOptions['host']): Promise<Uint8Array> {
  const randomBytes = (size: number) => host.randomBytes(size)
  const recipient = parseRecipient(text)
  const seal = (wrapFileKey: (fileKey: Uint8Array) => Stanza | undefined) =>
    sealFile(
      dataKey,
      (fileKey) => {
        const stanza = wrapFileKey(fileKey)
        if (stanza === undefined) throw invalidRecipient()
        return [stanza]
      },
      randomBytes,
    )
  switch (recipient.kind) {
    case 'x25519':
      return seal((fileKey) => wrapForX25519(recipient.publicKey, fileKey, randomBytes))
    case 'ssh': {
      const { wrapForSsh } = await import('./age-ssh.ts')
      return seal((fileKey) => wrapForSsh(recipient.publicKey, fileKey, randomBytes))
    }
    case 'hybrid':
    case 'tag': {
      const { sealForPackage } = await import('./age-package.ts')
      return sealForPackage(dataKey, recipient.text)
    }
    default:
      return recipient satisfies never
  }
}

/** Ends early, before anybody is asked for anything, where no identity that kmsfile can use would help. */
function refuseForeign({ stanzas }: Header, recipient: string): void {
  if (stanzas.some(({ type }) => USABLE_TYPES.includes(type))) return
  const plugin = pluginOf(recipient)
  if (plugin !== undefined) throw pluginUnsupported(plugin)
  throw new KmsfileError('it is for a kind of recipient that is not supported', { code: 'KEY_UNSUPPORTED' })
}

/** The plugin that a recipient needs to unwrap: `yubikey` for `age1yubikey1...`. */
function pluginOf(recipient: string): string | undefined {
  const name = /^age1(.+)1/.exec(recipient.trim())?.[1]
  return name === 'pq' ? undefined : name
}
