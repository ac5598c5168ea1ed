import { RECIPIENT_NAME } from '../config/kmsfile-recipients.ts'
import type { KeyGroup, MasterKey } from '../core/master-key.ts'
import { KmsfileError } from '../errors.ts'
import { parseRecipient } from '../keys/age-recipient.ts'
import { defaultIdentityPath } from '../keys/age-sources.ts'
import type { Repository } from '../vcs/repository.ts'
import { ownKeys } from './own-keys.ts'
import type { Workspace } from './workspace.ts'

/** The identity with which a user will open files. */
export type OwnIdentity =
  /** `source` is a path with `~`, or the name of a variable. */
  | { readonly kind: 'found'; readonly source: string; readonly recipient: string }
  /** There is none yet. `path` is absolute. */
  | { readonly kind: 'missing'; readonly path: string }

/**
 * The user's own identity: the first that lies ready, age identities before SSH keys.
 *
 * @throws KmsfileError where identities are there, but none whose recipient shows: a second one beside them would hardly
 * be what the user wants. `KEY_IDENTITY_INVALID`, `FILE_UNREADABLE` ..., with file and line
 */
export async function ownIdentity({ host }: Workspace): Promise<OwnIdentity> {
  const { recipients, problems, silent } = await ownKeys(host)
  const found = recipients.find(({ recipient }) => !recipient.startsWith('ssh-')) ?? recipients[0]
  if (found !== undefined) return { kind: 'found', ...found }
  const [problem] = problems
  if (problem !== undefined) {
    const { message, code, file, line } = problem
    const hint = 'put it right, or say for whom to encrypt: kmsfile init --age age1...'
    throw new KmsfileError(message, { code, file, line, hint })
  }
  const place = silent.find(({ ssh }) => !ssh)
  if (place === undefined) return { kind: 'missing', path: defaultIdentityPath(host) }
  throw new KmsfileError('it does not show the recipient of an identity', {
    code: 'KEY_IDENTITY_INVALID',
    file: place.name,
    hint: 'say for whom to encrypt: kmsfile init --age age1...',
  })
}

/**
 * Refuses keys for which nothing could be encrypted. Nobody is asked.
 *
 * @throws KmsfileError `KEY_INVALID`, `KEY_UNSUPPORTED`
 */
export function checkUsable(keys: KeyGroup): void {
  for (const key of keys) {
    if (key.type !== 'age') continue
    try {
      parseRecipient(key.recipient)
    } catch (error) {
      if (!(error instanceof KmsfileError)) throw error
      const { code, message, hint } = error
      throw new KmsfileError(`nothing can be encrypted for ${key.recipient}: ${message}`, { code, hint })
    }
  }
}

/** The name of whoever sits at the machine, as recipients are named: from git, from the system, or `me`. */
export async function userName({ host }: Workspace, repository: Repository | undefined): Promise<string> {
  // Without git, or with a configuration that it refuses, the other names do.
  const fromGit = await repository?.config('user.name').catch(() => undefined)
  const names = [fromGit, host.env['USER'], host.env['USERNAME']].map((name) => slug(name ?? ''))
  return names.find((name) => RECIPIENT_NAME.test(name)) ?? 'me'
}

/** Names for keys, each once: the user's own gets `user`, one of AWS KMS that of its alias. */
export function nameKeys(
  keys: KeyGroup,
  { user, own }: { readonly user: string; readonly own: ReadonlySet<string> },
): ReadonlyMap<string, MasterKey> {
  const named = new Map<string, MasterKey>()
  for (const key of keys) {
    const wanted = key.type === 'age' && (own.has(key.recipient) || keys.length === 1) ? user : nameOf(key)
    let name = wanted
    for (let i = 2; named.has(name); i++) name = `${wanted}-${i}`
    named.set(name, key)
  }
  return named
}

function nameOf(key: MasterKey): string {
  // The comment behind an SSH key mostly says whose it is.
  const text = key.type === 'age' ? key.recipient.split(' ').slice(2).join(' ') : aliasOf(key)
  const name = slug(text)
  if (RECIPIENT_NAME.test(name)) return name
  return key.type === 'aws-kms' ? 'kms' : 'recipient'
}

function aliasOf(key: MasterKey): string {
  return (key.type === 'aws-kms' && /:alias\/(?:.*\/)?([^/]+)$/.exec(key.arn)?.[1]) || ''
}

/** `Ana Silva` is `ana-silva`; what is no letter and no digit ends up as one dash. */
function slug(text: string): string {
  return text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '-')
    .replace(/^[-\p{M}]+|-+$/gu, '')
    .slice(0, 40)
    .replace(/-+$/, '')
}
