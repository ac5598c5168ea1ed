import type { Envelope } from '../core/envelope.ts'
import { type MasterKey, masterKeyIdentity, type WrappedKey } from '../core/master-key.ts'
import type { ThreeWay } from '../core/merge-sequences.ts'
import { sameGroups } from './secrets-file.ts'

/** Who can open a file after both sides may have changed that. */
export interface MergedRecipients {
  readonly groups: readonly (readonly WrappedKey[])[]
  readonly threshold: number
  /** Who could open the version before, and still knows its data key. */
  readonly removed: readonly MasterKey[]
}

/**
 * Merges the recipients of two sides under one data key: whoever one side removed is gone, whoever one side added is there.
 * Undefined where nobody would be left, or where both sides changed groups whose shares do not fit together.
 */
export function mergeRecipients(envelopes: {
  readonly base: Envelope | undefined
  readonly ours: Envelope
  readonly theirs: Envelope
}): MergedRecipients | undefined {
  const { base, ours, theirs } = envelopes
  const merged = isPlain(ours) && isPlain(theirs) && (base === undefined || isPlain(base)) ? mergeKeys : mergeGroups
  const found = merged({ base: base ?? { ...ours, groups: [[]] }, ours, theirs })
  if (found === undefined || found.groups.some((group) => group.length === 0)) return undefined
  const present = new Set(identities(found.groups))
  const before = new Map([...keysOf(base?.groups ?? [])].map((key) => [masterKeyIdentity(key), key]))
  const removed = [...before].filter(([identity]) => !present.has(identity)).map(([, key]) => key)
  return { ...found, removed }
}

type Found = Pick<MergedRecipients, 'groups' | 'threshold'>

function isPlain({ groups }: Envelope): boolean {
  return groups.length === 1
}

function mergeKeys({ base, ours, theirs }: ThreeWay<Envelope>): Found {
  const [before, own, other] = [base, ours, theirs].map(({ groups }) => new Set(identities(groups)))
  const inOurs = ours.groups.flat().filter(({ masterKey }) => {
    const id = masterKeyIdentity(masterKey)
    return other?.has(id) || !before?.has(id)
  })
  const inTheirs = theirs.groups.flat().filter(({ masterKey }) => {
    const id = masterKeyIdentity(masterKey)
    return !own?.has(id) && !before?.has(id)
  })
  return { groups: [[...inOurs, ...inTheirs]], threshold: ours.threshold }
}

/** The shares of one splitting belong together, so a side is taken as a whole. */
function mergeGroups({ base, ours, theirs }: ThreeWay<Envelope>): Found | undefined {
  const isSame = (a: Envelope, b: Envelope) =>
    a.threshold === b.threshold && sameGroups(masterKeys(a.groups), masterKeys(b.groups))
  if (isSame(ours, theirs) || isSame(base, theirs)) return ours
  return isSame(base, ours) ? theirs : undefined
}

function masterKeys(groups: Envelope['groups']): readonly (readonly MasterKey[])[] {
  return groups.map((group) => group.map(({ masterKey }) => masterKey))
}

function keysOf(groups: Envelope['groups']): readonly MasterKey[] {
  return masterKeys(groups).flat()
}

function identities(groups: Envelope['groups']): readonly string[] {
  return keysOf(groups).map(masterKeyIdentity)
}
