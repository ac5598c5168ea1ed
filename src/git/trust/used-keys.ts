import { createHash } from 'node:crypto'
import { lstat, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { trustIdentity } from '../../config/trust-identity.ts'
import type { MasterKey } from '../../core/master-key.ts'
import { KmsfileError } from '../../errors.ts'
import { replaceFile } from '../../host/files.ts'
import type { Host } from '../../host/host.ts'
import { withLock } from '../../host/lock.ts'
import { createPrivateFile, readPrivateFile } from '../../host/private-file.ts'
import { ownUserId } from '../../host/process-mark.ts'
import { writeFailure } from '../../host/system-error.ts'
import { userStateDir } from '../../host/user-state.ts'
import type { Repository } from '../../vcs/repository.ts'

type Where = Pick<Host, 'env' | 'platform' | 'homeDir'>
/** All work trees of a repository count as one. */
type Place = Pick<Repository, 'commonDir'>

const MAX_BYTES = 1024 * 1024
/** A repository with more keys than this has them made up. */
const MAX_KEYS = 1000
const ID_BYTES = 16
/** How long a command that is done may wait for another one that writes the same record. */
const WAIT_MS = 1000

/**
 * The keys that the user has used in a repository by commands of their own, as {@link trustIdentity} has them. A record that cannot
 * be read is none.
 *
 * It lies in the user's state folder: nobody who writes to a repository can add to it. It is that of one repository at one path:
 * neither a copy nor what is cloned to the same path later has it.
 */
export async function usedKeys(host: Where, repository: Place): Promise<ReadonlySet<string>> {
  try {
    const path = recordPath(host, repository)
    if (!(await isOwnFile(path))) return new Set()
    const bytes = await readPrivateFile(path, MAX_BYTES)
    const { id, keys } = JSON.parse(Buffer.from(bytes ?? '{}').toString('utf8')) as { id?: unknown; keys?: unknown }
    if (typeof id !== 'string' || id !== (await idOf(repository))) return new Set()
    return new Set(Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [])
  } catch {
    return new Set()
  }
}

/** Adds keys to the record of a repository. @throws KmsfileError `FILE_UNWRITABLE`, `FILE_LOCKED` */
export async function noteUsedKeys(
  host: Where & Pick<Host, 'signal' | 'randomBytes'>,
  repository: Place,
  keys: readonly MasterKey[],
): Promise<void> {
  const added = keys.map(trustIdentity)
  const before = await usedKeys(host, repository)
  if (added.every((key) => before.has(key))) return
  const path = recordPath(host, repository)
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  } catch (error) {
    throw writeFailure(error, path)
  }
  await withLock(host, { path, waitMs: WAIT_MS }, async () => {
    const all = new Set([...(await usedKeys(host, repository)), ...added])
    if (all.size > MAX_KEYS) return
    const id = (await idOf(repository)) ?? (await makeId(host, repository))
    const record = { version: 1, repository: repository.commonDir, id, keys: [...all].sort() }
    await replaceFile(path, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 })
  })
}

/**
 * Absolute path of the file that tells a repository from all others that were or will be at its place: a random number, of which
 * the record has a copy.
 */
export function repositoryIdPath({ commonDir }: Place): string {
  return join(commonDir, 'kmsfile', 'id')
}

function recordPath(host: Where, { commonDir }: Place): string {
  const name = createHash('sha256').update(commonDir).digest('hex').slice(0, 32)
  return join(userStateDir(host), 'kmsfile', 'used-keys', `${name}.json`)
}

/** Where `XDG_STATE_HOME` names a folder of several users, each could write a record for the others. */
async function isOwnFile(path: string): Promise<boolean> {
  const stat = await lstat(path)
  const uid = ownUserId()
  return stat.isFile() && (uid === undefined || (stat.uid === uid && (stat.mode & 0o022) === 0))
}

async function idOf(repository: Place): Promise<string | undefined> {
  const path = repositoryIdPath(repository)
  const bytes = (await lstat(path).catch(() => undefined))?.isFile() ? await readPrivateFile(path, 64) : undefined
  const id = Buffer.from(bytes ?? '')
    .toString('latin1')
    .trim()
  return /^[0-9a-f]{32}$/.test(id) ? id : undefined
}

/** What is odd in its place stays, and nothing is remembered. */
async function makeId({ randomBytes }: Pick<Host, 'randomBytes'>, repository: Place): Promise<string> {
  const id = Buffer.from(randomBytes(ID_BYTES)).toString('hex')
  const path = repositoryIdPath(repository)
  if (!(await lstat(repository.commonDir).catch(() => undefined))?.isDirectory()) {
    throw new KmsfileError('there is no repository', { code: 'FILE_UNWRITABLE', file: repository.commonDir })
  }
  await createPrivateFile(path, `${id}\n`)
  return id
}
