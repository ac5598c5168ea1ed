import { resolve } from 'node:path'
import { KmsfileError } from '../../errors.ts'
import { detectFormat } from '../../formats/detect.ts'
import type { Format } from '../../formats/format.ts'
import { readText } from '../../host/files.ts'
import { type Inspection, inspectText, mentionsEncryption } from '../../operations/inspect.ts'
import { readConflictNote } from '../../operations/merge-conflict-node.ts'
import { openResolution, type Resolution } from '../../operations/resolve.ts'
import type { Workspace } from '../../operations/workspace.ts'
import type { Repository } from '../../vcs/repository.ts'
import { contentFormat } from '../check/judge-text.ts'
import { withCommittedRules } from './merge-rules.ts'
import { type FoundVersions, stagedVersions, unmergedVersions } from './resolve-versions.ts'

/** A file whose merge can be resolved. */
export interface UnresolvedFile {
  /** As the user named it. */
  readonly name: string
  /** Absolute. */
  readonly path: string
  readonly labels: FoundVersions['labels']
  /** Somebody has changed the file since it was merged: it is neither in conflict nor one of the versions. */
  readonly isEdited: boolean
  readonly resolution: Resolution
  /** @throws KmsfileError `FILE_CHANGED` where the file is no longer what it was when it was found */
  refuseChanged(): Promise<void>
}

/**
 * Finds the versions of a file that is in conflict, whichever way it came to that, verifies them and merges them again.
 * Undefined for a file that is not in conflict.
 *
 * What the file says of its conflict is not believed: anybody can write that.
 *
 * @throws KmsfileError those of `openResolution`; `FILE_NOT_FOUND` where one side removed it; `FILE_IN_CONFLICT` where git does
 * not have the versions any more; `FILE_NOT_ENCRYPTED`
 */
export async function findUnresolved(
  workspace: Workspace,
  repository: Repository,
  name: string,
): Promise<UnresolvedFile | undefined> {
  const path = resolve(workspace.host.cwd, name)
  const tracked = await repository.pathOf(path)
  if (tracked === undefined) throw outside(name)
  const text = await textOfFile(path)
  const unmerged = await unmergedVersions(repository, tracked)
  const found = await inspect(tracked, unmerged?.texts.ours ?? text ?? '', text)
  if (unmerged === undefined && found?.inspection.state !== 'conflict') return undefined
  const versions = unmerged ?? (await stagedVersions(repository, tracked))
  if (versions === undefined) throw lost(name)

  if (![versions.texts.ours, versions.texts.theirs].some((side) => mentionsEncryption(Buffer.from(side)))) {
    throw notEncrypted(name)
  }
  const format = detectFormat(tracked, contentFormat(versions.texts.ours, tracked))
  const labels = { ...versions.labels, ...labelsIn(format, text, found?.inspection) }
  const file = { name, path, format }
  const ruled = withCommittedRules(workspace, repository, versions.commit)
  const resolution = await openResolution(ruled, { file, texts: versions.texts, labels })
  const refuseChanged = async () => {
    if ((await textOfFile(path)) !== text) throw changed(name)
  }
  return { name, path, labels, isEdited: isEdited(text, found?.inspection, versions), resolution, refuseChanged }
}

async function textOfFile(path: string): Promise<string | undefined> {
  try {
    return (await readText(path)).text
  } catch (error) {
    if (error instanceof KmsfileError && (error.code === 'FILE_NOT_FOUND' || error.code === 'FORMAT_ENCODING'))
      return undefined
    throw error
  }
}

async function inspect(
  path: string,
  sample: string,
  text: string | undefined,
): Promise<{ readonly inspection: Inspection } | undefined> {
  if (text === undefined) return undefined
  return { inspection: await inspectText(detectFormat(path, contentFormat(sample, path)), text) }
}

/** What git called the sides, as far as the file still says so; for people, who are told nothing else by it. */
function labelsIn(
  format: Format,
  text: string | undefined,
  inspection: Inspection | undefined,
): Partial<FoundVersions['labels']> {
  if (text === undefined || inspection?.state !== 'conflict') return {}
  try {
    return readConflictNote(format.scan(text)).labels
  } catch (error) {
    // Marks of a merge between the lines.
    if (error instanceof KmsfileError) return {}
    throw error
  }
}

function isEdited(text: string | undefined, inspection: Inspection | undefined, { texts }: FoundVersions): boolean {
  return text !== undefined && inspection?.state !== 'conflict' && text !== texts.ours && text !== texts.theirs
}

function changed(name: string): KmsfileError {
  return new KmsfileError('somebody changed the file meanwhile', {
    code: 'FILE_CHANGED',
    file: name,
    hint: 'look at it, then resolve it again: kmsfile git resolve FILE',
  })
}

function outside(name: string): KmsfileError {
  return new KmsfileError('it lies outside of the repository', { code: 'USAGE', file: name })
}

function lost(name: string): KmsfileError {
  return new KmsfileError('git does not have the versions any more from which it was merged', {
    code: 'FILE_IN_CONFLICT',
    file: name,
    hint: 'take the last good version, and make the change again: git log -p -- FILE',
  })
}

function notEncrypted(name: string): KmsfileError {
  return new KmsfileError('the file is not encrypted', {
    code: 'FILE_NOT_ENCRYPTED',
    file: name,
    hint: 'resolve it as any other text, in an editor or with git mergetool',
  })
}
