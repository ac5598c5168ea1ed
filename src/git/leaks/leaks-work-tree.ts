import { constants, createReadStream } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import type { Repository } from '../../vcs/repository.ts'
import type { ListedEntry } from '../check/check-listing.ts'

/** Larger contents are never held as a whole. */
export const MAX_HELD_BYTES = 64 * 1024 * 1024
const CHUNK_BYTES = 1024 * 1024
/** Files that are read ahead, and what each may have at most: reading a small file is waiting for the most part. */
const READ_AHEAD = 8
const MAX_AHEAD_BYTES = 16 * 1024 * 1024

/** A file of the work tree: its content, or a way to read it where it is too large to be held. */
export type WorkFile = Uint8Array | AsyncIterable<Uint8Array>

/** Files that git does not track and does not ignore. @throws KmsfileError `GIT_FAILED` */
export async function untrackedFiles(repository: Repository): Promise<readonly Pick<ListedEntry, 'path' | 'key'>[]> {
  // --exclude-standard: without what git ignores. A repository within this one ends in a slash.
  const { stdout } = await repository.git(['ls-files', '--others', '--exclude-standard', '-z'])
  const keys = Buffer.from(stdout).toString('latin1').split('\0').slice(0, -1)
  return keys
    .filter((key) => !key.endsWith('/'))
    .map((key) => ({ key, path: Buffer.from(key, 'latin1').toString('utf8') }))
}

/** Reads files of the work tree, a few ahead of who asks for them; those that cannot be read are left out. */
export async function* readWorkFiles<T extends Pick<ListedEntry, 'key'>>(
  repository: Pick<Repository, 'topLevel'>,
  files: readonly T[],
): AsyncGenerator<readonly [file: T, content: WorkFile]> {
  for (let at = 0; at < files.length; at += READ_AHEAD) {
    const some = files.slice(at, at + READ_AHEAD)
    const contents = await Promise.all(some.map(({ key }) => readWorkFile(repository, key)))
    for (const [i, file] of some.entries()) {
      const content = contents[i]
      if (content !== undefined) yield [file, content]
    }
  }
}

/** Reads a file of the work tree; undefined where there is none that can be read. Links are not followed. */
async function readWorkFile({ topLevel }: Pick<Repository, 'topLevel'>, key: string): Promise<WorkFile | undefined> {
  // Names need not be UTF-8.
  const path = Buffer.concat([Buffer.from(`${topLevel}/`), Buffer.from(key, 'latin1')])
  let handle: FileHandle | undefined
  try {
    const { size } = await regular(path)
    if (size > MAX_AHEAD_BYTES) return streamed(path)
    // What has become a pipe since then must not be waited for.
    handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
    return await handle.readFile()
  } catch (error) {
    // Deleted, or not for us to read: git does not have it either.
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  } finally {
    await handle?.close()
  }
}

/** Opened only by who reads it. What goes wrong is an end. */
async function* streamed(path: Buffer): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Uint8Array>
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
  }
}

async function regular(path: Buffer) {
  const found = await lstat(path)
  if (found.isFile()) return found
  throw Object.assign(new Error('not a file'), { code: 'ENOENT' })
}
