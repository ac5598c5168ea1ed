import type { DataKey } from '../../core/data-key.ts'
import { type Envelope, SELECTOR_FIELDS } from '../../core/envelope.ts'
import { keyId, keyIdOf } from '../../core/layout.ts'
import { masterKeyName } from '../../core/master-key.ts'
import { DEFAULT_SELECTOR } from '../../core/selection.ts'
import { shortHash } from './redacted.ts'

/** How a version stands, besides what its envelope says. */
export interface Standing {
  /** Undefined where it is not at hand, or not wanted. */
  readonly dataKey: DataKey | undefined
  /** Why it is not to be believed. */
  readonly problem: string | undefined
  readonly notes: readonly string[]
}

/** How a version of a file is encrypted. */
export interface RevealedHeader {
  /** What is wrong with it, and what is in conflict. */
  readonly notes: readonly string[]
  /** `kmsfile`, `sops`. */
  readonly program: string
  /** Tells data keys apart. */
  readonly dataKey: string
  readonly recipients: readonly string[]
  /** What is not as usual: how many groups are needed, which values are encrypted. */
  readonly rules: readonly string[]
}

/** What is to be said of how a file is encrypted. Nothing in it changes with every write. */
export function headerOf(envelope: Envelope, { dataKey, problem, notes }: Standing): RevealedHeader {
  const { groups, threshold, selector, macOnlyEncrypted, kmsfile } = envelope
  const several = groups.length > 1
  const isDefault = selector.kind === DEFAULT_SELECTOR.kind && selector.text === DEFAULT_SELECTOR.text
  return {
    notes: [...(problem === undefined ? [] : [problem]), ...notes],
    program: keyIdOf(kmsfile) === undefined ? 'sops' : 'kmsfile',
    dataKey: fingerprint(envelope, dataKey),
    recipients: groups.flatMap((group, i) =>
      group.map(({ masterKey }) => `${masterKeyName(masterKey)}${several ? ` (group ${i + 1})` : ''}`),
    ),
    rules: [
      ...(several ? [`${threshold || groups.length} of ${groups.length} groups needed`] : []),
      ...(isDefault ? [] : [`${SELECTOR_FIELDS[selector.kind]} ${JSON.stringify(selector.text)}`]),
      ...(macOnlyEncrypted ? ['mac_only_encrypted'] : []),
    ],
  }
}

/**
 * Lines that say how a file is encrypted, so that a change of keys and rules shows although no value has changed: the data key by
 * eight digits, each recipient on a line of its own, selectors.
 */
export function headerLines({ notes, program, dataKey, recipients, rules }: RevealedHeader): readonly string[] {
  const lines = [
    ...notes,
    `encrypted by ${program}, data key ${dataKey}`,
    ...recipients.map((name) => `for ${name}`),
    ...rules,
  ]
  return lines.map(oneLine)
}

/** Names in a file may have line breaks; ours are comments. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ')
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
