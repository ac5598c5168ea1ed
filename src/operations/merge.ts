import { masterKeyIdentity, masterKeyName } from '../core/master-key.ts'
import type { Choice } from '../core/merge.ts'
import type { ThreeWay } from '../core/merge-sequences.ts'
import { KeyUnavailableError } from '../errors.ts'
import { printUnresolved, withoutEnvelope } from './merge-conflict-node.ts'
import { mergeEncrypted } from './merge-encrypted.ts'
import { noteConflicts } from './merge-notes.ts'
import type { MergeResult } from './merge-result.ts'
import { failExposed, mergeSettings, warnOfSelector } from './merge-settings.ts'
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
  /** See `mergeTexts`. */
  readonly bold: boolean
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
    warnOfRecipients(workspace, { file: sources.file, versions }, writing)
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
  if (goesBack(versions)) {
    workspace.warn('their version is older than the one that it follows: its values go back', {
      file: file.name,
      hint: 'that is so where somebody takes a change back; otherwise look at: git log -p -- FILE',
    })
  }
  const texts = plaintextsOf(versions)
  for (const bold of [true, false]) {
    const merged = await mergeTexts(file.format, texts, { bold })
    const settings = await mergeSettings(sources, versions, merged)
    if (settings === undefined) {
      // A key that one side renamed may be one that nobody encrypts: then that is for somebody to decide.
      if (bold) continue
      return failExposed(sources, versions, merged)
    }
    warnOfSelector(workspace, sources, { versions, settings })
    return { sources, versions, merged, bold, writing: await planWriting(workspace, { sources, versions, settings }) }
  }
  throw new TypeError('a merge that is not bold either fails or is made')
}

/** The same merge with what is chosen for each conflict. @throws KmsfileError as {@link mergeVersions} */
export async function chooseIn(planned: PlannedMerge, choices: readonly Choice[]): Promise<PlannedMerge> {
  const { sources, versions, bold, writing } = planned
  const merged = await mergeTexts(sources.file.format, plaintextsOf(versions), { choices, bold })
  const candidate = { text: merged.text, written: choices.some((choice) => typeof choice === 'object') }
  const settings = await mergeSettings(sources, versions, candidate)
  if (settings === undefined) return failExposed(sources, versions, candidate)
  return { ...planned, merged, writing: { ...writing, ...settings } }
}

/** Whoever cannot write the file can still put a whole version back that somebody else wrote. */
function goesBack({ base, theirs }: Versions): boolean {
  if (base.opened === undefined || !sameDataKey(base.opened, theirs.opened)) return false
  const [before, after] = [base.opened, theirs.opened].map(({ file }) => Date.parse(file.envelope.lastModified))
  return after !== undefined && before !== undefined && after < before
}

function plaintextsOf({ base, ours, theirs }: Versions): ThreeWay<string> {
  return { base: base.plaintext, ours: ours.plaintext, theirs: theirs.plaintext }
}

/** Encrypts a plaintext that came of a merge, and says what is to be done besides. */
export async function writePlanned(workspace: Workspace, planned: PlannedMerge, plaintext: string): Promise<string> {
  const { sources, versions, writing } = planned
  const { text } = await writeMerged(workspace, { file: sources.file, versions, writing, plaintext })
  warnOfRecipients(workspace, { file: sources.file, versions }, writing)
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

function warnOfRecipients(workspace: Workspace, { file, versions }: Named, { removed, added }: Writing): void {
  if (removed.length > 0) {
    workspace.warn(
      `${removed.length === 1 ? 'a recipient was' : 'recipients were'} removed, and may still know the data key`,
      {
        file: file.name,
        hint: 'make a new one: kmsfile rotate -i FILE',
      },
    )
  }
  const ruled = new Set(versions.ours.opened.rule?.groups.flat().map(masterKeyIdentity))
  const unruled = added.filter((key) => !ruled.has(masterKeyIdentity(key)))
  if (unruled.length === 0) return
  workspace.warn(
    `their side lets ${unruled.map(masterKeyName).join(', ')} open the file, whom our rule does not name`,
    {
      file: file.name,
      hint: 'if that is not right, take them out: kmsfile rotate -i FILE',
    },
  )
}

interface Named {
  readonly file: MergeSources['file']
  readonly versions: Versions
}
