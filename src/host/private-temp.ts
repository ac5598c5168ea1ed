import { constants } from 'node:fs'
import { chmod, lstat, mkdtemp, open, readdir, readFile, realpath, rm, statfs } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { KmsfileError } from '../errors.ts'
import type { Host } from './host.ts'
import { untilAborted } from './interrupt.ts'
import { fateOf, ownMark, ownUserId } from './process-mark.ts'
import { isOwnFolder, sessionFolders, temporaryFolder } from './runtime-folder.ts'
import { writeFailure } from './system-error.ts'

/** statfs(2): `TMPFS_MAGIC` and `RAMFS_MAGIC`. */
const MEMORY_FILE_SYSTEMS: readonly number[] = [0x01021994, 0x858458f6]
/** The name starts so for people's sake too: editors can be told never to keep copies of what lies in such a folder. */
const PREFIX = 'kmsfile-'

type Where = Pick<Host, 'env' | 'platform' | 'cwd' | 'signal'>

/** A plaintext while somebody works on it. */
export interface PrivateTemp {
  /** Absolute path of the file. */
  readonly path: string
  /** Absolute path of its folder: nothing else is in it, and all that comes into it is removed as well. */
  readonly folder: string
  /** No file system in memory was to be had: what is removed may stay on the disk's blocks. */
  readonly onDisk: boolean
  /** In memory, but this machine writes memory to a disk when it runs short. */
  readonly mayBeSwapped: boolean
}

/**
 * Puts a plaintext into a file (0600) in a folder of its own (0700) while `action` runs: in memory where there is a file system
 * for that, never in a repository. The folder is removed however `action` ends, also when the host's signal aborts, which ends
 * the wait for `action`; what earlier processes had to leave because they were killed is removed first.
 *
 * @throws KmsfileError `INTERRUPTED`; `FILE_UNWRITABLE` where no folder can be had, or, naming it, where it could not be removed
 */
export async function withPrivateTemp<T>(
  host: Where,
  { name, content }: { readonly name: string; readonly content: Uint8Array | string },
  action: (temp: PrivateTemp) => Promise<T>,
): Promise<T> {
  const temp = await makeTemp(host, basename(name), content)
  try {
    return await untilAborted(host.signal, () => action(temp))
  } finally {
    await removeFolder(temp.folder, temp.onDisk)
  }
}

async function makeTemp(host: Where, name: string, content: Uint8Array | string): Promise<PrivateTemp> {
  let failure: unknown
  for (const parent of await candidates(host)) {
    const onDisk = !(await isInMemory(parent, host.platform))
    await removeAbandoned(parent, onDisk)
    let folder: string | undefined
    try {
      folder = await mkdtemp(join(await realpath(parent), `${PREFIX}${ownMark()}-`))
      const path = join(folder, name)
      const handle = await open(path, 'wx', 0o600)
      try {
        await handle.writeFile(content)
      } finally {
        await handle.close()
      }
      return { path, folder, onDisk, mayBeSwapped: !onDisk && (await swaps()) }
    } catch (error) {
      failure = error
      if (folder !== undefined) await removeFolder(folder, onDisk)
    }
  }
  throw writeFailure(failure, name)
}

/** Folders to try, in memory first. */
async function candidates(host: Where): Promise<readonly string[]> {
  const folders: string[] = []
  for (const folder of sessionFolders(host)) if (await isOwnFolder(folder)) folders.push(folder)
  if (host.platform === 'linux') folders.push('/dev/shm')
  const memory: string[] = []
  for (const folder of folders) if (await isInMemory(folder, host.platform)) memory.push(folder)

  const named = resolve(host.cwd, temporaryFolder(host))
  const usual = host.platform === 'win32' ? [] : ['/tmp']
  return [...memory, ...((await isInRepository(named)) ? [] : [named]), ...usual]
}

async function isInMemory(folder: string, platform: string): Promise<boolean> {
  if (platform !== 'linux') return false
  const type = await statfs(folder).then(
    ({ type }) => type,
    () => 0,
  )
  // Some architectures give the 32 bits with a sign.
  return MEMORY_FILE_SYSTEMS.includes(type >>> 0)
}

/** A variable may point anywhere, and what lies in a work tree gets committed. */
async function isInRepository(folder: string): Promise<boolean> {
  let at = await realpath(folder).catch(() => folder)
  for (;;) {
    if (basename(at) === '.git' || (await lstat(join(at, '.git')).catch(() => undefined))) return true
    if (dirname(at) === at) return false
    at = dirname(at)
  }
}

/** Whether there is a swap area on a disk; one that is encrypted cannot be told from one that is not. */
async function swaps(): Promise<boolean> {
  const table = await readFile('/proc/swaps', 'latin1').catch(() => '')
  return table
    .split('\n')
    .slice(1)
    .some((line) => line !== '' && !line.startsWith('/dev/zram'))
}

async function removeAbandoned(parent: string, onDisk: boolean): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const mark = name.startsWith(PREFIX) ? name.slice(PREFIX.length, name.lastIndexOf('-')) : ''
    if (fateOf(mark) !== 'gone') continue
    const folder = join(parent, name)
    const stat = await lstat(folder).catch(() => undefined)
    if (stat?.isDirectory() && stat.uid === (ownUserId() ?? stat.uid))
      await removeFolder(folder, onDisk).catch(() => {})
  }
}

async function removeFolder(folder: string, onDisk: boolean): Promise<void> {
  try {
    if (onDisk) await overwriteAll(folder)
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  } catch (cause) {
    throw new KmsfileError('a folder with plaintext could not be removed', {
      code: 'FILE_UNWRITABLE',
      hint: `remove it: rm -r ${folder}`,
      file: folder,
      cause,
    })
  }
}

/** Helps on disks that write in place. Others keep the old blocks until they need them, whatever a program does. */
async function overwriteAll(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await overwriteAll(path)
    if (entry.isFile()) await overwrite(path).catch(() => {})
  }
}

async function overwrite(path: string): Promise<void> {
  await chmod(path, 0o600)
  const handle = await open(path, constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0))
  try {
    const { size } = await handle.stat()
    const zeros = new Uint8Array(64 * 1024)
    for (let at = 0; at < size; at += zeros.length) await handle.write(zeros, 0, Math.min(zeros.length, size - at), at)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
