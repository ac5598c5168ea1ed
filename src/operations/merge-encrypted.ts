import type { Envelope } from '../core/envelope.ts'
import { keyIdOf } from '../core/layout.ts'
import type { KmsfileError } from '../errors.ts'
import { printUnresolved, withoutEnvelope } from './merge-conflict-node.ts'
import { noteEncrypted } from './merge-notes.ts'
import { mergeRecipients } from './merge-recipients.ts'
import type { MergeResult } from './merge-result.ts'
import { mergeTexts } from './merge-text.ts'
import { type MergeSources, mergeSetting } from './merge-versions.ts'
import { type EncryptedFile, parseEncrypted } from './read-secrets.ts'

/**
 * Merges three versions without a key, by their ciphertext: what nobody changed has the same bytes. The result is not verified
 * and has no MAC, so it says that it is not resolved, and whoever resolves it merges the versions again, with a key.
 *
 * @throws KmsfileError `unopened`, where that needs the data key: the sides do not have the same, or disagree on who can open
 * the file
 */
export async function mergeEncrypted(sources: MergeSources, unopened: KmsfileError): Promise<MergeResult> {
  const { file, texts, labels } = sources
  const { format } = file
  const isNew = texts.base.trim() === ''
  const [ours, theirs] = [parseEncrypted(format, texts.ours), parseEncrypted(format, texts.theirs)]
  const base = isNew ? undefined : parseEncrypted(format, texts.base)
  if (!sharesDataKey(ours, theirs) || (base !== undefined && !sharesDataKey(base, ours))) throw unopened

  const envelope = mergeEnvelopes(base?.envelope, ours.envelope, theirs.envelope)
  if (envelope === undefined) throw unopened
  const bodyOf = (version: EncryptedFile | undefined) =>
    version === undefined ? '' : withoutEnvelope(format, version.scanned)
  const bodies = { base: bodyOf(base), ours: bodyOf(ours), theirs: bodyOf(theirs) }
  const { text: body, conflicts } = await mergeTexts(format, bodies)
  const note = { conflicts: noteEncrypted(conflicts), labels }
  const text = printUnresolved(format, ours.scanned.bom ? `\ufeff${body}` : body, { envelope, note })
  if (conflicts.length === 0) return { outcome: 'pending', text, unopened }
  return { outcome: 'conflicts', text, changes: 0, conflicts, unopened }
}

/** Whether two files are under one data key, as far as they say so themselves. */
function sharesDataKey({ envelope: a }: EncryptedFile, { envelope: b }: EncryptedFile): boolean {
  const [id, other] = [keyIdOf(a.kmsfile), keyIdOf(b.kmsfile)]
  if (id !== undefined && other !== undefined) return id === other
  const wrapped = new Set(a.groups.flat().map((key) => key.wrapped))
  return b.groups.flat().some((key) => wrapped.has(key.wrapped))
}

function mergeEnvelopes(base: Envelope | undefined, ours: Envelope, theirs: Envelope): Envelope | undefined {
  const recipients = mergeRecipients({ base, ours, theirs })
  const selector = mergeSetting({ base: base?.selector, ours: ours.selector, theirs: theirs.selector })
  const macOnlyEncrypted = mergeSetting({
    base: base?.macOnlyEncrypted,
    ours: ours.macOnlyEncrypted,
    theirs: theirs.macOnlyEncrypted,
  })
  if (recipients === undefined || selector === undefined || macOnlyEncrypted === undefined) return undefined
  const { groups, threshold } = recipients
  return { ...ours, groups, threshold, selector, macOnlyEncrypted }
}
