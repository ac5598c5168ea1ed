import { join } from 'node:path'
import type { Host } from '../host/host.ts'
import { userConfigDirs } from '../host/user-config.ts'

/** Absolute path of the user's own configuration, which need not exist. `KMSFILE_USER_CONFIG` names another. */
export function userConfigPath(host: Pick<Host, 'env' | 'platform' | 'homeDir'>): string {
  return host.env['KMSFILE_USER_CONFIG'] || join(userConfigDirs(host)[0], 'kmsfile', 'config.yaml')
}
