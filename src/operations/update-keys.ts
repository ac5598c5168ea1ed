import type { Rule } from '../config/rules.ts'
import { compileSelector, type Selection, type Selector } from '../core/selection.ts'
import type { Comment, Document, Leaf } from '../core/tree.ts'
import { type Place, walk } from '../core/walk.ts'
import { refuseReplay } from './file-history.ts'
import { isConcealable } from './open-values.ts'
import { treeOf } from './read-secrets.ts'
import { areSame, compareRecipients, type RecipientChanges, recipientsOf, wrapForOthers } from './recipients.ts'
import { wholeValue } from './restore.ts'
import { wrapRoot } from './root-key.ts'
import {
  about,
  judgeRecipients,
  type OpenedSource,
  openSource,
  plaintextOfSource,
  refuseIgnoredMac,
  rewrite,
  type SourceFile,
  writingRule,
} from './secrets-file.ts'
import { leavesOf, type TreePlace } from './tree-changes.ts'
import type { Workspace } from './workspace.ts'
import type { WrittenFile } from './write-secrets.ts'

/** What makes a file as its rule says; nothing is done yet. */
export interface KeyUpdate {
  readonly opened: OpenedSource
  readonly target: Rule
  readonly recipients: RecipientChanges
  /** Nobody confirmed the recipients that the file has: not the rule, not the seal. */
  readonly unconfirmed: boolean
  /** Undefined where it stays. */
  readonly selector: { readonly from: Selector; readonly to: Selector } | undefined
  /** Undefined where it stays. */
  readonly macOnlyEncrypted: boolean | undefined
  /** Values that are readable now and will be encrypted. */
  readonly hidden: readonly TreePlace[]
  /** Values that are encrypted now and will be readable. */
  readonly revealed: readonly TreePlace[]
  /** How many comments go with them. */
  readonly hiddenComments: number
  readonly revealedComments: number
  /** The file has no seal, or none over its recipients. */
  readonly unsealed: boolean
}

/**
 * Opens a file and compares its recipients, threshold and selector with its rule, or with what flags say.
 *
 * @throws KmsfileError those of `openSource` and `writingRule`; `INTEGRITY_REPLAY`
 */
export async function planKeyUpdate(workspace: Workspace, source: SourceFile): Promise<KeyUpdate> {
  return about(source.name, async () => {
    const target = await writingRule(workspace, source)
    refuseIgnoredMac(workspace)
    const opened = await openSource(workspace, source, { allowUnsealed: true })
    await refuseReplay(workspace, opened)
    return { opened, ...(await compareWithRule(workspace, opened, target)) }
  })
}

/** Whether there is anything to do. */
export function isNeeded({ recipients, selector, macOnlyEncrypted, unsealed }: KeyUpdate): boolean {
  return !areSame(recipients) || selector !== undefined || macOnlyEncrypted !== undefined || unsealed
}

/**
 * Writes the file for the recipients of its rule, under the same data key. Values that are encrypted before and after
 * keep their bytes, and so does the wrapped key of everybody who stays.
 *
 * @throws KeyUnavailableError `KEY_WRAP_FAILED`
 */
export async function updateKeys(workspace: Workspace, update: KeyUpdate): Promise<WrittenFile> {
  const { opened, target, recipients, selector, macOnlyEncrypted } = update
  return about(opened.source.name, async () => {
    const groups = await wrapForOthers(workspace, opened, target)
    const text = await plaintextOfSource(workspace, opened)
    return rewrite(workspace, opened, text, {
      groups,
      ...(recipients.quorum !== undefined && { threshold: target.threshold }),
      ...(selector !== undefined && { selector: selector.to }),
      ...(macOnlyEncrypted !== undefined && { macOnlyEncrypted }),
    })
  })
}

async function compareWithRule(
  { flags }: Workspace,
  opened: OpenedSource,
  target: Rule,
): Promise<Omit<KeyUpdate, 'opened'>> {
  const { file, rule } = opened
  const { envelope } = file
  // Without a rule, nothing says that the file should have another selector than its own.
  const wanted = rule === undefined ? (flags.selector ?? envelope.selector) : target.selector
  const onlyEncrypted =
    rule === undefined ? envelope.macOnlyEncrypted || target.macOnlyEncrypted : target.macOnlyEncrypted
  // A file that is one value has no use for a selector.
  const differs = wholeValue(file.scanned.documents) === undefined && !sameSelector(envelope.selector, wanted)
  return {
    target,
    recipients: compareRecipients(recipientsOf(opened), target),
    unconfirmed: judgeRecipients(opened) === 'changed',
    selector: differs ? { from: envelope.selector, to: wanted } : undefined,
    macOnlyEncrypted: envelope.macOnlyEncrypted === onlyEncrypted ? undefined : onlyEncrypted,
    ...(differs ? await affectedBy(opened, wanted) : NOTHING_AFFECTED),
    unsealed: file.recipients !== 'confirmed' || (file.integrity !== 'sealed' && isSealable(wanted)),
  }
}

type Affected = Pick<KeyUpdate, 'hidden' | 'revealed' | 'hiddenComments' | 'revealedComments'>

const NOTHING_AFFECTED: Affected = { hidden: [], revealed: [], hiddenComments: 0, revealedComments: 0 }

async function affectedBy({ file }: OpenedSource, to: Selector): Promise<Affected> {
  const [before, after] = await Promise.all([compileSelector(file.envelope.selector), compileSelector(to)])
  const documents = treeOf(file)
  const [had, have] = [secrecyOf(documents, before), secrecyOf(documents, after)]
  const hidden: TreePlace[] = []
  const revealed: TreePlace[] = []
  for (const [i, { document, path, type, text }] of leavesOf(documents).entries()) {
    if (had.leaves[i] === have.leaves[i] || !isConcealable(type, text)) continue
    ;(have.leaves[i] ? hidden : revealed).push({ document, path })
  }
  const changed = [...have.comments].filter(([comment, is]) => had.comments.get(comment) !== is)
  const hiddenComments = changed.filter(([, is]) => is).length
  return { hidden, revealed, hiddenComments, revealedComments: changed.length - hiddenComments }
}

/** Whether each leaf, in the order of the text, and each comment is encrypted. */
function secrecyOf(documents: readonly Document[], selection: Selection) {
  const found = { leaves: [] as boolean[], comments: new Map<Comment, boolean>() }
  const visitor = {
    leaf: (_leaf: Leaf, { secret }: Place) => void found.leaves.push(secret),
    comment: (comment: Comment, { secret }: Place) => void found.comments.set(comment, secret),
  }
  walk(documents.map(wrapRoot), visitor, { selection })
  return found
}

/** Whether a file with this selector can have a seal: comments, which nothing binds, must not decide what is secret. */
export function isSealable({ kind }: Selector): boolean {
  return !kind.endsWith('comment-regex')
}

/** Whether two selectors are the same rule. */
export function sameSelector(a: Selector, b: Selector): boolean {
  return a.kind === b.kind && a.text === b.text
}
