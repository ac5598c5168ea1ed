import { type KeyGroup, type MasterKey, masterKeyIdentity, type WrappedKey } from '../core/master-key.ts'
import { wrapDataKey } from '../keys/keyring.ts'
import { type OpenedSource, sameGroups } from './secrets-file.ts'
import type { Workspace } from './workspace.ts'

/** Who can open a file: any key of enough groups. */
export interface Recipients {
  readonly groups: readonly KeyGroup[]
  /** How many groups must take part; undefined or 0 for all. */
  readonly threshold?: number | undefined
}

/** How many key groups there are, and how many of them must take part. */
export interface Quorum {
  readonly needed: number
  readonly groups: number
}

/** What becomes different when some recipients take the place of others. */
export interface RecipientChanges {
  readonly added: readonly MasterKey[]
  readonly removed: readonly MasterKey[]
  /** Undefined where it stays. */
  readonly quorum: { readonly from: Quorum; readonly to: Quorum } | undefined
  /** Keys stay, but are in other groups than before. */
  readonly regrouped: boolean
}

/** Compares the recipients of a file with those it is to have. */
export function compareRecipients(from: Recipients, to: Recipients): RecipientChanges {
  const [before, after] = [identitiesOf(from.groups), identitiesOf(to.groups)]
  const quorums = { from: quorumOf(from), to: quorumOf(to) }
  const same = quorums.from.needed === quorums.to.needed && quorums.from.groups === quorums.to.groups
  const staying = (groups: readonly KeyGroup[]) =>
    groups.map((group) => group.filter((key) => both(before, after, masterKeyIdentity(key))))
  return {
    added: keysBeside(to.groups, before),
    removed: keysBeside(from.groups, after),
    quorum: same ? undefined : quorums,
    regrouped: quorums.from.groups === quorums.to.groups && !sameGroups(staying(from.groups), staying(to.groups)),
  }
}

/** Whether nothing becomes different. */
export function areSame({ added, removed, quorum, regrouped }: RecipientChanges): boolean {
  return added.length === 0 && removed.length === 0 && quorum === undefined && !regrouped
}

/** The recipients of an opened file. */
export function recipientsOf({ file }: OpenedSource): Recipients {
  const { groups, threshold } = file.envelope
  return { groups: groups.map((group) => group.map(({ masterKey }) => masterKey)), threshold }
}

/**
 * The data key of a file under the keys of other groups. Whoever stays keeps the wrapped key byte for byte. Where a
 * threshold splits the data key, a share goes to nobody new: all are made anew.
 *
 * @throws KeyUnavailableError `KEY_WRAP_FAILED`
 */
export async function wrapForOthers(
  { providers, keyring }: Workspace,
  opened: OpenedSource,
  to: Recipients,
): Promise<readonly (readonly WrappedKey[])[]> {
  const { dataKey, envelope } = opened.file
  const changes = compareRecipients(recipientsOf(opened), to)
  if (areSame(changes)) return envelope.groups
  const [group, ...others] = to.groups
  if (envelope.groups.length > 1 || group === undefined || others.length > 0) {
    return wrapDataKey(dataKey, to.groups, providers, { ...keyring, threshold: to.threshold })
  }
  const known = new Map(envelope.groups.flat().map((key) => [masterKeyIdentity(key.masterKey), key]))
  const fresh = changes.added.length === 0 ? [[]] : await wrapDataKey(dataKey, [changes.added], providers, keyring)
  for (const key of fresh.flat()) known.set(masterKeyIdentity(key.masterKey), key)
  return [group.flatMap((key) => known.get(masterKeyIdentity(key)) ?? [])]
}

function quorumOf({ groups: { length }, threshold }: Recipients): Quorum {
  return { needed: length <= 1 ? 1 : threshold || length, groups: length }
}

function identitiesOf(groups: readonly KeyGroup[]): ReadonlySet<string> {
  return new Set(groups.flat().map(masterKeyIdentity))
}

function keysBeside(groups: readonly KeyGroup[], others: ReadonlySet<string>): readonly MasterKey[] {
  const found = new Map(groups.flat().map((key) => [masterKeyIdentity(key), key]))
  return [...found].filter(([identity]) => !others.has(identity)).map(([, key]) => key)
}

function both(a: ReadonlySet<string>, b: ReadonlySet<string>, identity: string): boolean {
  return a.has(identity) && b.has(identity)
}
