import type { Workspace } from '../../operations/workspace.ts'
import type { ObjectReader, Repository } from '../../vcs/repository.ts'
import { isNothing } from '../check/check-listing.ts'
import { textOf } from '../check/judge-text.ts'
import { type Revealed, revealer } from './revealed.ts'
import type { PatchSection } from './show-patch.ts'
import { isTooLong } from './show-text.ts'
import type { WorkTreeContent, WorkTreeFiles } from './show-work-tree.ts'

/** Larger files are left as git shows them. */
export const MAX_SHOWN_BYTES = 64 * 1024 * 1024
/** The new version of one commit is the old one of the next. */
const REMEMBERED = 64

export interface VersionOptions {
  /** Shows no values, although their key is at hand. */
  readonly hide: boolean
  /** Where some versions may be; undefined where git looks at commits alone. */
  readonly workTree: WorkTreeFiles | undefined
}

/** The versions of a section, as people are shown them. */
interface SectionVersions {
  readonly old: readonly Revealed[]
  readonly new: Revealed
}

/** Opens the versions that git compared. Must be closed. */
export interface Versions {
  /** Reads what some sections need at once: waiting for each takes longer than opening it. */
  fetch(sections: readonly PatchSection[]): Promise<void>
  /** Undefined where one of them is not at hand. */
  of(section: PatchSection): Promise<SectionVersions | undefined>
  /** Lets go of all but what was used last. */
  trim(): void
  close(): void
}

export function versionsOf(
  workspace: Workspace,
  repository: Pick<Repository, 'objectReader'>,
  { hide, workTree }: VersionOptions,
): Versions {
  const reveal = revealer(workspace, { hide })
  const fetched = new Map<string, Uint8Array | undefined>()
  const known = new Map<string, Promise<Revealed>>()
  let objects: ObjectReader | undefined

  const inWorkTree = async (section: PatchSection, id: string): Promise<Revealed | undefined> => {
    const found = await workTree?.read(section, id)
    if (found === undefined || isTooLong(found.bytes)) return undefined
    const revealed = await reveal.reveal(found.bytes, section.name)
    return found.transparent && revealed.problem === 'NOT ENCRYPTED' ? asValues(found) : revealed
  }
  const versionOf = async (section: PatchSection, id: string, isNew: boolean): Promise<Revealed | undefined> => {
    // A merge that is not committed yet has no id.
    const isGone = isNothing(id) && (section.kind === 'pair' || !isNew || section.isGone)
    if (isGone) return reveal.reveal(new Uint8Array(0), section.name)
    const found = known.get(id)
    if (found !== undefined) return found
    const content = isNothing(id) ? undefined : fetched.get(id)
    if (content === undefined) return inWorkTree(section, id)
    const reading = reveal.reveal(content, section.name)
    known.set(id, reading)
    return reading
  }
  return {
    async fetch(sections) {
      fetched.clear()
      const ids = new Set(sections.flatMap((section) => [...section.old, section.new]).filter((id) => !isNothing(id)))
      const missing = [...ids].filter((id) => !known.has(id))
      if (missing.length > 0) {
        objects ??= await repository.objectReader()
        let at = 0
        for await (const object of objects.read(missing, { maxBytes: MAX_SHOWN_BYTES })) {
          const content = object?.type === 'blob' ? object.content : undefined
          fetched.set(missing[at++] as string, content !== undefined && isTooLong(content) ? undefined : content)
        }
      }
      const isLoose = (id: string) => !known.has(id) && fetched.get(id) === undefined
      await workTree?.prepare(sections.filter((section) => [...section.old, section.new].some(isLoose)))
    },
    async of(section) {
      const old: Revealed[] = []
      for (const id of section.old) {
        const version = await versionOf(section, id, false)
        if (version === undefined) return undefined
        old.push(version)
      }
      const now = await versionOf(section, section.new, true)
      return now && { old, new: now }
    },
    trim() {
      for (const id of [...known.keys()].slice(0, -REMEMBERED)) known.delete(id)
    },
    close: () => objects?.close(),
  }
}

/** Plaintext that lies in the work tree on purpose. */
function asValues({ bytes }: WorkTreeContent): Revealed {
  const body = textOf(bytes) ?? bytes
  return { kind: 'values', text: body, body, header: undefined, documents: undefined }
}
