import { sameBytes } from '../core/bytes.ts'
import { KmsfileError } from '../errors.ts'
import type { Host } from '../host/host.ts'
import type { Identity } from './age-identity.ts'
import { askPassphrase } from './age-locked.ts'
import { isForSsh, unwrapWithSsh } from './age-ssh.ts'
import { parseSshKeyFile, type SshPrivateKey } from './age-ssh-private-key.ts'
import { parseSshPublicKey, type SshPublicKey } from './age-ssh-public-key.ts'

export interface SshIdentityOptions {
  readonly host: Pick<Host, 'terminal'>
  /** Reads the public key beside the private one; old formats need it while they are locked. */
  readonly readPublicKey: () => Promise<string | undefined>
}

/**
 * The identity of an SSH private key file. One with a passphrase asks for it when a stanza names its public key.
 *
 * @throws KmsfileError `KEY_IDENTITY_INVALID` where it is no key that age can use, `KEY_UNSUPPORTED` for its cipher
 */
export async function sshIdentity(
  text: string,
  source: string,
  { host, readPublicKey }: SshIdentityOptions,
): Promise<Identity> {
  const file = parseSshKeyFile(text)
  if (typeof file === 'string') {
    const code = file.startsWith('its cipher') ? 'KEY_UNSUPPORTED' : 'KEY_IDENTITY_INVALID'
    throw new KmsfileError(`not usable as an age identity: ${file}`, { code, file: source })
  }
  const publicKey = file.publicKey ?? (await besides(readPublicKey, source))
  let unlocked: Promise<SshPrivateKey> | undefined
  const unlock = async () => {
    const key = file.encrypted ? await askPassphrase(host.terminal, source, file.unlock) : await file.unlock('')
    if (key !== undefined && sameBytes(key.publicKey.blob, publicKey.blob)) return key
    throw new KmsfileError('its two halves do not belong together', { code: 'KEY_IDENTITY_INVALID', file: source })
  }
  return {
    source,
    types: [publicKey.type],
    asks: file.encrypted,
    recipient: async () => `${publicKey.type} ${Buffer.from(publicKey.blob).toString('base64')}`,
    async unwrapFileKey({ stanzas }) {
      if (!stanzas.some((stanza) => isForSsh(stanza, publicKey))) return undefined
      unlocked ??= unlock()
      return unwrapWithSsh(await unlocked, stanzas)
    },
  }
}

async function besides(readPublicKey: SshIdentityOptions['readPublicKey'], source: string): Promise<SshPublicKey> {
  const line = await readPublicKey()
  const publicKey = line === undefined ? 'there is none' : parseSshPublicKey(line)
  if (typeof publicKey !== 'string') return publicKey
  throw new KmsfileError('its public key is needed beside it, in the file with .pub at the end', {
    code: 'KEY_IDENTITY_INVALID',
    file: source,
    hint: 'write it there with "ssh-keygen -y -f FILE > FILE.pub"',
  })
}
