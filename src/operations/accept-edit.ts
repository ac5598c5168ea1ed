import { openLayout, recipientsMac, sameMac } from '../core/layout.ts'
import { type ErrorCode, KmsfileError } from '../errors.ts'
import { placeOf } from '../formats/excerpt.ts'
import type { Scanned } from '../formats/format.ts'
import { tryScan } from '../formats/try-scan.ts'
import type { YamlScanned } from '../formats/yaml-nodes.ts'
import { isUnderNewDataKey, lastVerified, macNonceOf } from './file-history.ts'
import { compareProperties } from './property-changes.ts'
import { breaksComments, encryptionState, type OpenedFile, plaintextOf, treeOf } from './read-secrets.ts'
import { recipientsOf } from './recipients.ts'
import { restore, wholeValue } from './restore.ts'
import { planSeal, refuseCommentSelector, type Sealing, sealing, sinceThen } from './seal-file.ts'
import {
  about,
  judgeRecipients,
  type OpenedSource,
  openSource,
  refuseChangedRecipients,
  type SourceFile,
} from './secrets-file.ts'
import { compareTrees } from './tree-changes.ts'
import { treeDigest } from './tree-digest.ts'
import type { Workspace } from './workspace.ts'

/** What an edit by hand does to a file, as far as somebody may have meant it. */
const ACCEPTABLE: ReadonlySet<ErrorCode> = new Set([
  'INTEGRITY_MAC_MISMATCH',
  'INTEGRITY_MAC_MISSING',
  'INTEGRITY_SEAL_MISMATCH',
  'INTEGRITY_SELECTOR_CHANGED',
  'INTEGRITY_VALUE_NOT_ENCRYPTED',
])

/**
 * Finds out what sealing a file would accept that somebody changed by hand: everything that differs from its last version
 * in git that verifies. A file whose MAC and seal fit is treated as by `planSeal`, unless its spelling is not the one
 * that was sealed: a tag, an anchor, quotes.
 *
 * Every encrypted value must still open at its place. Recipients that nobody confirmed are not accepted: the rule's take
 * their place.
 *
 * @throws KmsfileError `INTEGRITY_TAG_MISMATCH`, `INTEGRITY_AMBIGUOUS`, `INTEGRITY_SELECTOR_CHANGED`, and those of
 * `planSeal`; `INTEGRITY_RECIPIENTS_CHANGED` where no rule says who they should be
 */
export async function planAcceptance(workspace: Workspace, source: SourceFile): Promise<Sealing> {
  try {
    const plan = await planSeal(workspace, source)
    if (plan.reason !== undefined || (await isAsSpelled(plan.opened))) return plan
  } catch (error) {
    if (!(error instanceof KmsfileError) || !ACCEPTABLE.has(error.code)) throw error
  }
  return about(source.name, async () => {
    const unverified = await openSource(workspace, source, { unverified: true })
    refuseUnreadable(unverified.file)
    const before = await lastSpelled(workspace, source)
    const opened = withLayout(unverified, before)
    const { plaintext, isReprinted, changes } = await compareWith(before?.file, opened.file)
    return sealing(opened, {
      reason: 'edited',
      plaintext,
      isReprinted,
      ...(before !== undefined && sinceThen(before, opened, changes)),
      newDataKey: await isUnderNewDataKey(workspace, opened),
      added: opened.file.added.map((path) => ({ document: 0, path })),
      target: trustedRecipients(opened),
    })
  })
}

/** The last version that verifies; before it, one whose spelling can be compared. */
async function lastSpelled(workspace: Workspace, source: SourceFile): Promise<OpenedSource | undefined> {
  const last = await lastVerified(workspace, source)
  if (last === undefined || last.file.layout === undefined || (await isAsSpelled(last))) return last
  return (await lastVerified(workspace, source, isAsSpelled)) ?? last
}

async function isAsSpelled({ file }: Pick<OpenedSource, 'file'>): Promise<boolean> {
  return (await plaintextOf(file)).exact
}

/** Adds what the MAC's envelope still authenticates: the layout, and whether the recipients are those that were sealed. */
function withLayout(opened: OpenedSource, before: OpenedSource | undefined): OpenedSource {
  const { dataKey, envelope } = opened.file
  const nonce = macNonceOf(opened.file, dataKey)
  const layout = nonce === undefined ? undefined : openLayout(dataKey, envelope.kmsfile, nonce)
  const { groups, threshold = 0 } = recipientsOf(opened)
  const fits = layout !== undefined && sameMac(layout.recipients, recipientsMac(dataKey, groups, threshold))
  // A time that nothing authenticates must not hold back that of the next writing.
  const lastModified = nonce === undefined ? (before?.file.envelope.lastModified ?? '') : envelope.lastModified
  const file: OpenedFile = {
    ...opened.file,
    envelope: { ...envelope, lastModified },
    layout,
    recipients: layout === undefined ? undefined : fits ? 'confirmed' : 'changed',
  }
  return { ...opened, file }
}

function trustedRecipients(opened: OpenedSource): Sealing['target'] {
  if (judgeRecipients(opened) !== 'changed') return undefined
  const { rule } = opened
  if (rule === undefined || rule.groups.length === 0) refuseChangedRecipients(opened)
  return rule
}

/**
 * The plaintext of an edited file, and what differs from an earlier version. It keeps its layout where the spelling of
 * every value can be compared; elsewhere the values are printed anew, so that each reads the same to everybody.
 */
async function compareWith(
  before: OpenedFile | undefined,
  file: OpenedFile,
): Promise<Pick<Sealing, 'plaintext' | 'isReprinted' | 'changes'>> {
  const old = before === undefined ? undefined : await spelledTree(before)
  const kept = old === undefined ? undefined : await keptLayout(file)
  if (old !== undefined && kept !== undefined) {
    const changes = compareTrees(old, kept.tree)
    const properties =
      file.format.name === 'yaml' ? compareProperties(old as YamlScanned, kept.tree as YamlScanned, changes) : []
    return { plaintext: kept.plaintext, isReprinted: false, changes: [...changes, ...properties] }
  }
  const { text, exact } = await plaintextOf(file)
  const changes =
    before === undefined ? undefined : compareTrees({ documents: treeOf(before) }, { documents: treeOf(file) })
  return { plaintext: text, isReprinted: !exact, changes }
}

async function spelledTree(file: OpenedFile): Promise<Scanned | undefined> {
  const { text, exact } = await plaintextOf(file)
  return exact ? tryScan(file.format, text) : undefined
}

async function keptLayout(file: OpenedFile): Promise<{ plaintext: string; tree: Scanned } | undefined> {
  const { format, scanned, layout } = file
  if (layout === undefined || wholeValue(scanned.documents) !== undefined || breaksComments(file.comments))
    return undefined
  const restored = restore(format, scanned, file, layout.notes)
  const ended = layout.noFinalBreak ? restored.replace(/\r?\n$/, '') : restored
  const plaintext = (layout.bom ? '\ufeff' : '') + ended
  const tree = tryScan(file.format, plaintext)
  if (tree === undefined) return undefined
  const same = (await treeDigest(tree.documents)) === (await treeDigest(treeOf(file)))
  return same ? { plaintext, tree } : undefined
}

function refuseUnreadable(file: OpenedFile): void {
  const { format, scanned, loose, envelope } = file
  refuseCommentSelector(envelope.selector)
  const found = format.ambiguity(scanned)
  if (found !== undefined || loose.length > 0) {
    const place = found === undefined ? {} : placeOf(scanned.text, found.offset)
    throw new KmsfileError(
      `the file can be read in two ways: ${found?.message ?? `the sops block at ${loose.join(', ')}`}`,
      { code: 'INTEGRITY_AMBIGUOUS', hint: 'write it in the usual way', ...place },
    )
  }
  if (encryptionState(treeOf(file)) === 'partly') {
    throw new KmsfileError('values are encrypted that the selector of the file would leave readable', {
      code: 'INTEGRITY_SELECTOR_CHANGED',
      hint: 'put back the selector of the last good version: git log -p -- FILE',
    })
  }
}
