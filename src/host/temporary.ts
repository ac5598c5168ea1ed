import { createHash, randomBytes } from 'node:crypto'
import { type FileHandle, lstat, open, readdir, unlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fateOf, ownMark, ownUserId } from './process-mark.ts'
import { inChunks } from './text-chunks.ts'

const DAY_MS = 86_400_000
/** File systems allow 255 bytes; the rest of a temporary's name needs up to 70. */
const MAX_NAME_BYTES = 180
/** A dot, the target's name, the mark of the process, eight random digits. */
const TEMPORARY = /^\..+\.kmsfile-([0-9.]+\.[0-9a-f]{8})-[0-9a-f]{8}\.tmp$/s

export interface Attributes {
  /** Permission bits. Default: 0600. */
  readonly mode?: number | undefined
  /** Default: whom the system makes the owner. */
  readonly owner?: Owner | undefined
}

export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** Whether a file name is that of a temporary of ours, for whoever lists folders. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY.test(name)
}

/**
 * Writes what `target` shall become to a new file beside it, as far as the disk; returns its path. The group's rights are left
 * out where the file cannot have the group that they were given to. What killed processes left beside the same target is
 * removed.
 *
 * @throws the system's error; no file is left then.
 */
export async function writeTemporary(
  target: string,
  content: Uint8Array | string,
  { mode = 0o600, owner }: Attributes = {},
): Promise<string> {
  const name = `${prefixOf(target)}${ownMark()}-${randomBytes(4).toString('hex')}.tmp`
  const path = join(dirname(target), name)
  const handle = await open(path, 'wx', 0o600)
  try {
    await writeFile(handle, inChunks(content))
    const groupKept = owner === undefined || (await giveTo(handle, owner))
    await handle.chmod(mode & (groupKept ? 0o7777 : 0o7707))
    await handle.sync()
    await removeLeftovers(target, (await handle.stat()).mtimeMs)
    return path
  } catch (error) {
    await unlink(path).catch(() => {})
    throw error
  } finally {
    await handle.close()
  }
}

/** True where the file has the group now. Only root gives files away; others may choose among their own groups. */
async function giveTo(handle: FileHandle, { uid, gid }: Owner): Promise<boolean> {
  const self = ownUserId()
  if (self === undefined) return true
  const is = await handle.stat()
  if (is.uid === uid && is.gid === gid) return true
  for (const owner of [uid, self]) {
    const done = await handle.chown(owner, gid).then(
      () => true,
      () => false,
    )
    if (done) return true
  }
  return is.gid === gid
}

/**
 * Removes files of this user whose process is gone; where that cannot be told (another machine, another container), those a
 * day older than `newest`, which counts milliseconds by the clock of the same file system.
 */
async function removeLeftovers(target: string, newest: number): Promise<void> {
  const folder = dirname(target)
  const prefix = prefixOf(target)
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix)) continue
    const mark = TEMPORARY.exec(name)?.[1]
    const fate = mark === undefined ? 'running' : fateOf(mark)
    if (fate === 'running') continue
    const path = join(folder, name)
    const stat = await lstat(path).catch(() => undefined)
    if (!stat?.isFile() || stat.uid !== (ownUserId() ?? stat.uid)) continue
    if (fate === 'gone' || newest - stat.mtimeMs > DAY_MS) await unlink(path).catch(() => {})
  }
}

function prefixOf(target: string): string {
  const name = basename(target)
  const fits = Buffer.byteLength(name) <= MAX_NAME_BYTES
  return `.${fits ? name : createHash('sha256').update(name).digest('hex')}.kmsfile-`
}
