import type { Choice } from '../core/merge.ts'
import type { ThreeWay } from '../core/merge-sequences.ts'
import { KeyUnavailableError } from '../errors.ts'
import { printUnresolved, withoutEnvelope } from './merge-conflict-node.ts'
import { mergeEncrypted } from './merge-encrypted.ts'
import { noteConflicts } from './merge-notes.ts'
import type { MergeResult } from './merge-result.ts'
import { type MergedText, mergeTexts } from './merge-text.ts'
import { type MergeSources, openVersions, repeatsNonce, sameDataKey, type Versions } from './merge-versions.ts'
import { planWriting, type Writing, writeMerged } from './merge-writing.ts'
import { about } from './secrets-file.ts'
import { compareTrees } from './tree-changes.ts'
import type { Workspace } from './workspace.ts'

/** Three versions that were opened and merged, before anything is written. */
export interface PlannedMerge {
  readonly sources: MergeSources
  readonly versions: Versions
  readonly merged: MergedText
  readonly writing: Writing
}

/**
 * Merges three encrypted versions of a file. Values that one side did not change keep their bytes; what verifies on all sides is
 * sealed anew. Where the data key is not at hand, what can be merged without it is, and the file says that it is not finished.
 *
 * @throws KmsfileError where a version does not verify or cannot be read, or the result cannot be written; nothing is then to
 * be put in the place of ours.
 */
export async function mergeVersions(workspace: Workspace, sources: MergeSources): Promise<MergeResult> {
  return about(sources.file.name, async () => {
    let versions: Versions
    try {
      versions = await openVersions(workspace, sources)
    } catch (error) {
      if (!(error instanceof KeyUnavailableError)) throw error
      return mergeEncrypted(sources, error)
    }
    const planned = await planMerge(workspace, sources, versions)
    const { merged, writing } = planned
    if (merged.conflicts.length === 0) {
      return {
        outcome: 'merged',
        text: await writePlanned(workspace, planned, merged.text),
        changes: changesIn(planned),
      }
    }
    const text = await writeConflicts(workspace, planned)
    const { conflicts } = merged
    warnOfRemoval(workspace, sources, writing)
    return { outcome: 'conflicts', text, changes: changesIn(planned), conflicts, unopened: undefined }
  })
}

/** Merges versions that are open. @throws KmsfileError as {@link mergeVersions} */
export async function planMerge(
  workspace: Workspace,
  sources: MergeSources,
  versions: Versions,
): Promise<PlannedMerge> {
  const { file } = sources
  if (repeatsNonce([versions.base.opened, versions.ours.opened, versions.theirs.opened])) {
    workspace.warn('two different values were encrypted with one nonce', {
      file: file.name,
      hint: 'make a new data key, under which that means nothing: kmsfile rotate -i FILE',
    })
  }
  const writing = await planWriting(workspace, sources, versions)
  return { sources, versions, writing, merged: await mergeTexts(file.format, plaintextsOf(versions)) }
}

/** The same merge with what is chosen for each conflict. @throws KmsfileError as {@link mergeVersions} */
export async function chooseIn(planned: PlannedMerge, choices: readonly Choice[]): Promise<PlannedMerge> {
  const { sources, versions } = planned
  return { ...planned, merged: await mergeTexts(sources.file.format, plaintextsOf(versions), { choices }) }
}

function plaintextsOf({ base, ours, theirs }: Versions): ThreeWay<string> {
  return { base: base.plaintext, ours: ours.plaintext, theirs: theirs.plaintext }
}

/** Encrypts a plaintext that came of a merge, and says what is to be done besides. */
export async function writePlanned(workspace: Workspace, planned: PlannedMerge, plaintext: string): Promise<string> {
  const { sources, versions, writing } = planned
  const { text } = await writeMerged(workspace, { file: sources.file, versions, writing, plaintext })
  warnOfRemoval(workspace, sources, writing)
  return text
}

async function writeConflicts(workspace: Workspace, planned: PlannedMerge): Promise<string> {
  const { sources, versions, writing, merged } = planned
  const { format } = sources.file
  const written = await writeMerged(workspace, { file: sources.file, versions, writing, plaintext: merged.text })
  const { base, ours, theirs } = versions
  const known = [
    ours.opened,
    theirs.opened,
    ...(base.opened && sameDataKey(base.opened, ours.opened) ? [base.opened] : []),
  ]
  const conflicts = noteConflicts(format, merged.conflicts, {
    dataKey: writing.dataKey,
    randomBytes: workspace.host.randomBytes,
    versions: writing.isFresh ? [] : known.map(({ file }) => file),
  })
  return printUnresolved(format, withoutEnvelope(format, format.scan(written.text)), {
    envelope: written.envelope,
    note: { conflicts, labels: sources.labels },
  })
}

/** How many changes of theirs the merged text has; 0 where a text has no tree. */
function changesIn({ sources, versions, merged }: PlannedMerge): number {
  if (merged.treeless) return 0
  const { format } = sources.file
  const treeOf = (text: string) => ({ documents: format.scan(text).documents })
  return compareTrees(treeOf(versions.ours.plaintext), treeOf(merged.text)).length
}

function warnOfRemoval(workspace: Workspace, { file }: MergeSources, { removed }: Writing): void {
  if (removed.length === 0) return
  workspace.warn(
    `${removed.length === 1 ? 'a recipient was' : 'recipients were'} removed, and may still know the data key`,
    {
      file: file.name,
      hint: 'make a new one: kmsfile rotate -i FILE',
    },
  )
}
