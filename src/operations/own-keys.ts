import { stat } from 'node:fs/promises'
import type { MasterKey } from '../core/master-key.ts'
import type { KmsfileError } from '../errors.ts'
import { type FoundRecipient, type IdentityHost, identitiesOf } from '../keys/age-identities.ts'
import { identitySources, type Source } from '../keys/age-sources.ts'

/** The keys of the user of a machine, as far as that shows without using one. */
export interface OwnKeys {
  /** Recipients of the identities that lie ready, in the order of their places. */
  readonly recipients: readonly FoundRecipient[]
  /** What is wrong with identities. */
  readonly problems: readonly KmsfileError[]
  /** Places of identities whose recipients do not show: commands, and files that are locked or of a plugin. */
  readonly silent: readonly Source[]
  /** Whether the user can unwrap with a key. `maybe`: a key service decides, or an identity does not show its recipient. */
  has(key: MasterKey): 'yes' | 'maybe' | 'no'
}

/** Looks for the user's keys. Runs no command, asks nobody. */
export async function ownKeys(host: IdentityHost): Promise<OwnKeys> {
  const { recipients, problems } = await identitiesOf(host).list()
  const heard = new Set([...recipients.map(({ source }) => source), ...problems.map(({ file }) => file)])
  const silent: Source[] = []
  for (const source of identitySources(host)) {
    if (!heard.has(source.name) && (await mayHold(source))) silent.push(source)
  }
  const known = new Set(recipients.map(({ recipient }) => recipient))
  return {
    recipients,
    problems,
    silent,
    has(key) {
      if (key.type === 'aws-kms') return 'maybe'
      if (key.type !== 'age') return 'no'
      // The comment behind an SSH key is not part of it.
      if (known.has(key.recipient.trim().split(/\s+/).slice(0, 2).join(' '))) return 'yes'
      return silent.some(({ ssh }) => !ssh || key.recipient.startsWith('ssh-')) ? 'maybe' : 'no'
    },
  }
}

async function mayHold(source: Source): Promise<boolean> {
  if (source.kind !== 'file') return true
  return (await stat(source.path).catch(() => undefined))?.isFile() === true
}
