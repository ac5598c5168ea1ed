import { chmod, lstat, mkdir, realpath } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { KmsfileError } from '../errors.ts'
import type { Host } from './host.ts'
import { ownUserId } from './process-mark.ts'
import { writeFailure } from './system-error.ts'

type Where = Pick<Host, 'env' | 'platform'>

/**
 * A folder of this user alone (0700) for what lives as long as a session: locks, sockets. The same for every process of the
 * user, as far as possible also for those that were started without the session's environment.
 *
 * @throws KmsfileError `FILE_UNWRITABLE` where somebody else has taken its place
 */
export async function runtimeFolder(host: Where): Promise<string> {
  return privateFolder(await runtimeFolderPath(host))
}

/** Where {@link runtimeFolder} lies, or would be made. */
export async function runtimeFolderPath(host: Where): Promise<string> {
  for (const folder of sessionFolders(host)) {
    if (await isOwnFolder(folder)) return join(folder, 'kmsfile')
  }
  const uid = ownUserId()
  return join(temporaryFolder(host), uid === undefined ? 'kmsfile' : `kmsfile-${uid}`)
}

/** Where this user's session may have its runtime files, if there is one: on Linux gone with the last log-out. */
export function sessionFolders({ env, platform }: Where): readonly string[] {
  const named = env['XDG_RUNTIME_DIR']
  const folders = named !== undefined && isAbsolute(named) ? [named] : []
  // cron and some graphical programs start us without the variable.
  return platform === 'linux' ? [...folders, `/run/user/${ownUserId()}`] : folders
}

/** The folder for temporary files, by the environment and the custom of the system. */
export function temporaryFolder({ env, platform }: Where): string {
  if (platform === 'win32') return env['TEMP'] || env['TMP'] || 'C:\\Windows\\Temp'
  return env['TMPDIR'] || '/tmp'
}

/** Whether nobody but this user can put anything there. */
export async function isOwnFolder(path: string): Promise<boolean> {
  const stat = await lstat(path).catch(() => undefined)
  if (!stat?.isDirectory()) return false
  const uid = ownUserId()
  return uid === undefined || (stat.uid === uid && (stat.mode & 0o022) === 0)
}

async function privateFolder(path: string): Promise<string> {
  try {
    await mkdir(path, { mode: 0o700 }).catch((error) => {
      if (error.code !== 'EEXIST') throw error
    })
    const stat = await lstat(path)
    if (!stat.isDirectory() || stat.uid !== (ownUserId() ?? stat.uid)) {
      throw new KmsfileError('not a folder of this user', {
        code: 'FILE_UNWRITABLE',
        hint: 'remove it, or set XDG_RUNTIME_DIR to a folder that only you can write',
      })
    }
    if (ownUserId() !== undefined && (stat.mode & 0o077) !== 0) await chmod(path, 0o700)
    return await realpath(path)
  } catch (error) {
    throw writeFailure(error, path)
  }
}
