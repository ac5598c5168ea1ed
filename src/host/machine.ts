import { stat } from 'node:fs/promises'
// Which Node runs us is nothing that a Host could say for it.
import { version } from 'node:process'

/** The version of Node that runs this process, as `22.11.0`. */
export function nodeVersion(): string {
  return version.replace(/^v/, '')
}

/**
 * The permission bits of a file that somebody other than its owner may read or write, in octal as chmod takes them;
 * undefined where nobody may, where there is no such file, and on Windows, whose files have no such bits.
 */
export async function looseMode(path: string, platform: string): Promise<string | undefined> {
  if (platform === 'win32') return undefined
  const kind = await stat(path).catch(() => undefined)
  if (kind === undefined || !kind.isFile() || (kind.mode & 0o077) === 0) return undefined
  return (kind.mode & 0o777).toString(8).padStart(3, '0')
}
