import { type MasterKey, masterKeyIdentity, masterKeyName } from '../../core/master-key.ts'
import type { RecipientChanges } from '../../operations/recipients.ts'

/** Who can open a file from now on and who no more, by the names that the configuration gives them, or else in full. */
export function recipientsMessage(
  { added, removed, quorum, regrouped }: RecipientChanges,
  names: ReadonlyMap<string, string>,
): string {
  const list = (keys: readonly MasterKey[]) => keys.map((key) => nameOf(key, names)).join(', ')
  return [
    ...(added.length > 0 ? [`can now be opened by ${list(added)}`] : []),
    ...(removed.length > 0 ? [`no longer lists ${list(removed)}`] : []),
    ...(quorum === undefined ? [] : [`needs ${quorum.to.needed} of ${quorum.to.groups} key groups`]),
    ...(regrouped ? ['has its keys in other groups'] : []),
  ].join('; ')
}

/** A name beside it, since whoever changes the configuration chooses the names. */
export function nameOf(key: MasterKey, names: ReadonlyMap<string, string>): string {
  const name = names.get(masterKeyIdentity(key))
  return name === undefined ? masterKeyName(key) : `${name} (${masterKeyName(key)})`
}
