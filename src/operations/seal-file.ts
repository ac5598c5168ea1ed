import type { Selector } from '../core/selection.ts'
import { KmsfileError } from '../errors.ts'
import { isUnderNewDataKey, lastVerified, refuseReplay } from './file-history.ts'
import { plaintextOf, treeOf } from './read-secrets.ts'
import { compareRecipients, type RecipientChanges, type Recipients, recipientsOf, wrapForOthers } from './recipients.ts'
import { wholeValue } from './restore.ts'
import {
  about,
  type OpenedSource,
  openSource,
  refuseChangedRecipients,
  refuseIgnoredMac,
  rewrite,
  type SourceFile,
} from './secrets-file.ts'
import { compareTrees, type TreeChange, type TreePlace } from './tree-changes.ts'
import { isSealable, sameSelector } from './update-keys.ts'
import type { Workspace } from './workspace.ts'
import type { WrittenFile } from './write-secrets.ts'

/** What a seal will say of a file; nothing is done yet. */
export interface Sealing {
  readonly opened: OpenedSource
  /**
   * Why there is something to seal: `sops` wrote the file last; its `recipients` are not those that were sealed, if any
   * were, but those of the rule; somebody `edited` the file by hand. Undefined: it is sealed.
   */
  readonly reason: 'sops' | 'recipients' | 'edited' | undefined
  /** What will be written. */
  readonly plaintext: string
  /** The layout of the file cannot be kept. */
  readonly isReprinted: boolean
  /** Against the last version in git that verifies; undefined where there is none. */
  readonly changes: readonly TreeChange[] | undefined
  /** The same of what is said about the values. Undefined where it is as before, or nothing is known. */
  readonly selectorBefore: Selector | undefined
  readonly macOnlyEncryptedBefore: boolean | undefined
  readonly recipientsSince: RecipientChanges | undefined
  /** The rule's selector, where the file has another. */
  readonly selectorOfRule: Selector | undefined
  /** The last commit has the file under another data key. */
  readonly newDataKey: boolean
  /** Values in plaintext that will be encrypted. */
  readonly added: readonly TreePlace[]
  /** The rule's recipients, where those of the file are not to be trusted. */
  readonly target: Recipients | undefined
}

/**
 * Verifies a file that sops wrote last, and finds out what sealing it would confirm.
 *
 * @throws KmsfileError those of `openSource`; `INTEGRITY_REPLAY`, `INTEGRITY_RECIPIENTS_CHANGED`; `INTEGRITY_NOT_SEALED`
 * for a file that cannot be sealed
 */
export async function planSeal(workspace: Workspace, source: SourceFile): Promise<Sealing> {
  return about(source.name, async () => {
    refuseIgnoredMac(workspace)
    const opened = await openSource(workspace, source, { allowUnsealed: true })
    const { file } = opened
    refuseCommentSelector(file.envelope.selector)
    const { text } = await plaintextOf(file)
    const reason = reasonOf(file)
    if (reason === undefined) return sealing(opened, { reason, plaintext: text, newDataKey: false })
    await refuseReplay(workspace, opened)
    refuseChangedRecipients(opened)
    const before = reason === 'sops' ? await lastVerified(workspace, source, isSealed) : undefined
    return sealing(opened, {
      reason,
      plaintext: text,
      ...(before !== undefined && sinceThen(before, opened)),
      newDataKey: await isUnderNewDataKey(workspace, opened),
    })
  })
}

/**
 * Seals a file as it was planned. Values keep their bytes.
 *
 * @throws KeyUnavailableError `KEY_WRAP_FAILED`
 */
export async function seal(workspace: Workspace, { opened, plaintext, target }: Sealing): Promise<WrittenFile> {
  return about(opened.source.name, async () => {
    if (target === undefined) return rewrite(workspace, opened, plaintext)
    const groups = await wrapForOthers(workspace, opened, target)
    return rewrite(workspace, opened, plaintext, { groups, threshold: target.threshold })
  })
}

/** Completes a plan, with what the rule says of the selector. */
export function sealing(
  opened: OpenedSource,
  known: Pick<Sealing, 'reason' | 'plaintext' | 'newDataKey'> & Partial<Sealing>,
): Sealing {
  const { file, rule } = opened
  const { selector } = file.envelope
  const isWhole = wholeValue(file.scanned.documents) !== undefined
  return {
    isReprinted: false,
    changes: undefined,
    selectorBefore: undefined,
    macOnlyEncryptedBefore: undefined,
    recipientsSince: undefined,
    added: [],
    target: undefined,
    selectorOfRule: rule === undefined || isWhole || sameSelector(rule.selector, selector) ? undefined : rule.selector,
    ...known,
    opened,
  }
}

/** What differs from an earlier version in what is said about the values, and in the values themselves. */
export function sinceThen(
  before: OpenedSource,
  now: OpenedSource,
  changes: readonly TreeChange[] = compareTrees({ documents: treeOf(before.file) }, { documents: treeOf(now.file) }),
): Pick<Sealing, 'changes' | 'selectorBefore' | 'macOnlyEncryptedBefore' | 'recipientsSince'> {
  const [old, own] = [before.file.envelope, now.file.envelope]
  return {
    changes,
    selectorBefore: sameSelector(old.selector, own.selector) ? undefined : old.selector,
    macOnlyEncryptedBefore: old.macOnlyEncrypted === own.macOnlyEncrypted ? undefined : old.macOnlyEncrypted,
    recipientsSince: compareRecipients(recipientsOf(before), recipientsOf(now)),
  }
}

/** @throws KmsfileError `INTEGRITY_NOT_SEALED` */
export function refuseCommentSelector(selector: Selector): void {
  if (isSealable(selector)) return
  throw new KmsfileError('a file whose comments say what is encrypted cannot be sealed', {
    code: 'INTEGRITY_NOT_SEALED',
    hint: 'choose a selector that looks at keys',
  })
}

function reasonOf({ integrity, recipients }: OpenedSource['file']): Sealing['reason'] {
  if (integrity !== 'sealed') return 'sops'
  return recipients === 'confirmed' ? undefined : 'recipients'
}

function isSealed({ file }: OpenedSource): boolean {
  return file.integrity === 'sealed'
}
