import { posix } from 'node:path'

/** What an editor or a tool leaves beside a file. */
export interface Leftover {
  /** The file that it was made of. */
  readonly of: string
  /** A copy may well be encrypted; what an editor keeps for itself is out of place whatever it holds. */
  readonly isCopy: boolean
}

const OWN_FILES: readonly RegExp[] = [
  // Vim: swap and undo files.
  /^\.(.+)\.(?:sw[a-p]|un~)$/s,
  // Extensions for VS Code that decrypt into a file beside it.
  /^\.decrypted~(.+)$/s,
  // Emacs: what is not saved yet, and who is editing.
  /^#(.+)#$/s,
  /^\.#(.+)$/s,
]
const COPIES: readonly RegExp[] = [/^(.+)~$/s, /^(.+)\.dec(?:rypted)?(?:\.\w+)?$/s, /^(.+)\.(?:bak|orig|save|tmp)$/s]

/** The file that a name is a leftover of; undefined for one that is none. */
export function leftoverOf(path: string): Leftover | undefined {
  const name = posix.basename(path)
  for (const [patterns, isCopy] of [
    [OWN_FILES, false],
    [COPIES, true],
  ] as const) {
    for (const pattern of patterns) {
      const [, original] = pattern.exec(name) ?? []
      if (original !== undefined) return { of: path.slice(0, -name.length) + original, isCopy }
    }
  }
  return undefined
}
