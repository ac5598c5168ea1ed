import type { DataKey } from '../core/data-key.ts'
import { type Envelope, SELECTOR_FIELDS } from '../core/envelope.ts'
import { keyId, keyIdOf } from '../core/layout.ts'
import { masterKeyName } from '../core/master-key.ts'
import { DEFAULT_SELECTOR } from '../core/selection.ts'
import { shortHash } from './redacted.ts'

/** How a version stands, besides what its envelope says. */
export interface Standing {
  /** Undefined where it is not at hand, or not wanted. */
  readonly dataKey: DataKey | undefined
  /** Why it is not to be believed. */
  readonly problem: string | undefined
  readonly notes: readonly string[]
}

/**
 * Lines that say how a file is encrypted, so that a change of keys and rules shows although no value has changed: the data key by
 * eight digits, each recipient on a line of its own, selectors. Nothing in them changes with every write.
 */
export function headerLines(envelope: Envelope, { dataKey, problem, notes }: Standing): readonly string[] {
  const { groups, threshold, selector, macOnlyEncrypted, kmsfile } = envelope
  const id = keyIdOf(kmsfile)
  const several = groups.length > 1
  const isDefault = selector.kind === DEFAULT_SELECTOR.kind && selector.text === DEFAULT_SELECTOR.text
  return [
    ...(problem === undefined ? [] : [problem]),
    ...notes,
    `encrypted by ${id === undefined ? 'sops' : 'kmsfile'}, data key ${fingerprint(envelope, dataKey)}`,
    ...groups.flatMap((group, i) =>
      group.map(({ masterKey }) => `for ${masterKeyName(masterKey)}${several ? ` (group ${i + 1})` : ''}`),
    ),
    ...(several ? [`${threshold || groups.length} of ${groups.length} groups needed`] : []),
    ...(isDefault ? [] : [`${SELECTOR_FIELDS[selector.kind]} ${JSON.stringify(selector.text)}`]),
    ...(macOnlyEncrypted ? ['mac_only_encrypted'] : []),
  ]
}

/** Tells data keys apart, for people: what is short can be made to be the same. */
function fingerprint({ kmsfile, groups }: Envelope, dataKey: DataKey | undefined): string {
  const id = dataKey === undefined ? keyIdOf(kmsfile) : keyId(dataKey)
  if (id !== undefined) return Buffer.from(id, 'base64').toString('hex').slice(0, 8)
  // Who has no key sees how it is wrapped, and nothing else.
  return `wrapped ${shortHash(
    groups.flat().map(({ wrapped }) => wrapped),
    8,
  )}`
}
