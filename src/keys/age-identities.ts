import { KmsfileError } from '../errors.ts'
import { readFile } from '../host/files.ts'
import type { Host } from '../host/host.ts'
import { interrupted } from '../host/interrupt.ts'
import { readPrivateFile } from '../host/private-file.ts'
import { AgeFileError } from './age-error.ts'
import type { Header } from './age-header.ts'
import { type Identity, type IdentityList, isEncrypted, parseIdentities } from './age-identity.ts'
import { identitySources, type Source } from './age-sources.ts'
import type { CallOptions } from './provider.ts'

/** What of the machine identities depend on. */
export type IdentityHost = Pick<Host, 'cwd' | 'env' | 'platform' | 'homeDir' | 'terminal' | 'signal'>

/** The identities of a user, from all places. Each place is read once, when it is first needed. */
export interface Identities {
  /**
   * Finds the file key of an age file. Identities that lie ready come first, then those that a command prints, then those
   * for which a person is asked; each only if the ones before did not fit.
   *
   * @throws KmsfileError `KEY_UNAVAILABLE` where none fits; the message says where it looked. If something on the way was
   * wrong, the message says that too and the code is that of the first: `KEY_IDENTITY_INVALID`, `INPUT_NEEDED` ...
   */
  unwrapFileKey(header: Header, recipient: string, options?: CallOptions): Promise<Uint8Array>
  /** True where the identity of a recipient is here, or may come from a command or behind a passphrase; else why not. */
  mayHave(recipient: string): Promise<true | string>
  /** Recipients of the identities that lie ready, in the order of the places, and what is wrong with the others. */
  list(): Promise<{ readonly recipients: readonly FoundRecipient[]; readonly problems: readonly KmsfileError[] }>
}

export interface FoundRecipient {
  readonly recipient: string
  /** For people: a path with `~`, or the name of a variable. */
  readonly source: string
}

const MAX_SOURCE_BYTES = 1024 * 1024
const SSH_TYPES = ['ssh-ed25519', 'ssh-rsa']

/** The identities of the user of a machine. Nothing is read before it is needed. */
export function identitiesOf(host: IdentityHost): Identities {
  const sources = identitySources(host)
  const loaded = new Map<string, Promise<IdentityList>>()

  const load = (source: Source, recipient = '') => {
    // A command may print the one identity that it is asked for, so it runs once a recipient.
    const id = source.kind === 'command' ? `${source.name} ${recipient}` : source.name
    const list = loaded.get(id) ?? readSource(source, recipient, host)
    loaded.set(id, list)
    return list
  }

  return {
    async unwrapFileKey(header, recipient, { signal } = {}) {
      const types = new Set(header.stanzas.map(({ type }) => type))
      const places = sources.filter(({ ssh }) => !ssh || SSH_TYPES.some((type) => types.has(type)))
      const problems: KmsfileError[] = []
      const asking: Identity[] = []
      for (const source of places) {
        if (source.kind === 'command') stopIf(signal)
        const list = await load(source, recipient)
        problems.push(...list.problems)
        const fitting = list.identities.filter((identity) => identity.types.some((type) => types.has(type)))
        asking.push(...fitting.filter(({ asks }) => asks))
        const fileKey = await firstFileKey(
          fitting.filter(({ asks }) => !asks),
          header,
          problems,
        )
        if (fileKey !== undefined) return fileKey
      }
      for (const identity of asking) {
        stopIf(signal)
        const fileKey = await firstFileKey([identity], header, problems)
        if (fileKey !== undefined) return fileKey
      }
      throw noneFits(places, problems)
    },

    async mayHave(recipient) {
      const ssh = recipient.startsWith('ssh-')
      const places = sources.filter((source) => !source.ssh || ssh)
      if (places.some(({ kind }) => kind === 'command')) return true
      const lists = await Promise.all(places.map((source) => load(source)))
      // Something is wrong with an identity: `unwrapFileKey` says what.
      if (lists.some(({ problems }) => problems.length > 0)) return true
      for (const identity of lists.flatMap(({ identities }) => identities)) {
        if (isHybrid(identity) ? recipient.startsWith('age1pq1') : await belongsTo(identity, recipient)) return true
      }
      return noneFits(places, []).message
    },

    async list() {
      const lists = await Promise.all(sources.filter(({ kind }) => kind !== 'command').map((source) => load(source)))
      const recipients: FoundRecipient[] = []
      for (const identity of lists.flatMap(({ identities }) => identities)) {
        const recipient = await identity.recipient()
        if (recipient !== undefined) recipients.push({ recipient, source: identity.source })
      }
      return { recipients, problems: lists.flatMap(({ problems }) => problems) }
    },
  }
}

async function readSource(source: Source, recipient: string, host: IdentityHost): Promise<IdentityList> {
  try {
    const bytes = await bytesOf(source, recipient, host)
    return bytes === undefined ? { identities: [], problems: [] } : await readIdentities(bytes, source, host)
  } catch (error) {
    if (!(error instanceof KmsfileError) || error.code === 'INTERRUPTED') throw error
    const { message, code, hint, cause } = error
    return { identities: [], problems: [new KmsfileError(message, { code, hint, cause, file: source.name })] }
  }
}

async function bytesOf(source: Source, recipient: string, host: IdentityHost): Promise<Uint8Array | undefined> {
  switch (source.kind) {
    case 'text':
      return Buffer.from(source.text)
    case 'command': {
      const { runIdentityCommand } = await import('./age-command.ts')
      return runIdentityCommand(source.name, recipient, host)
    }
    case 'file':
      return source.named
        ? readFile(source.path, { maxBytes: MAX_SOURCE_BYTES })
        : readPrivateFile(source.path, MAX_SOURCE_BYTES)
    default:
      return source satisfies never
  }
}

/** What the bytes are shows at their start, wherever they are from. */
async function readIdentities(bytes: Uint8Array, source: Source, host: IdentityHost): Promise<IdentityList> {
  if (bytes.length > MAX_SOURCE_BYTES) throw new KmsfileError('it has more than 1 MiB', { code: 'FILE_TOO_LARGE' })
  if (isEncrypted(bytes)) {
    const { passphraseIdentity } = await import('./age-locked.ts')
    return { identities: [passphraseIdentity(bytes, source.name, host)], problems: [] }
  }
  const text = Buffer.from(bytes).toString('utf8')
  if (source.ssh || text.trimStart().startsWith('-----BEGIN ')) {
    const { sshIdentity } = await import('./age-ssh-identity.ts')
    const readPublicKey = async () => {
      const line = source.kind === 'file' ? await readPrivateFile(`${source.path}.pub`, MAX_SOURCE_BYTES) : undefined
      return line && Buffer.from(line).toString('utf8')
    }
    return { identities: [await sshIdentity(text, source.name, { host, readPublicKey })], problems: [] }
  }
  return parseIdentities(text, source.name, { words: source.kind === 'text' })
}

async function firstFileKey(
  identities: readonly Identity[],
  header: Header,
  problems: KmsfileError[],
): Promise<Uint8Array | undefined> {
  for (const identity of identities) {
    try {
      const fileKey = await identity.unwrapFileKey(header)
      if (fileKey !== undefined) return fileKey
    } catch (error) {
      const ofIdentity = error instanceof KmsfileError && !(error instanceof AgeFileError)
      if (!ofIdentity || error.code === 'INTERRUPTED') throw error
      problems.push(error.in(identity.source))
    }
  }
  return undefined
}

function noneFits(places: readonly Source[], problems: readonly KmsfileError[]): KmsfileError {
  const looked = `no identity for it in ${places.map(({ name }) => name).join(', ')}`
  const wrong = problems.map(({ message, file, line }) => `${[file, line].filter(Boolean).join(':')}: ${message}`)
  const [first] = problems
  return new KmsfileError([looked, ...wrong].join('; '), { code: first?.code ?? 'KEY_UNAVAILABLE', hint: first?.hint })
}

async function belongsTo(identity: Identity, recipient: string): Promise<boolean> {
  const own = await identity.recipient()
  // The comment behind an SSH key is not part of it.
  return own === undefined || own === recipient.trim().split(/\s+/).slice(0, 2).join(' ')
}

function isHybrid({ types, asks }: Identity): boolean {
  return !asks && types.includes('mlkem768x25519')
}

function stopIf(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw interrupted()
}
