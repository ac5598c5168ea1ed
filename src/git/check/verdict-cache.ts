import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { JUDGE_VERSION } from './judge-content.ts'

/**
 * Remembers which contents nothing is wrong with, so that a check reads only what is new. It holds ids of objects and nothing
 * else; whatever is odd about its file, it is as if there were none.
 */
export interface VerdictCache {
  /** Whether a content was found to be as a demand with this key asks. */
  isGood(id: string, demand: string): boolean
  remember(id: string, demand: string): void
  /** Writes what is new; where that is not possible, nothing happens. */
  save(): Promise<void>
}

/** What stays of other runs when it grows beyond this: nothing. A line is 41 bytes. */
const MAX_REMEMBERED = 60_000
const MAX_FILE_BYTES = 16 * 1024 * 1024
const END = 'end'

/**
 * Opens the cache of a repository. `version` is that of kmsfile: what another one found out does not count.
 */
export async function openVerdictCache(commonDir: string, { version }: { version: string }): Promise<VerdictCache> {
  const folder = join(commonDir, 'kmsfile')
  const file = join(folder, 'verdicts')
  const head = `kmsfile verdicts ${JUDGE_VERSION} ${version}`
  const old = parse(await readCache(file), head)
  const used = new Map<string, Set<string>>()
  let added = 0

  const note = (id: string, demand: string) => {
    const ids = used.get(demand)
    if (ids === undefined) used.set(demand, new Set([id]))
    else ids.add(id)
  }
  return {
    isGood(id, demand) {
      if (old.get(demand)?.has(id) !== true) return false
      note(id, demand)
      return true
    },
    remember(id, demand) {
      note(id, demand)
      added++
    },
    async save() {
      if (added === 0) return
      await writeCache(folder, print(head, united(used, old))).catch(() => {})
    },
  }
}

type Remembered = ReadonlyMap<string, ReadonlySet<string>>

/** What this run used, and of what others did as much as there is room for. */
function united(used: Remembered, old: Remembered): Remembered {
  const size = [...used, ...old].reduce((sum, [, ids]) => sum + ids.size, 0)
  if (size > MAX_REMEMBERED) return used
  const all = new Map(old)
  for (const [demand, ids] of used) all.set(demand, new Set([...(old.get(demand) ?? []), ...ids]))
  return all
}

/** A line with the version, for each demand a line with its key and one for each id, and a line that says it is all there. */
function print(head: string, remembered: Remembered): string {
  const sections = Array.from(remembered, ([demand, ids]) => `:${demand}\n${[...ids].join('\n')}\n`)
  return `${head}\n${sections.join('')}${END}\n`
}

function parse(text: string | undefined, head: string): Remembered {
  const found = new Map<string, Set<string>>()
  if (text === undefined || !text.startsWith(`${head}\n`) || !text.endsWith(`\n${END}\n`)) return found
  let ids = new Set<string>()
  for (const line of text.slice(head.length + 1, -END.length - 1).split('\n')) {
    if (line.startsWith(':')) {
      ids = new Set()
      found.set(line.slice(1), ids)
    } else ids.add(line)
  }
  return found
}

async function readCache(file: string): Promise<string | undefined> {
  let handle: FileHandle | undefined
  try {
    // No link is followed: in this folder nobody needs one.
    handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    const { size } = await handle.stat()
    return size > MAX_FILE_BYTES ? undefined : await handle.readFile('latin1')
  } catch {
    return undefined
  } finally {
    await handle?.close()
  }
}

/** Whoever reads meanwhile finds the old file or the new one. That it is on the disk need not be waited for. */
async function writeCache(folder: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const temporary = join(folder, `verdicts.${randomBytes(6).toString('hex')}.tmp`)
  const handle = await open(temporary, 'wx', 0o600)
  try {
    await handle.writeFile(text, 'latin1')
  } finally {
    await handle.close()
  }
  await rename(temporary, join(folder, 'verdicts')).catch((error) =>
    unlink(temporary).then(() => Promise.reject(error)),
  )
}
