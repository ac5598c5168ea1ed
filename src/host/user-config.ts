import { posix, win32 } from 'node:path'
import type { Host } from './host.ts'

type Where = Pick<Host, 'env' | 'platform' | 'homeDir'>

/**
 * Absolute paths of the folders in which programs keep what a user configures, as Go's `os.UserConfigDir` and sops have
 * them. New files go into the first.
 */
export function userConfigDirs({ env, platform, homeDir }: Where): readonly [string, ...string[]] {
  if (platform === 'win32') return [env['APPDATA'] || win32.join(homeDir, 'AppData', 'Roaming')]
  // The XDG specification has relative paths ignored.
  const xdg = env['XDG_CONFIG_HOME']?.startsWith('/') ? env['XDG_CONFIG_HOME'] : undefined
  if (platform !== 'darwin') return [xdg ?? posix.join(homeDir, '.config')]
  const library = posix.join(homeDir, 'Library', 'Application Support')
  // Go itself does not look at the variable on macOS; sops does.
  return xdg === undefined ? [library] : [xdg, library]
}

/** A path as people write it: `~` for the home directory. */
export function shortPath(path: string, { homeDir }: Pick<Host, 'homeDir'>): string {
  const rest = path.slice(homeDir.length)
  return path.startsWith(homeDir) && /^[/\\]/.test(rest) ? `~${rest}` : path
}
