import type { Choice, MergeConflict } from '../core/merge.ts'
import { printPath } from '../core/path.ts'
import type { Leaf, Node } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import { chooseIn, type PlannedMerge, planMerge, writePlanned } from './merge.ts'
import { type MergeSources, openVersions } from './merge-versions.ts'
import { about } from './secrets-file.ts'
import type { Workspace } from './workspace.ts'

/** What somebody decided about one conflict: a side, or another text in the place of both. */
export type Decision = 'ours' | 'theirs' | { readonly text: string }

/** One thing to be decided. */
export interface OpenQuestion {
  /** As `printPath` prints it. */
  readonly path: string
  readonly document: number
  /** What happened to it, in a few words. */
  readonly what: string
  /** A version as people read it, plaintext; undefined where it is not there. */
  show(side: 'base' | 'ours' | 'theirs'): string | undefined
  /** Whether a text can stand in its place. @throws KmsfileError those of the format */
  check(text: string): void
}

/** A merge whose versions were verified, with what is left to decide. */
export interface Resolution {
  readonly questions: readonly OpenQuestion[]
  /**
   * Merges the versions again with what was decided, in the order of the questions, and encrypts the result.
   *
   * @throws KmsfileError those of the format for a text that it cannot read, and of `mergeVersions`
   */
  finish(decisions: readonly Decision[]): Promise<string>
}

/**
 * Opens and verifies the three versions of a file, whatever the file in conflict says of them, and finds what both sides changed.
 *
 * @throws KmsfileError as `mergeVersions`, and `KEY_UNAVAILABLE`
 */
export async function openResolution(workspace: Workspace, sources: MergeSources): Promise<Resolution> {
  return about(sources.file.name, async () => {
    const versions = await openVersions(workspace, sources)
    const planned = await planMerge(workspace, sources, versions)
    const { conflicts } = planned.merged
    return {
      questions: conflicts.map((conflict) => questionOf(planned, conflict)),
      finish: (decisions) =>
        about(sources.file.name, async () => {
          const choices = decisions.map((decision, i) => choiceOf(planned, conflicts[i], decision))
          const decided = conflicts.length === 0 ? planned : await chooseIn(planned, choices)
          return writePlanned(workspace, decided, decided.merged.text)
        }),
    }
  })
}

function questionOf(planned: PlannedMerge, conflict: MergeConflict): OpenQuestion {
  const { document, path } = conflict
  return {
    path: printPath(path),
    document,
    what: whatHappened(conflict),
    show(side) {
      const node = conflict[side]
      if (node === undefined) return undefined
      if (isText(node)) return node.text
      return planned.sources.file.format.emit([{ root: node, comments: [], start: 0, end: 0 }])
    },
    check: (text) => void choiceOf(planned, conflict, { text }),
  }
}

function whatHappened({ base, ours, theirs }: MergeConflict): string {
  if (ours === undefined) return 'removed by ours, changed by theirs'
  if (theirs === undefined) return 'changed by ours, removed by theirs'
  return base === undefined ? 'added by ours and theirs, not alike' : 'base, ours and theirs differ'
}

function choiceOf({ sources, merged }: PlannedMerge, conflict: MergeConflict | undefined, decision: Decision): Choice {
  if (typeof decision === 'string' || conflict === undefined) return typeof decision === 'string' ? decision : 'ours'
  const { text } = decision
  const versions = [conflict.ours, conflict.theirs].filter((node) => node !== undefined)
  if (merged.treeless || versions.every(isText)) return { node: textLeaf(merged.treeless ? text : withoutEnd(text)) }
  const [document] = sources.file.format.scan(text).documents
  if (document?.root === undefined) throw noValue()
  return { node: document.root }
}

function isText(node: Node): node is Leaf {
  return node.kind === 'leaf' && node.type === 'str'
}

function textLeaf(text: string): Leaf {
  return { kind: 'leaf', type: 'str', text, start: 0, end: text.length }
}

/** Editors end a text with a line break. */
function withoutEnd(text: string): string {
  return text.replace(/\r?\n$/, '')
}

function noValue(): KmsfileError {
  return new KmsfileError('there is no value in the text', { code: 'FORMAT_VALUE' })
}
