import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { trustIdentity } from '../config/trust-identity.ts'
import type { MasterKey } from '../core/master-key.ts'
import { replaceFile } from '../host/files.ts'
import type { Host } from '../host/host.ts'
import { readPrivateFile } from '../host/private-file.ts'
import { userStateDir } from '../host/user-state.ts'
import type { Repository } from '../vcs/repository.ts'

type Where = Pick<Host, 'env' | 'platform' | 'homeDir'>
/** All work trees of a repository count as one. */
type Place = Pick<Repository, 'commonDir'>

const MAX_BYTES = 1024 * 1024
/** A repository with more keys than this has them made up. */
const MAX_KEYS = 1000

/**
 * The keys that the user has used in a repository by commands of their own, as {@link trustIdentity} has them. A record that cannot
 * be read is none.
 *
 * It lies in the user's state folder: nobody who writes to a repository can add to it.
 */
export async function usedKeys(host: Where, repository: Place): Promise<ReadonlySet<string>> {
  try {
    const bytes = await readPrivateFile(recordPath(host, repository), MAX_BYTES)
    const { keys } = JSON.parse(Buffer.from(bytes ?? '{}').toString('utf8')) as { keys?: unknown }
    return new Set(Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [])
  } catch {
    return new Set()
  }
}

/** Adds keys to the record of a repository. @throws KmsfileError `FILE_UNWRITABLE` */
export async function noteUsedKeys(host: Where, repository: Place, keys: readonly MasterKey[]): Promise<void> {
  const known = await usedKeys(host, repository)
  const all = new Set([...known, ...keys.map(trustIdentity)])
  if (all.size === known.size || all.size > MAX_KEYS) return
  const path = recordPath(host, repository)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const record = { version: 1, repository: repository.commonDir, keys: [...all].sort() }
  await replaceFile(path, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 })
}

function recordPath(host: Where, { commonDir }: Place): string {
  const name = createHash('sha256').update(commonDir).digest('hex').slice(0, 32)
  return join(userStateDir(host), 'kmsfile', 'used-keys', `${name}.json`)
}
