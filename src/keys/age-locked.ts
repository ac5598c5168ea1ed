import { KmsfileError } from '../errors.ts'
import type { Host, Terminal } from '../host/host.ts'
import { dearmor } from './age-armor.ts'
import { AgeFileError } from './age-error.ts'
import { openFile } from './age-file.ts'
import { type Identity, type IdentityList, parseIdentities } from './age-identity.ts'
import { unwrapWithPackage } from './age-package.ts'

const ATTEMPTS = 3

/**
 * The identities of a file that `age -p` encrypted. Asks for its passphrase when it is needed for the first time, and
 * never again, also when it was not given.
 *
 * @throws KmsfileError `INPUT_NEEDED` from its use, where there is nobody to ask
 */
export function passphraseIdentity(bytes: Uint8Array, source: string, { terminal }: Pick<Host, 'terminal'>): Identity {
  let unlocked: Promise<IdentityList> | undefined
  const unlock = () =>
    askPassphrase(terminal, source, async (passphrase) => {
      const plain = await openWithPassphrase(bytes, passphrase, source)
      const list = plain && parseIdentities(Buffer.from(plain).toString('utf8'), source)
      plain?.fill(0)
      return list
    })
  return {
    source,
    types: ['X25519', 'mlkem768x25519'],
    asks: true,
    recipient: async () => undefined,
    async unwrapFileKey(header) {
      unlocked ??= unlock()
      const { identities, problems } = await unlocked
      for (const identity of identities) {
        const fileKey = await identity.unwrapFileKey(header)
        if (fileKey !== undefined) return fileKey
      }
      if (problems[0] !== undefined) throw problems[0]
      return undefined
    },
  }
}

/**
 * Asks for a passphrase until `unlock` takes it, three times at most.
 *
 * @throws KmsfileError `INPUT_NEEDED` where nobody can be asked or nothing was answered, `KEY_IDENTITY_INVALID` where no
 * answer was right
 */
export async function askPassphrase<T>(
  terminal: Terminal | undefined,
  source: string,
  unlock: (passphrase: string) => Promise<T | undefined>,
): Promise<T> {
  if (terminal === undefined) {
    throw new KmsfileError('its passphrase is needed, and there is no terminal to ask for it', {
      code: 'INPUT_NEEDED',
      file: source,
      hint: 'run the command on a terminal, or set KMSFILE_AGE_KEY_FILE to an identity file without a passphrase',
    })
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const passphrase = await terminal.askHidden(`${attempt === 0 ? '' : 'wrong passphrase; '}passphrase of ${source}: `)
    if (passphrase === '') {
      throw new KmsfileError('its passphrase was not given', { code: 'INPUT_NEEDED', file: source })
    }
    const unlocked = await unlock(passphrase)
    if (unlocked !== undefined) return unlocked
  }
  throw new KmsfileError('its passphrase is another one', { code: 'KEY_IDENTITY_INVALID', file: source })
}

async function openWithPassphrase(
  bytes: Uint8Array,
  passphrase: string,
  source: string,
): Promise<Uint8Array | undefined> {
  try {
    const binary = bytes[0] === 'a'.charCodeAt(0)
    const file = binary ? bytes : dearmor(Buffer.from(bytes).toString('latin1'))
    return await openFile(file, (header) => {
      if (header.stanzas.some(({ type }) => type !== 'scrypt')) {
        throw new AgeFileError('header', 'an identity file is encrypted with a passphrase or not at all')
      }
      return unwrapWithPackage(header, { passphrase })
    })
  } catch (error) {
    // Said of the identity file: the error's own code is for the file whose data key is wanted.
    if (!(error instanceof AgeFileError)) throw error
    throw new KmsfileError(error.message, { code: 'KEY_IDENTITY_INVALID', file: source, cause: error })
  }
}
