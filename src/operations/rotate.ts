import { type Rule, withFlags } from '../config/rules.ts'
import { type MasterKey, masterKeyIdentity, masterKeyName } from '../core/master-key.ts'
import { KmsfileError } from '../errors.ts'
import { refuseReplay } from './file-history.ts'
import { compareRecipients, type RecipientChanges, recipientsOf } from './recipients.ts'
import {
  about,
  freshKey,
  type OpenedSource,
  openSource,
  plaintextOfSource,
  refuseIgnoredMac,
  rewrite,
  type SourceFile,
} from './secrets-file.ts'
import type { Workspace } from './workspace.ts'
import type { WrittenFile } from './write-secrets.ts'

export interface RotateOptions {
  /** Master keys to add to those of the file, where no rule says who they are. They go into the first group. */
  readonly add?: readonly MasterKey[] | undefined
  /** Master keys to leave out, told by their names, where no rule says who they are. */
  readonly remove?: readonly MasterKey[] | undefined
}

/** What rotating a file will do; nothing is done yet. */
export interface Rotation {
  readonly opened: OpenedSource
  /** Who will be able to open it. */
  readonly target: Rule
  readonly recipients: RecipientChanges
}

/**
 * Opens a file and finds out for whom its new data key is to be: for the recipients of its rule, or those that flags
 * name; where neither is there, for those of the file if they are sealed.
 *
 * @throws KmsfileError those of `openSource`; `INTEGRITY_RECIPIENTS_CHANGED` or `CONFIG_NO_RULE` where nobody says who
 * the recipients should be; `USAGE` for keys to add or remove beside a rule; `INTEGRITY_REPLAY`
 */
export async function planRotation(
  workspace: Workspace,
  source: SourceFile,
  options: RotateOptions = {},
): Promise<Rotation> {
  return about(source.name, async () => {
    refuseIgnoredMac(workspace)
    const opened = await openSource(workspace, source)
    await refuseReplay(workspace, opened)
    const target = targetOf(workspace, opened, options)
    return { opened, target, recipients: compareRecipients(recipientsOf(opened), target) }
  })
}

/**
 * Encrypts everything in the file anew, under a new data key. What the old one encrypted stays readable to whoever has it.
 *
 * @throws KeyUnavailableError `KEY_WRAP_FAILED`
 */
export async function rotate(workspace: Workspace, { opened, target }: Rotation): Promise<WrittenFile> {
  return about(opened.source.name, async () => {
    const { dataKey, groups } = await freshKey(workspace, target)
    const text = await plaintextOfSource(workspace, opened)
    return rewrite(workspace, opened, text, { dataKey, groups, threshold: target.threshold, afresh: true })
  })
}

function targetOf({ flags }: Workspace, opened: OpenedSource, options: RotateOptions): Rule {
  const { rule, source } = opened
  const { add = [], remove = [] } = options
  const named = flags.keys !== undefined && flags.keys.length > 0
  const configured = rule !== undefined && rule.groups.length > 0
  if (add.length + remove.length > 0 && (named || configured)) throw contradiction(source, named ? undefined : rule)
  if (named || configured) return withFlags(rule, flags)

  if (opened.file.recipients !== 'confirmed') throw unconfirmed(opened)
  const current = recipientsOf(opened)
  return {
    ...withFlags(rule, { ...flags, threshold: flags.threshold ?? (current.threshold || undefined) }),
    groups: changed(current.groups, add, remove),
  }
}

/** As sops does it: new keys join the first group, and a key that goes leaves every group. */
function changed(groups: Rule['groups'], add: readonly MasterKey[], remove: readonly MasterKey[]): Rule['groups'] {
  const gone = new Set(remove.map(masterKeyName))
  const present = new Set(groups.flat().map(masterKeyName))
  const missing = remove.find((key) => !present.has(masterKeyName(key)))
  if (missing !== undefined) {
    throw new KmsfileError(`${masterKeyName(missing)} is no recipient of the file`, { code: 'USAGE' })
  }
  const known = new Set(groups.flat().map(masterKeyIdentity))
  const joining = add.filter((key) => !known.has(masterKeyIdentity(key)))
  const result = groups
    .map((group, i) => (i === 0 ? [...group, ...joining] : group))
    .map((group) => group.filter((key) => !gone.has(masterKeyName(key))))
  if (result.every((group) => group.length > 0)) return result
  throw new KmsfileError('a key group would have no keys left', { code: 'USAGE' })
}

function unconfirmed({ file }: OpenedSource): KmsfileError {
  const wereChanged = file.recipients === 'changed'
  return new KmsfileError(
    `no rule says who should be able to open this file, and its recipients ${wereChanged ? 'are not those that were' : 'are not'} sealed`,
    {
      code: wereChanged ? 'INTEGRITY_RECIPIENTS_CHANGED' : 'CONFIG_NO_RULE',
      hint: 'add a rule for it, or name them: kmsfile rotate -i --age ... --kms ... FILE',
    },
  )
}

function contradiction({ name }: SourceFile, rule: Rule | undefined): KmsfileError {
  if (rule === undefined) {
    return new KmsfileError('--age and --kms name all keys, so there is nothing to add or remove', { code: 'USAGE' })
  }
  const place = rule.line === undefined ? rule.file : `${rule.file}:${rule.line}`
  return new KmsfileError(`the keys of this file are those of its rule, ${place}`, {
    code: 'USAGE',
    hint: `change the rule, then: kmsfile rotate -i ${name}`,
  })
}
