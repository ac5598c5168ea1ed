import {
  access,
  constants,
  type FileHandle,
  link,
  open,
  readlink,
  realpath,
  rename,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { KmsfileError } from '../errors.ts'
import type { Host } from './host.ts'
import { untilAborted } from './interrupt.ts'
import { readFailure, systemCode, writeFailure } from './system-error.ts'
import { writeTemporary } from './temporary.ts'
import { inChunks } from './text-chunks.ts'
import { decodeText } from './utf8.ts'

/** What a file may have at most where the caller says nothing else: 64 MiB. */
const MAX_FILE_BYTES = 64 * 1024 * 1024

export interface ReadOptions {
  /** Default: {@link MAX_FILE_BYTES}. */
  readonly maxBytes?: number | undefined
}

export interface WriteOptions {
  /** Permission bits. Default: those of the file that is replaced; 0600 for a new one. */
  readonly mode?: number | undefined
}

/**
 * Reads a file, a pipe or a device to its end.
 *
 * @throws KmsfileError `FILE_NOT_FOUND`; `FILE_UNREADABLE` for a folder or without permission; `FILE_TOO_LARGE`
 */
export async function readFile(path: string, { maxBytes = MAX_FILE_BYTES }: ReadOptions = {}): Promise<Uint8Array> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const { size } = await handle.stat()
    if (size > maxBytes) throw tooLarge(maxBytes)
    // One byte more than there should be: only a read of nothing says that a file has ended.
    let bytes = new Uint8Array(size + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null)
      if (bytesRead === 0) return bytes.subarray(0, length)
      length += bytesRead
      if (length > maxBytes) throw tooLarge(maxBytes)
      if (length === bytes.length) bytes = grown(bytes)
    }
  } catch (error) {
    throw readFailure(error, path)
  } finally {
    await handle?.close()
  }
}

/**
 * Reads a text file. A byte order mark stays part of the text.
 *
 * @throws KmsfileError as {@link readFile} does, and `FORMAT_ENCODING` for what is not UTF-8
 */
export async function readText(
  path: string,
  options: ReadOptions = {},
): Promise<{ readonly text: string; readonly bytes: Uint8Array }> {
  const bytes = await readFile(path, options)
  return { text: decodeText(bytes, path), bytes }
}

/**
 * Reads stdin to its end; errors name it `-`.
 *
 * @throws KmsfileError `FILE_UNREADABLE`, `FILE_TOO_LARGE`, `INTERRUPTED`
 */
export async function readStdin(
  { stdin, signal }: Pick<Host, 'stdin' | 'signal'>,
  { maxBytes = MAX_FILE_BYTES }: ReadOptions = {},
): Promise<Uint8Array> {
  const readAll = async () => {
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of stdin as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > maxBytes) throw tooLarge(maxBytes)
      chunks.push(chunk)
    }
    return new Uint8Array(Buffer.concat(chunks))
  }
  try {
    return await untilAborted(signal, readAll)
  } catch (error) {
    throw readFailure(error, '-')
  }
}

/**
 * Replaces the whole content of a file, or makes it. Whatever happens on the way, the old content or the new one is there,
 * whole; when this returns, the new one is on the disk. Symbolic links are followed and stay. Mode and, where the system lets
 * us, owner and group are kept; access control lists are not. What is no file but a pipe or a device is written to.
 *
 * Returns how many other names (hard links) still have the old content.
 *
 * @throws KmsfileError `FILE_UNWRITABLE`; the old file is as it was then, and no temporary is left.
 */
export async function replaceFile(
  path: string,
  content: Uint8Array | string,
  { mode }: WriteOptions = {},
): Promise<{ readonly hardLinks: number }> {
  try {
    const old = await stat(path).catch(unlessMissing)
    if (old?.isDirectory()) throw new KmsfileError('is a folder, not a file', { code: 'FILE_UNWRITABLE' })
    if (isStream(path) || (old !== undefined && !old.isFile())) {
      await append(path, content)
      return { hardLinks: 0 }
    }
    const target = await realTarget(path)
    // A rename asks nobody whether the file itself may be written.
    if (old !== undefined) await access(target, constants.W_OK)
    const temporary = await writeTemporary(target, content, { mode: mode ?? old?.mode, owner: old })
    try {
      await rename(temporary, target)
    } catch (error) {
      await unlink(temporary).catch(() => {})
      throw error
    }
    await syncFolder(dirname(target))
    return { hardLinks: old === undefined ? 0 : old.nlink - 1 }
  } catch (error) {
    throw writeFailure(error, path)
  }
}

/**
 * Makes a new file, whole or not at all.
 *
 * @throws KmsfileError `FILE_EXISTS` where something has that name already, be it a broken link; `FILE_UNWRITABLE`
 */
export async function createFile(
  path: string,
  content: Uint8Array | string,
  { mode }: WriteOptions = {},
): Promise<void> {
  try {
    const temporary = await writeTemporary(path, content, { mode })
    try {
      await linkOrCopy(temporary, path, { content, mode })
    } finally {
      await unlink(temporary)
    }
    await syncFolder(dirname(path))
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw writeFailure(error, path)
    throw new KmsfileError('the file exists already', { code: 'FILE_EXISTS', file: path, cause: error })
  }
}

/** The absolute path that a write to `path` ends up at: every link followed, also one whose file is yet to be made. */
export async function realTarget(path: string): Promise<string> {
  const found = await realpath(path).catch(unlessMissing)
  if (found !== undefined) return found
  const folder = await realpath(dirname(path))
  const linked = await readlink(path).catch(() => undefined)
  return linked === undefined ? join(folder, basename(path)) : realTarget(resolve(folder, linked))
}

/** Unlike a rename, a link never replaces. File systems without hard links get the file in the ordinary way. */
async function linkOrCopy(
  temporary: string,
  path: string,
  { content, mode = 0o600 }: WriteOptions & { readonly content: Uint8Array | string },
): Promise<void> {
  const linked = await link(temporary, path).then(
    () => true,
    (error) => {
      if (systemCode(error) === 'EEXIST') throw error
      return false
    },
  )
  if (linked) return
  const handle = await open(path, 'wx', 0o600)
  try {
    await writeFile(handle, inChunks(content))
    await handle.chmod(mode)
    await handle.sync()
  } catch (error) {
    await unlink(path).catch(() => {})
    throw error
  } finally {
    await handle.close()
  }
}

/** The shell's own streams: what they lead to may be a file, but one that somebody else has open. */
function isStream(path: string): boolean {
  return /^\/dev\/(stdout|stderr|fd\/\d+)$/.test(path)
}

async function append(path: string, content: Uint8Array | string): Promise<void> {
  const handle = await open(path, 'a')
  try {
    await writeFile(handle, inChunks(content))
  } finally {
    await handle.close()
  }
}

/** Makes the new name of a file as durable as its content, where the file system can. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close()
}

function unlessMissing(error: unknown): undefined {
  if (systemCode(error) !== 'ENOENT') throw error
}

function grown(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(2 * bytes.length, 64 * 1024))
  larger.set(bytes)
  bytes.fill(0)
  return larger
}

function tooLarge(maxBytes: number): KmsfileError {
  return new KmsfileError(`larger than ${maxBytes} bytes`, { code: 'FILE_TOO_LARGE' })
}
