import { type KeyGroup, type MasterKey, masterKeyIdentity, masterKeyName } from '../core/master-key.ts'

/** A master key as talk shows it: by the name that the configuration gives it, or else shortened. */
export function keyLabel(key: MasterKey, names?: ReadonlyMap<string, string>): string {
  return names?.get(masterKeyIdentity(key)) ?? shortKey(key)
}

/** A recipient or an ARN, shortened; long enough to tell those of one file apart. */
export function shortKey(key: MasterKey): string {
  const name = masterKeyName(key)
  if (key.type === 'aws-kms') {
    const resource = key.arn.split(':').slice(5).join(':') || key.arn
    return resource.startsWith('key/') && resource.length > 16 ? `${resource.slice(0, 12)}...` : resource
  }
  if (key.type !== 'age') return name.length > 40 ? `...${name.slice(-37)}` : name
  if (name.startsWith('age1')) return name.length > 16 ? `${name.slice(0, 6)}...${name.slice(-4)}` : name
  // The end tells SSH keys apart: they all start the same. A comment behind one was put there to be read.
  const [kind = '', data = '', ...comment] = name.split(' ')
  return comment.length > 0 ? `${kind} ${comment.join(' ')}` : `${kind} ...${data.replace(/=+$/, '').slice(-8)}`
}

/** Who can open a file: `ana, ben`; with groups `prod | ana, ben (2 of 2)`. */
export function groupsLabel(
  groups: readonly KeyGroup[],
  { names, threshold }: { names?: ReadonlyMap<string, string> | undefined; threshold?: number | undefined } = {},
): string {
  const labels = groups.map((group) => group.map((key) => keyLabel(key, names)).join(', '))
  return groups.length > 1
    ? `${labels.join(' | ')} (${threshold ?? groups.length} of ${groups.length})`
    : labels.join('')
}
