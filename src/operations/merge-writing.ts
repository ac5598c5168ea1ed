import type { Rule } from '../config/rules.ts'
import type { DataKey } from '../core/data-key.ts'
import type { Envelope } from '../core/envelope.ts'
import { type MasterKey, masterKeyIdentity, masterKeyName, type WrappedKey } from '../core/master-key.ts'
import { KmsfileError } from '../errors.ts'
import { mergeRecipients } from './merge-recipients.ts'
import type { Settings } from './merge-settings.ts'
import { type MergeSources, sameDataKey, type Versions } from './merge-versions.ts'
import { parseEncrypted } from './read-secrets.ts'
import { areSame, compareRecipients, type Recipients, recipientsOf } from './recipients.ts'
import { freshKey, judgeRecipients, refuseChangedRecipients } from './secrets-file.ts'
import type { Workspace } from './workspace.ts'
import { type WrittenFile, writeSecrets } from './write-secrets.ts'
import { writingTime } from './writing-time.ts'

/** How the result of a merge is to be encrypted. */
export interface Writing extends Settings {
  readonly dataKey: DataKey
  /** The data key is new: no value keeps its bytes. */
  readonly isFresh: boolean
  readonly groups: readonly (readonly WrappedKey[])[]
  readonly threshold: number | undefined
  /** Who could open the file before, and still knows its data key. */
  readonly removed: readonly MasterKey[]
  /** Who can open the result, but could not open our version. */
  readonly added: readonly MasterKey[]
}

/**
 * Finds the data key of the result and for whom it is wrapped. A data key that only one side has is never kept, since whoever
 * made it may know it: then a new one is made, for those recipients of the rule who can open both sides. So nobody learns by a
 * merge what they could not read before.
 *
 * @throws KmsfileError `INTEGRITY_RECIPIENTS_CHANGED`; `CONFIG_NO_RULE`, `CONFIG_NOT_FOUND` or `KEY_WRAP_FAILED` where a new
 * data key is needed and cannot be made
 */
export async function planWriting(
  workspace: Workspace,
  { sources, versions, settings }: { sources: MergeSources; versions: Versions; settings: Settings },
): Promise<Writing> {
  const { base, ours, theirs } = versions
  for (const { opened } of [ours, theirs]) refuseChangedRecipients(opened)
  if (sameDataKey(ours.opened, theirs.opened)) {
    refuseUnknownRecipients(versions)
    const before = base.opened !== undefined && sameDataKey(base.opened, ours.opened) ? base.opened : undefined
    const recipients = mergeRecipients({
      base: before?.file.envelope,
      ours: ours.opened.file.envelope,
      theirs: theirs.opened.file.envelope,
    })
    const { dataKey } = ours.opened.file
    if (recipients !== undefined) {
      const { added } = compareRecipients(recipientsOf(ours.opened), asRecipients(recipients))
      return { ...settings, ...recipients, added, dataKey, isFresh: false }
    }
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
  const allowed = ofBothSides(rule, versions)
  warnOfLeftOut(workspace, sources, compareRecipients(rule, allowed).removed)
  const { dataKey, groups } = await freshKey(workspace, allowed)
  return { ...settings, dataKey, groups, threshold: rule.threshold, isFresh: true, removed: [], added: [] }
}

/**
 * The rule, for those who can open both sides as they are. Who is added by one side may be known to that side alone: the other
 * one's values are not theirs to read before somebody says so.
 */
function ofBothSides(rule: Rule, { ours, theirs }: Versions): Rule {
  const [own, other] = [ours, theirs].map(
    ({ opened }) => new Set(recipientsOf(opened).groups.flat().map(masterKeyIdentity)),
  )
  const groups = rule.groups.map((group) =>
    group.filter((key) => own?.has(masterKeyIdentity(key)) && other?.has(masterKeyIdentity(key))),
  )
  if (groups.every((group) => group.length > 0)) return { ...rule, groups }
  throw new KmsfileError('nobody whom the rule names can open both sides, which are under different data keys', {
    code: 'INTEGRITY_RECIPIENTS_CHANGED',
    hint: 'take one side, then make the change of the other: git checkout --ours -- FILE',
  })
}

function warnOfLeftOut(workspace: Workspace, { file }: MergeSources, keys: readonly MasterKey[]): void {
  if (keys.length === 0) return
  const names = keys.map(masterKeyName).join(', ')
  workspace.warn(`not for ${names}, who can open but one side, if any`, {
    file: file.name,
    hint: 'if the rule is right: kmsfile updatekeys FILE',
  })
}

/**
 * Where nothing says who is to open the file, neither a rule nor a seal, somebody without any key can add to the list.
 *
 * @throws KmsfileError `INTEGRITY_RECIPIENTS_CHANGED`
 */
function refuseUnknownRecipients({ ours, theirs }: Versions): void {
  if (judgeRecipients(theirs.opened) !== 'unknown') return
  if (areSame(compareRecipients(recipientsOf(ours.opened), recipientsOf(theirs.opened)))) return
  throw new KmsfileError(
    'the keys that can open this file differ, and neither a rule nor a seal says which are right',
    {
      code: 'INTEGRITY_RECIPIENTS_CHANGED',
      hint: 'name the keys in a rule of .kmsfile.yaml, commit it, and merge again',
    },
  )
}

function asRecipients({ groups, threshold }: Pick<Writing, 'groups' | 'threshold'>): Recipients {
  return { groups: groups.map((group) => group.map(({ masterKey }) => masterKey)), threshold }
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
  const { isFresh, removed: _removed, added: _added, ...options } = writing
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
