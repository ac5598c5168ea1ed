import { lstat, realpath } from 'node:fs/promises'
import { dirname, sep } from 'node:path'
import type { FileChange } from '../check/file-changes.ts'
import type { HookEvent } from '../hooks/hook-script.ts'

/** Who starts the hooks. */
export type HookKeeper = 'git configuration' | 'hook files' | 'husky' | 'lefthook' | 'nobody'

/** What is not as somebody may expect. */
export interface Note {
  /** Lower case, without period. */
  readonly message: string
  /** The one thing to do about it. */
  readonly hint?: string | undefined
}

/** What is to be done for the hooks. */
export interface HooksPlan {
  readonly keeper: HookKeeper
  /** Those that call kmsfile when all is done. */
  readonly events: readonly HookEvent[]
  /** Hooks that were there before, and run after ours. */
  readonly chained: readonly string[]
  readonly changes: readonly FileChange[]
  readonly notes: readonly Note[]
  /** What somebody has to put somewhere himself. */
  readonly instructions?: string | undefined
}

/** Whether a file would be written where it seems to lie: inside `folder`, and not through a link. It need not exist. */
export async function liesWithin(folder: string, path: string): Promise<boolean> {
  const kind = await lstat(path).catch(() => undefined)
  if (kind !== undefined && !kind.isFile()) return false
  let above = dirname(path)
  while (!(await lstat(above).catch(() => undefined))) above = dirname(above)
  const real = await realpath(above)
  return real === folder || real.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}
