import type { Rule } from '../config/rules.ts'
import type { Envelope } from '../core/envelope.ts'
import { keyIdOf } from '../core/layout.ts'
import type { MasterKey } from '../core/master-key.ts'
import type { Selector } from '../core/selection.ts'
import { compareRecipients, type Quorum } from './recipients.ts'
import { sameSelector } from './update-keys.ts'

/** One thing in which a file is not as its rule says. */
export type Difference =
  /** Keys of the rule that the file does not have, and the other way round. */
  | { readonly kind: 'keys'; readonly missing: readonly MasterKey[]; readonly surplus: readonly MasterKey[] }
  /** The keys are in other groups. */
  | { readonly kind: 'groups' }
  | { readonly kind: 'threshold'; readonly own: Quorum; readonly wanted: Quorum }
  | { readonly kind: 'selector'; readonly own: Selector; readonly wanted: Selector }
  | { readonly kind: 'mac-only-encrypted'; readonly wanted: boolean }
  /** The rule asks for a seal, and sops wrote the file. Whether a seal that is there fits, only a key can tell. */
  | { readonly kind: 'not-sealed' }

/**
 * Compares an envelope with the rule of its file, what matters most first. A rule without keys says nothing of them, and a
 * `whole` file, which is one value, has no use for a selector.
 */
export function compareWithRule(
  envelope: Envelope,
  rule: Rule,
  { whole }: { readonly whole: boolean },
): readonly Difference[] {
  const differences = rule.groups.length === 0 ? [] : [...recipientDifferences(envelope, rule)]
  if (rule.integrity === 'sealed' && keyIdOf(envelope.kmsfile) === undefined) differences.push({ kind: 'not-sealed' })
  if (!whole && !sameSelector(envelope.selector, rule.selector)) {
    differences.push({ kind: 'selector', own: envelope.selector, wanted: rule.selector })
  }
  if (envelope.macOnlyEncrypted !== rule.macOnlyEncrypted) {
    differences.push({ kind: 'mac-only-encrypted', wanted: rule.macOnlyEncrypted })
  }
  return differences
}

function recipientDifferences({ groups, threshold }: Envelope, rule: Rule): readonly Difference[] {
  const own = { groups: groups.map((group) => group.map(({ masterKey }) => masterKey)), threshold }
  const { added, removed, quorum, regrouped } = compareRecipients(own, rule)
  return [
    ...(added.length + removed.length > 0 ? [{ kind: 'keys' as const, missing: added, surplus: removed }] : []),
    ...(quorum === undefined ? [] : [{ kind: 'threshold' as const, own: quorum.from, wanted: quorum.to }]),
    ...(regrouped ? [{ kind: 'groups' as const }] : []),
  ]
}
