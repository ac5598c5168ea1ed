import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Repository } from '../../vcs/repository.ts'

/** The line below which `git commit --verbose` shows the diff; what stands before the dashes depends on the configuration. */
const SCISSORS = /^.{1,20} -{24} >8 -{24}\r?$/m

/**
 * Cuts the diff out of the message that git keeps after a commit: `git commit --verbose` shows it decrypted where the diff
 * driver has a key, and the file stays until the next commit.
 */
export async function cutMessage({ gitDir }: Pick<Repository, 'gitDir'>): Promise<void> {
  const handle = await open(join(gitDir, 'COMMIT_EDITMSG'), 'r+').catch(() => undefined)
  if (handle === undefined) return
  try {
    const text = await handle.readFile('latin1')
    const found = SCISSORS.exec(text)
    if (found === null) return
    // Written over before it is cut off: what is cut may stay on the disk otherwise.
    await handle.write(Buffer.alloc(text.length - found.index), 0, undefined, found.index)
    await handle.truncate(found.index)
  } finally {
    await handle.close()
  }
}
