import { posix, win32 } from 'node:path'
import type { Host } from './host.ts'

/**
 * Absolute path of the folder in which programs keep what they remember of a user between runs, as the XDG specification has
 * it; on macOS and Windows where programs there do.
 */
export function userStateDir({ env, platform, homeDir }: Pick<Host, 'env' | 'platform' | 'homeDir'>): string {
  if (platform === 'win32') return env['LOCALAPPDATA'] || win32.join(homeDir, 'AppData', 'Local')
  if (env['XDG_STATE_HOME']?.startsWith('/')) return env['XDG_STATE_HOME']
  return platform === 'darwin'
    ? posix.join(homeDir, 'Library', 'Application Support')
    : posix.join(homeDir, '.local', 'state')
}
