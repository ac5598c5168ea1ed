import { lstat } from 'node:fs/promises'
import { KmsfileError } from '../../errors.ts'
import { readFile } from '../../host/files.ts'
import { mentionsEncryption } from '../../operations/inspect.ts'
import { openToRead, plaintextOfSource } from '../../operations/secrets-file.ts'
import { mapConcurrently, type Workspace } from '../../operations/workspace.ts'
import type { Repository } from '../../vcs/repository.ts'
import type { FileChange } from '../check/file-changes.ts'
import { placeOf } from './transparent-paths.ts'
import { AMBIGUOUS, asKmsfileError, isAmbiguous, storedSource } from './transparent-text.ts'
import { MAX_TRANSPARENT_BYTES } from './transparent-versions.ts'

/** What is to become of files of one work tree. */
export interface Rewriting {
  readonly repository: Repository
  readonly changes: readonly FileChange[]
  /** Files that stay as they are, and why; absolute paths. */
  readonly left: readonly { readonly path: string; readonly reason: string }[]
}

/** Files that are to be ciphertext again. */
export interface Concealing extends Rewriting {
  /** Those that git does not have, and that stay plaintext; absolute paths. */
  readonly untracked: readonly string[]
}

/** A file of a work tree, and the version of it in the index. */
interface Pair {
  readonly path: string
  readonly place: string
  readonly here: Uint8Array
  readonly stored: Uint8Array
}

/**
 * Works out how files become plaintext in a work tree. Those that differ from the index stay, and those that cannot be opened.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export function planReveal(workspace: Workspace, repository: Repository, paths: readonly string[]): Promise<Rewriting> {
  return planEach(repository, paths, async (pair) => {
    const { here, stored } = pair
    if (!mentionsEncryption(here)) return undefined
    if (!same(here, stored)) return 'it was changed since it was staged'
    const plaintext = await openStored(workspace, repository, pair).catch(asKmsfileError)
    if (plaintext instanceof KmsfileError) return plaintext.message
    return isAmbiguous(plaintext) ? AMBIGUOUS : plaintext
  })
}

/**
 * Works out how files become again in a work tree what they are in the index. Those whose plaintext is not that of the index stay:
 * what was edited is nowhere else.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export function planConceal(
  workspace: Workspace,
  repository: Repository,
  paths: readonly string[],
): Promise<Rewriting> {
  return planEach(repository, paths, async (pair) => {
    const { here, stored } = pair
    if (same(here, stored) || mentionsEncryption(here)) return undefined
    if (!mentionsEncryption(stored)) return 'changed since it was staged, where it is not encrypted'
    const plaintext = await openStored(workspace, repository, pair).catch(asKmsfileError)
    if (plaintext instanceof KmsfileError) return `whether it was edited cannot be seen: ${plaintext.message}`
    return same(here, plaintext) ? stored : 'edited'
  })
}

/** What takes the place of a file; or why it stays, where that is to be said. */
type Decision = Uint8Array | string | undefined

async function planEach(
  repository: Repository,
  paths: readonly string[],
  decide: (pair: Pair) => Promise<Decision>,
): Promise<Rewriting> {
  const pairs = await pairsOf(repository, paths)
  const decisions = await mapConcurrently(pairs, decide)
  const changes: FileChange[] = []
  const left: { path: string; reason: string }[] = []
  for (const [i, { place, here }] of pairs.entries()) {
    const decision = decisions[i]
    if (typeof decision === 'string') left.push({ path: place, reason: decision })
    else if (decision !== undefined) {
      changes.push({ kind: 'write', path: place, before: binaryOf(here), after: binaryOf(decision) })
    }
  }
  return { repository, changes, left }
}

/** The files that are there, and that the index has. */
async function pairsOf(repository: Repository, paths: readonly string[]): Promise<readonly Pair[]> {
  // The protocol of cat-file has one name a line.
  const askable = paths.filter((path) => !path.includes('\n'))
  const stored = new Map<string, Uint8Array>()
  let at = 0
  const names = askable.map((path) => `:0:${path}`)
  if (names.length > 0) {
    for await (const object of repository.catFiles(names, { maxBytes: MAX_TRANSPARENT_BYTES })) {
      const path = askable[at++] as string
      if (object?.type === 'blob' && object.content !== undefined) stored.set(path, object.content)
    }
  }
  const pairs = await mapConcurrently([...stored], async ([path, content]) => {
    const place = placeOf(repository, path)
    const kind = await lstat(place).catch(() => undefined)
    if (kind?.isFile() !== true) return undefined
    return { path, place, here: await readFile(place, { maxBytes: MAX_TRANSPARENT_BYTES }), stored: content }
  })
  return pairs.filter((pair) => pair !== undefined)
}

async function openStored(workspace: Workspace, repository: Repository, { path, stored }: Pair): Promise<Uint8Array> {
  const opened = await openToRead(workspace, storedSource(repository, path, stored))
  return Buffer.from(await plaintextOfSource(workspace, opened))
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

function binaryOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}
