import { join, resolve } from 'node:path'
import type { Host } from '../host/host.ts'
import { walkFiles } from '../host/walk.ts'
import type { ConfigFinder } from './find.ts'

/**
 * The files below a folder that the rules manage, as paths that start with `folder`, sorted within each folder.
 *
 * Links are left out; what git ignores is not. A repository in the folder has its own configuration.
 *
 * @throws KmsfileError `CONFIG_INVALID`, `FILE_NOT_FOUND`, `FILE_UNREADABLE`
 */
export async function* managedFiles(
  folder: string,
  finder: Pick<ConfigFinder, 'manages'>,
  { host }: { host: Pick<Host, 'cwd'> },
): AsyncGenerator<string> {
  for await (const path of walkFiles(resolve(host.cwd, folder))) {
    const file = join(folder, path)
    if (await finder.manages(file)) yield file
  }
}
