import type { DataKey } from '../core/data-key.ts'
import type { Envelope } from '../core/envelope.ts'
import type { MasterKey, WrappedKey } from '../core/master-key.ts'
import type { Selector } from '../core/selection.ts'
import { KmsfileError } from '../errors.ts'
import { mergeRecipients } from './merge-recipients.ts'
import { type MergeSources, mergeSetting, sameDataKey, type Versions } from './merge-versions.ts'
import { parseEncrypted } from './read-secrets.ts'
import { freshKey, refuseChangedRecipients } from './secrets-file.ts'
import type { Workspace } from './workspace.ts'
import { type WrittenFile, writeSecrets } from './write-secrets.ts'
import { writingTime } from './writing-time.ts'

/** How the result of a merge is to be encrypted. */
export interface Writing {
  readonly dataKey: DataKey
  /** The data key is new: no value keeps its bytes. */
  readonly isFresh: boolean
  readonly groups: readonly (readonly WrappedKey[])[]
  readonly threshold: number | undefined
  readonly selector: Selector
  readonly macOnlyEncrypted: boolean
  /** Who could open the file before, and still knows its data key. */
  readonly removed: readonly MasterKey[]
}

/**
 * Finds the data key of the result and for whom it is wrapped. A data key that only one side has is never kept, since whoever
 * made it may know it: then a new one is made, for the recipients of the rule that is checked out.
 *
 * @throws KmsfileError `INTEGRITY_RECIPIENTS_CHANGED`; `CONFIG_NO_RULE`, `CONFIG_NOT_FOUND` or `KEY_WRAP_FAILED` where a new
 * data key is needed and cannot be made; `INTEGRITY_SELECTOR_CHANGED` where both sides changed what is encrypted
 */
export async function planWriting(workspace: Workspace, sources: MergeSources, versions: Versions): Promise<Writing> {
  const { base, ours, theirs } = versions
  const settings = settingsOf(versions)
  if (sameDataKey(ours.opened, theirs.opened)) {
    for (const { opened } of [ours, theirs]) refuseChangedRecipients(opened)
    const before = base.opened !== undefined && sameDataKey(base.opened, ours.opened) ? base.opened : undefined
    const recipients = mergeRecipients({
      base: before?.file.envelope,
      ours: ours.opened.file.envelope,
      theirs: theirs.opened.file.envelope,
    })
    const { dataKey } = ours.opened.file
    if (recipients !== undefined) return { ...settings, ...recipients, dataKey, isFresh: false }
  } else {
    workspace.warn('the two sides are under different data keys: a new one is made', { file: sources.file.name })
  }
  const rule = await workspace.config.rule(sources.file.path)
  if (rule.groups.length === 0) {
    throw new KmsfileError('the rule for this file names no keys, and a new data key has to be made', {
      code: 'CONFIG_NO_RULE',
      hint: 'name the keys in the rule',
    })
  }
  const { dataKey, groups } = await freshKey(workspace, rule)
  return { ...settings, dataKey, groups, threshold: rule.threshold, isFresh: true, removed: [] }
}

export interface MergeWrite {
  readonly file: MergeSources['file']
  readonly versions: Versions
  readonly writing: Writing
  readonly plaintext: string
}

/** Encrypts what came of a merge: under the data key of both sides, values keep the bytes that one of them has, ours first. */
export async function writeMerged(
  { host }: Workspace,
  { file, versions, writing, plaintext }: MergeWrite,
): Promise<WrittenFile & { readonly envelope: Envelope }> {
  const [ours, theirs] = [versions.ours.opened.file, versions.theirs.opened.file]
  const lastModified = later(ours.envelope.lastModified, theirs.envelope.lastModified)
  const version = newer(ours.envelope.version, theirs.envelope.version)
  const { isFresh, removed: _, ...options } = writing
  const both = {
    ...ours,
    values: [...ours.values, ...theirs.values],
    comments: [...ours.comments, ...theirs.comments],
  }
  const written = await writeSecrets(file.format, plaintext, {
    ...options,
    previous: isFresh ? undefined : both,
    before: { ...ours.envelope, lastModified, version },
    now: await writingTime(host, lastModified),
    randomBytes: host.randomBytes,
  })
  return { ...written, envelope: parseEncrypted(file.format, written.text).envelope }
}

function settingsOf({ base, ours, theirs }: Versions): Pick<Writing, 'selector' | 'macOnlyEncrypted'> {
  const [before, own, other] = [base.opened, ours.opened, theirs.opened].map((opened) => opened?.file.envelope)
  const three = <T>(of: (envelope: Envelope) => T) => ({
    base: before && of(before),
    ours: own && of(own),
    theirs: other && of(other),
  })
  // Where both sides changed it, what our configuration says decides.
  const wanted = ours.opened.rule
  const selector = mergeSetting(three((envelope) => envelope.selector)) ?? wanted?.selector
  const macOnlyEncrypted = mergeSetting(three((envelope) => envelope.macOnlyEncrypted)) ?? wanted?.macOnlyEncrypted
  if (selector !== undefined && macOnlyEncrypted !== undefined) return { selector, macOnlyEncrypted }
  throw new KmsfileError('both sides changed which values are encrypted, and no rule says which are', {
    code: 'INTEGRITY_SELECTOR_CHANGED',
    hint: 'take one side, then make the change of the other: git checkout --ours -- FILE',
  })
}

function later(a: string, b: string): string {
  return Date.parse(b) > Date.parse(a) ? b : a
}

/** The newer of two versions of sops: `3.10.0` is newer than `3.9.4`. */
function newer(a: string, b: string): string {
  const parts = (version: string) => (version.match(/\d+/g) ?? []).slice(0, 3).map(Number)
  const [own, other] = [parts(a), parts(b)]
  const at = own.findIndex((part, i) => part !== other[i])
  return at !== -1 && (other[at] ?? 0) > (own[at] ?? 0) ? b : a
}
