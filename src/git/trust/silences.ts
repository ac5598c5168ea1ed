import { createHash } from 'node:crypto'
import { mkdir, readdir, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Host } from '../../host/host.ts'
import { runtimeFolder, runtimeFolderPath } from '../../host/runtime-folder.ts'

type Where = Pick<Host, 'env' | 'platform' | 'now'>

/** What had no answer a short while ago, in all processes of the user: git starts one for each version of each file. */
export interface Silences {
  has(question: string): Promise<boolean>
  /** Where it cannot be noted for others, this process alone knows. */
  add(question: string): Promise<void>
}

/** What had no answer is not asked again for so long. */
export const SILENCE_MS = 30_000

/**
 * The silences of the user: empty files in the folder of their session, named by hashes. They hold no key and nothing that is
 * secret, and whatever is odd about one, it is as if it were not there.
 */
export function silences(host: Where): Silences {
  const known = new Set<string>()
  return {
    async has(question) {
      if (known.has(question)) return true
      try {
        const { mtimeMs } = await stat(join(await runtimeFolderPath(host), FOLDER, nameOf(question)))
        return isFresh(mtimeMs, host)
      } catch {
        return false
      }
    },
    async add(question) {
      known.add(question)
      await note(question, host).catch(() => undefined)
    },
  }
}

/** Forgets all of them: something has answered since. */
export async function forgetSilences(host: Pick<Host, 'env' | 'platform'>): Promise<void> {
  await rm(join(await runtimeFolderPath(host), FOLDER), { recursive: true, force: true })
}

const FOLDER = 'silent'

async function note(question: string, host: Where): Promise<void> {
  const folder = join(await runtimeFolder(host), FOLDER)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }))
    if (!isFresh(mtimeMs, host)) await unlink(path).catch(() => undefined)
  }
  const path = join(folder, nameOf(question))
  await writeFile(path, '', { mode: 0o600 })
  await utimes(path, host.now(), host.now())
}

/** Also where the clock was put back: then nobody knows how long it has been. */
function isFresh(mtimeMs: number, { now }: Pick<Host, 'now'>): boolean {
  const age = now().getTime() - mtimeMs
  // File systems keep times in units of their own.
  return age > -1000 && age < SILENCE_MS
}

function nameOf(question: string): string {
  return createHash('sha256').update(question).digest('hex')
}
