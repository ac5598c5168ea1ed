import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { KmsfileError } from '../errors.ts'
import { realTarget } from './files.ts'
import type { Host } from './host.ts'
import { interrupted } from './interrupt.ts'
import { fateOf, ownMark, processIdOf } from './process-mark.ts'
import { runtimeFolder } from './runtime-folder.ts'
import { systemCode, writeFailure } from './system-error.ts'

const DEFAULT_WAIT_MS = 10_000
const FIRST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 200

export interface LockRequest {
  /** The file that is read, changed and written; it need not exist yet. Every name of it means the same lock. */
  readonly path: string
  /** How long to wait for another holder at most. Default: 10 s. */
  readonly waitMs?: number | undefined
  /** Waits between two tries; fails when the signal aborts. */
  readonly delay?: ((ms: number, signal: AbortSignal) => Promise<unknown>) | undefined
}

/**
 * Runs `action` while no other process of this user is in an action for the same file. The lock of a process that was killed
 * counts for nothing. Not reentrant: asking for the same file within `action` waits in vain.
 *
 * @throws KmsfileError `FILE_LOCKED` after the wait, `INTERRUPTED`, `FILE_UNWRITABLE`; and whatever `action` throws
 */
export async function withLock<T>(
  host: Pick<Host, 'env' | 'platform' | 'signal'>,
  request: LockRequest,
  action: () => Promise<T>,
): Promise<T> {
  const { path, waitMs = DEFAULT_WAIT_MS, delay = pause } = request
  const lock = await lockFor(host, path)
  const owner = `${ownMark()}-${randomBytes(8).toString('hex')}`
  const claim = `${lock}.${owner}`
  try {
    await prepareClaim(claim, owner)
    for (let ms = FIRST_PAUSE_MS, waited = 0; ; waited += ms, ms = Math.min(2 * ms, LONGEST_PAUSE_MS)) {
      if (await take(claim, lock)) break
      await removeStale(lock)
      if (await take(claim, lock)) break
      if (waited >= waitMs) throw lockedBy(await holderOf(lock), path, lock)
      await delay(ms, host.signal)
    }
  } catch (error) {
    await rm(claim, { recursive: true, force: true })
    throw writeFailure(error, path)
  }
  try {
    return await action()
  } finally {
    await release(lock, owner)
  }
}

/*
 * A lock is a folder with one file in it, named after its holder. That makes three steps atomic with nothing but POSIX:
 *
 *   take     rename(claim, lock) succeeds where there is no lock or an empty one, and fails where one is held
 *   release  unlink(lock/HOLDER): empty, so free
 *   break    the same with the name of a dead holder; whoever comes late finds that name gone and has broken nothing
 *
 * A lock file could not be broken so: between seeing that its holder is dead and removing it, another process may have
 * removed it and put its own in the same place.
 */

async function lockFor(host: Pick<Host, 'env' | 'platform'>, path: string): Promise<string> {
  const folder = join(await runtimeFolder(host), 'locks')
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const name = createHash('sha256')
      .update(await realTarget(path))
      .digest('hex')
    await removeDeadClaims(folder)
    return join(folder, name.slice(0, 32))
  } catch (error) {
    throw writeFailure(error, path)
  }
}

async function prepareClaim(claim: string, owner: string): Promise<void> {
  await mkdir(claim, { mode: 0o700 })
  await writeFile(join(claim, owner), '', { flag: 'wx', mode: 0o600 })
}

async function take(claim: string, lock: string): Promise<boolean> {
  try {
    await rename(claim, lock)
    return true
  } catch (error) {
    // Windows says EPERM, and never replaces a folder, not even an empty one.
    if (['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(systemCode(error) ?? '')) return false
    throw error
  }
}

async function release(lock: string, owner: string): Promise<void> {
  await unlink(join(lock, owner)).catch(() => {})
  // Not empty any more where the next holder was quicker: then it stays.
  await rmdir(lock).catch(() => {})
}

async function holderOf(lock: string): Promise<string | undefined> {
  const [holder] = await readdir(lock).catch(() => [])
  return holder
}

async function removeStale(lock: string): Promise<void> {
  const holder = await holderOf(lock)
  if (holder !== undefined && fateOf(markIn(holder)) !== 'gone') return
  if (holder !== undefined) await unlink(join(lock, holder)).catch(() => {})
  await rmdir(lock).catch(() => {})
}

/** Claims of processes that were killed before they could take or give up. */
async function removeDeadClaims(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const owner = /^[0-9a-f]{32}\.(.+)$/.exec(name)?.[1]
    if (owner !== undefined && fateOf(markIn(owner)) === 'gone') {
      await rm(join(folder, name), { recursive: true, force: true })
    }
  }
}

function markIn(owner: string): string {
  return owner.slice(0, owner.indexOf('-'))
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal })
  } catch {
    throw interrupted()
  }
}

function lockedBy(holder: string | undefined, file: string, lock: string): KmsfileError {
  const mark = markIn(holder ?? '')
  const who = fateOf(mark) === 'running' ? `process ${processIdOf(mark)}` : 'a process elsewhere'
  return new KmsfileError(`another kmsfile works on it: ${who}`, {
    code: 'FILE_LOCKED',
    hint: `wait until it has ended, and try again; if it is no kmsfile, remove ${lock}`,
    file,
  })
}
