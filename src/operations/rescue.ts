import { basename, dirname, extname, isAbsolute, join, resolve } from 'node:path'
import { KmsfileError } from '../errors.ts'
import type { Host } from '../host/host.ts'
import { createPrivateFile } from '../host/private-file.ts'
import { shortPath } from '../host/user-config.ts'
import type { WorkingCopy } from './working-copy.ts'
import type { Workspace } from './workspace.ts'

const MAX_RESCUES = 100

/**
 * Keeps a text that could not be saved: encrypted for the keys of its file, as one value, since it need not be valid.
 * `kmsfile decrypt` prints it. It lies beside the file, or else in the user's state folder.
 *
 * Returns its path as people write it. @throws KmsfileError `FILE_UNWRITABLE` if it can lie nowhere
 */
export async function rescue({ host }: Workspace, copy: WorkingCopy, plaintext: string): Promise<string> {
  const { name } = copy.source
  const { text } = await copy.encryptWhole(plaintext)
  try {
    return await keep(host, { folder: dirname(name), name: basename(name), text })
  } catch (error) {
    if (!(error instanceof KmsfileError)) throw error
    return keep(host, { folder: stateFolder(host), name: basename(name), text })
  }
}

/** A file of a name that is free yet. */
async function keep(
  host: Pick<Host, 'cwd' | 'homeDir'>,
  { folder, name, text }: { folder: string; name: string; text: string },
): Promise<string> {
  const extension = extname(name)
  for (let count = 1; ; count++) {
    const free = `${basename(name, extension)}.kmsfile-rescue${count === 1 ? '' : `-${count}`}${extension}`
    const path = join(folder, free)
    try {
      await createPrivateFile(resolve(host.cwd, path), text)
      return shortPath(path, host)
    } catch (error) {
      const taken = error instanceof KmsfileError && error.code === 'FILE_EXISTS'
      if (!taken || count === MAX_RESCUES) throw error
    }
  }
}

/** Where programs keep what is to outlive a session and is no configuration: XDG's state folder, and its like. */
function stateFolder({ env, platform, homeDir }: Pick<Host, 'env' | 'platform' | 'homeDir'>): string {
  if (platform === 'win32') return join(env['LOCALAPPDATA'] || join(homeDir, 'AppData', 'Local'), 'kmsfile')
  const named = env['XDG_STATE_HOME']
  return join(named !== undefined && isAbsolute(named) ? named : join(homeDir, '.local', 'state'), 'kmsfile')
}
