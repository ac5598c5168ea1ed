import { lstat } from 'node:fs/promises'
import { KmsfileError } from '../../errors.ts'
import { detectFormat } from '../../formats/detect.ts'
import { readFile } from '../../host/files.ts'
import { decodeText } from '../../host/utf8.ts'
import { mentionsEncryption } from '../../operations/inspect.ts'
import { openToRead, plaintextOfSource } from '../../operations/secrets-file.ts'
import { mapConcurrently, type Workspace } from '../../operations/workspace.ts'
import type { Repository } from '../../vcs/repository.ts'
import { type FileChange, rewritten } from '../check/file-changes.ts'
import { contentFormat } from '../check/judge-text.ts'
import { placeOf } from './transparent-paths.ts'
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
export async function planReveal(
  workspace: Workspace,
  repository: Repository,
  paths: readonly string[],
): Promise<Rewriting> {
  const changes: FileChange[] = []
  const left: { path: string; reason: string }[] = []
  const pairs = await pairsOf(repository, paths)
  const opened = await mapConcurrently(pairs, async (pair) => {
    const { place, here, stored } = pair
    if (!mentionsEncryption(here)) return undefined
    if (!same(here, stored)) return { reason: 'it was changed since it was staged', place }
    const plaintext = await openStored(workspace, pair).catch(asKmsfileError)
    if (plaintext instanceof KmsfileError) return { reason: plaintext.message, place }
    if (plaintext.length === 0 || mentionsEncryption(plaintext)) {
      return { reason: 'its plaintext is empty, or could be taken for a ciphertext', place }
    }
    return { change: rewritten(place, binaryOf(here), binaryOf(plaintext)) }
  })
  for (const each of opened) {
    if (each?.change !== undefined) changes.push(each.change)
    else if (each?.reason !== undefined) left.push({ path: each.place, reason: each.reason })
  }
  return { repository, changes, left }
}

/**
 * Works out how files become again in a work tree what they are in the index. Those whose plaintext is not that of the index stay:
 * what was edited is nowhere else.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function planConceal(
  workspace: Workspace,
  repository: Repository,
  paths: readonly string[],
): Promise<Rewriting> {
  const changes: FileChange[] = []
  const left: { path: string; reason: string }[] = []
  const pairs = await pairsOf(repository, paths)
  const reasons = await mapConcurrently(pairs, async (pair) => {
    const { here, stored } = pair
    if (same(here, stored) || mentionsEncryption(here)) return 'same'
    if (!mentionsEncryption(stored)) return 'changed since it was staged, where it is not encrypted'
    const plaintext = await openStored(workspace, pair).catch(asKmsfileError)
    if (plaintext instanceof KmsfileError) return `whether it was edited cannot be seen: ${plaintext.message}`
    return same(here, plaintext) ? undefined : 'edited'
  })
  for (const [i, { place, here, stored }] of pairs.entries()) {
    const reason = reasons[i]
    if (reason === 'same') continue
    if (reason !== undefined) left.push({ path: place, reason })
    else changes.push({ kind: 'write', path: place, before: binaryOf(here), after: binaryOf(stored) })
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

async function openStored(workspace: Workspace, { path, place, stored }: Pair): Promise<Uint8Array> {
  const text = decodeText(stored)
  const format = detectFormat(path, contentFormat(text, path))
  const opened = await openToRead(workspace, { name: place, path: place, format, text })
  return Buffer.from(await plaintextOfSource(workspace, opened))
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

function binaryOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

function asKmsfileError(error: unknown): KmsfileError {
  if (error instanceof KmsfileError && error.code !== 'INTERRUPTED') return error
  throw error
}
