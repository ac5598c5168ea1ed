import { resolve } from 'node:path'
import type { ThreeWay } from '../../core/merge-sequences.ts'
import { printPath } from '../../core/path.ts'
import { KmsfileError } from '../../errors.ts'
import { detectFormat } from '../../formats/detect.ts'
import { readFile, replaceFile } from '../../host/files.ts'
import { shellWord } from '../../host/shell-words.ts'
import { decodeText } from '../../host/utf8.ts'
import { type Inspection, inspectText, mentionsEncryption } from '../../operations/inspect.ts'
import { mergeVersions } from '../../operations/merge.ts'
import type { MergeResult } from '../../operations/merge-result.ts'
import type { MergeSources } from '../../operations/merge-versions.ts'
import type { Workspace } from '../../operations/workspace.ts'
import type { Repository } from '../../vcs/repository.ts'
import { contentFormat } from '../check/judge-text.ts'
import { counted } from '../check/report-words.ts'
import { withCommittedRules } from './merge-rules.ts'

/** What git tells a merge driver. */
export interface DriverCall {
  /** Files with the three versions, from the top of the work tree. Ours is to be replaced by the result. */
  readonly files: { readonly base: string; readonly ours: string; readonly theirs: string }
  readonly markerSize: string
  /** The path that is merged, from the top of the work tree. */
  readonly path: string
  /** What git calls the versions; missing before git 2.44. */
  readonly labels: {
    readonly base?: string | undefined
    readonly ours?: string | undefined
    readonly theirs?: string | undefined
  }
}

/** How a call ended. Wherever it is not `merged`, git is to say that there is a conflict. */
export type DriverOutcome =
  | { readonly kind: 'merged' }
  /** Nothing in the three files is encrypted; git merged the lines, and found so many conflicts. */
  | { readonly kind: 'lines'; readonly conflicts: number }
  /** Ours was replaced by a file that says that it is not resolved. */
  | { readonly kind: 'unresolved'; readonly result: Exclude<MergeResult, { outcome: 'merged' }> }

/**
 * Merges three versions of a file for git, ciphertext only. The file with our version is replaced at the very end, and at once,
 * or not at all.
 *
 * @throws KmsfileError where the versions cannot be merged; our version is then as it was
 */
export async function mergeForGit(workspace: Workspace, call: DriverCall): Promise<DriverOutcome> {
  const { host } = workspace
  const [base, ours, theirs] = (await Promise.all(
    [call.files.base, call.files.ours, call.files.theirs].map((file) => readFile(resolve(host.cwd, file))),
  )) as [Uint8Array, Uint8Array, Uint8Array]
  const repository = await workspace.repository(host.cwd)
  const sources = [base, ours, theirs].some(mentionsEncryption)
    ? await sourcesOf(call, { base, ours, theirs }, host.cwd)
    : undefined
  if (sources === undefined) return mergeLines(repository, call)
  const result = await mergeVersions(repository ? withCommittedRules(workspace, repository) : workspace, sources)
  await replaceFile(resolve(host.cwd, call.files.ours), result.text)
  return result.outcome === 'merged' ? { kind: 'merged' } : { kind: 'unresolved', result }
}

/** Undefined where the versions merely speak of encrypted values. */
async function sourcesOf(
  call: DriverCall,
  content: ThreeWay<Uint8Array>,
  top: string,
): Promise<MergeSources | undefined> {
  const { path } = call
  const decode = (bytes: Uint8Array) => decodeText(bytes, path)
  const texts = { base: decode(content.base), ours: decode(content.ours), theirs: decode(content.theirs) }
  const format = detectFormat(path, contentFormat(texts.ours, path))
  const [base, ours, theirs] = await Promise.all(
    [texts.base, texts.ours, texts.theirs].map((text) => inspectText(format, text)),
  )
  const isPlain = (found: Inspection | undefined) => found?.state === 'plaintext' || found?.state === 'empty'
  if ([base, ours, theirs].every(isPlain)) return undefined
  if (isPlain(ours) || isPlain(theirs)) throw notEncrypted(path, isPlain(ours) ? 'ours' : 'theirs')
  const unresolved = [ours, theirs, base].find((found) => found?.state === 'conflict')
  if (unresolved?.problem !== undefined) throw unresolved.problem.in(path)
  return { file: { name: path, path: resolve(top, path), format }, texts, labels: labelsOf(call) }
}

function notEncrypted(path: string, side: 'ours' | 'theirs'): KmsfileError {
  return new KmsfileError(`one version is not encrypted (${side})`, {
    code: 'FILE_NOT_ENCRYPTED',
    file: path,
    hint: 'encrypt it on its branch, or take the other version: git checkout --ours -- FILE, or --theirs',
  })
}

const MAX_LABEL_CHARS = 100

/** Git before 2.44 does not put anything in the place of these letters. Names may hold anything. */
function labelsOf({ labels }: DriverCall): MergeSources['labels'] {
  const label = (text: string | undefined, otherwise: string) => {
    const shown = (text ?? '')
      .replace(/[\p{C}\p{Z}]+/gu, ' ')
      .trim()
      .slice(0, MAX_LABEL_CHARS)
    return shown === '' || /^%[A-Z]$/.test(shown) ? otherwise : shown
  }
  return {
    base: label(labels.base, 'base'),
    ours: label(labels.ours, 'ours'),
    theirs: label(labels.theirs, 'theirs'),
  }
}

/** What git does with a text that has no driver. */
async function mergeLines(repository: Repository | undefined, call: DriverCall): Promise<DriverOutcome> {
  if (repository === undefined) throw new KmsfileError('not in a git repository', { code: 'GIT_NOT_A_REPOSITORY' })
  const { files, markerSize } = call
  const labels = labelsOf(call)
  const args = [
    'merge-file',
    // In the order of the files that follow.
    ...['-L', labels.ours, '-L', labels.base, '-L', labels.theirs],
    ...(/^\d{1,3}$/.test(markerSize) ? [`--marker-size=${markerSize}`] : []),
    ...['--', files.ours, files.base, files.theirs],
  ]
  // The exit code is the number of conflicts, up to 127; 255 for what is no text.
  const exitCodes = Array.from({ length: 128 }, (_, i) => i)
  const { exitCode } = await repository.git(args, { exitCodes })
  return { kind: 'lines', conflicts: exitCode }
}

/** What a call came to, for people; undefined where there is nothing to say. */
export function driverMessage({ path }: Pick<DriverCall, 'path'>, outcome: DriverOutcome): string | undefined {
  if (outcome.kind !== 'unresolved') return undefined
  const { result } = outcome
  const next = `kmsfile git resolve ${shellWord(path)}`
  if (result.outcome === 'pending') {
    return `${path}: merged without a key, and not verified (${result.unopened.message}); finish it with one: ${next}`
  }
  const { conflicts, changes, unopened } = result
  const places = conflicts.slice(0, MAX_NAMED).map((conflict) => printPath(conflict.path))
  const more = conflicts.length > MAX_NAMED ? ` and ${conflicts.length - MAX_NAMED} more` : ''
  const found = `${counted(conflicts.length, 'conflict')} (${places.join(', ')}${more})`
  if (unopened !== undefined) return `${path}: ${found}, seen without a key (${unopened.message}): ${next}`
  return `${path}: merged ${counted(changes, 'change')}, ${found}: ${next}`
}

const MAX_NAMED = 5
