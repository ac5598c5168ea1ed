import type { Envelope } from '../core/envelope.ts'
import type { ThreeWay } from '../core/merge-sequences.ts'
import { printPath } from '../core/path.ts'
import type { Selector } from '../core/selection.ts'
import type { Path } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import { exposedPlaces } from './merge-exposure.ts'
import { type MergeSources, mergeSetting, type Version, type Versions } from './merge-versions.ts'
import { wholeValue } from './restore.ts'
import { sameSelector } from './update-keys.ts'
import type { Workspace } from './workspace.ts'

/** What says which values of the result are encrypted, and which of them the MAC covers. */
export interface Settings {
  readonly selector: Selector
  readonly macOnlyEncrypted: boolean
}

/** A text that came of a merge; `written` where somebody wrote values of their own into it. */
export interface Candidate {
  readonly text: string
  readonly written?: boolean
}

/**
 * Merges the settings of both sides so that nothing in a text becomes readable that no side has readable: otherwise the selector
 * of a side that hides it. Undefined where none does.
 *
 * @throws KmsfileError `INTEGRITY_SELECTOR_CHANGED` where both sides changed what is encrypted, and no rule decides
 */
export async function mergeSettings(
  { file }: Pick<MergeSources, 'file'>,
  versions: Versions,
  candidate: Candidate,
): Promise<Settings | undefined> {
  const { ours, theirs } = versions
  const macOnlyEncrypted = mergedMacOnly(versions)
  const wanted = wantedSelector(versions)
  const selectors = [wanted, ...[ours, theirs].map(({ opened }) => opened.file.envelope.selector)]
  for (const selector of selectors) {
    const exposed = await exposedBy(selector, { format: file.format, versions, candidate })
    if (exposed.length === 0) return { selector, macOnlyEncrypted }
  }
  return undefined
}

/** Says so where what one side leaves readable stays encrypted. */
export function warnOfSelector(workspace: Workspace, { file }: Pick<MergeSources, 'file'>, merge: Decided): void {
  if (sameSelector(merge.settings.selector, wantedSelector(merge.versions))) return
  workspace.warn('one side leaves values readable that the other encrypts; they stay encrypted', {
    file: file.name,
    hint: 'if the rule says that they may be read: kmsfile updatekeys FILE',
  })
}

interface Decided {
  readonly versions: Versions
  readonly settings: Settings
}

/** Fails for a text in which a secret would be readable, whatever the selector. */
export async function failExposed(
  { file }: Pick<MergeSources, 'file'>,
  versions: Versions,
  candidate: Candidate,
): Promise<never> {
  const selector = wantedSelector(versions)
  const exposed = await exposedBy(selector, { format: file.format, versions, candidate })
  const places = exposed.slice(0, MAX_NAMED).map(printPath).join(', ')
  throw new KmsfileError(`a value that is encrypted would become readable: ${places}`, {
    code: 'INTEGRITY_SELECTOR_CHANGED',
    hint: 'take one side, then make the change of the other: git checkout --ours -- FILE',
  })
}

const MAX_NAMED = 5

interface Exposure {
  readonly format: MergeSources['file']['format']
  readonly versions: Versions
  readonly candidate: Candidate
}

async function exposedBy(selector: Selector, { format, versions, candidate }: Exposure): Promise<readonly Path[]> {
  const { ours, theirs } = versions
  const sides = [ours, theirs].map(({ plaintext, opened: { file } }) => ({
    text: plaintext,
    selector: file.envelope.selector,
    isWhole: wholeValue(file.scanned.documents) !== undefined,
  }))
  const { text, written } = candidate
  return exposedPlaces(format, { text, selector, isWhole: false }, { sides, written })
}

function wantedSelector({ base, ours, theirs }: Versions): Selector {
  const selector = mergeSetting(three({ base, ours, theirs }, (envelope) => envelope.selector))
  // Where both sides changed it, what our configuration says decides.
  const wanted = selector ?? ours.opened.rule?.selector
  if (wanted !== undefined) return wanted
  throw new KmsfileError('both sides changed which values are encrypted, and no rule says which are', {
    code: 'INTEGRITY_SELECTOR_CHANGED',
    hint: 'take one side, then make the change of the other: git checkout --ours -- FILE',
  })
}

/** The MAC covers less only where both sides say so, or our rule. */
function mergedMacOnly({ ours, theirs }: Versions): boolean {
  const [own, other] = [ours, theirs].map(({ opened }) => opened.file.envelope.macOnlyEncrypted)
  return own === other ? own === true : (ours.opened.rule?.macOnlyEncrypted ?? false)
}

function three<T>(versions: ThreeWay<Version>, of: (envelope: Envelope) => T): ThreeWay<T | undefined> {
  const { base, ours, theirs } = versions
  const from = ({ opened }: Version) => opened && of(opened.file.envelope)
  return { base: from(base), ours: from(ours), theirs: from(theirs) }
}
