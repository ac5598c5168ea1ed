import { realpath, stat } from 'node:fs/promises'
import { basename } from 'node:path'
// Which Node runs us, and what it runs, is nothing that a Host could say for it.
import { argv, execPath, version } from 'node:process'

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

/** How this very kmsfile is started: absolute paths of Node and of the script that it runs. */
export interface OwnProgram {
  readonly node: string
  readonly script: string
}

/**
 * The program that this process is, for those who shall start it where no PATH leads to it. Undefined where it is not the
 * installed command line, or lies where it will not stay: npx keeps what it fetches among its caches.
 */
export async function ownProgram(): Promise<OwnProgram | undefined> {
  const script = await realpath(argv[1] ?? '').catch(() => '')
  if (basename(script) !== 'kmsfile.cjs' || /[\\/]_npx[\\/]/.test(script)) return undefined
  return { node: execPath, script }
}
