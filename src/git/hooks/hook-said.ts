import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Repository } from '../../vcs/repository.ts'
import type { Finding } from '../check/finding.ts'

/** What a hook has to say that stops nothing. */
export interface Remarks {
  readonly notes: readonly Finding[]
  /** The file that somebody lets pass. */
  readonly allowed: string | undefined
}

/** Of one commit: hooks that other tools run in between take their time. */
const FRESH_MS = 60_000

/** Notes, for the next hook of the same commit, what this one says; where that is not possible, it is said once more. */
export async function noteSaid(repository: Pick<Repository, 'gitDir'>, remarks: Remarks, now: Date): Promise<void> {
  if (isNothing(remarks)) return
  const { folder, file } = placeOf(repository)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    // No link is followed: in this folder nobody needs one.
    const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | NO_FOLLOW, 0o600)
    try {
      await handle.writeFile(`${digest(remarks)} ${now.getTime()}\n`)
    } finally {
      await handle.close()
    }
  } catch {
    // A read-only .git, or something in the way.
  }
}

/** Whether a hook said the very same just before. Asking ends it: the next commit is told again. */
export async function wasSaid(repository: Pick<Repository, 'gitDir'>, remarks: Remarks, now: Date): Promise<boolean> {
  if (isNothing(remarks)) return false
  const { file } = placeOf(repository)
  try {
    const handle = await open(file, constants.O_RDONLY | NO_FOLLOW)
    const [said, time] = (await handle.readFile('latin1').finally(() => handle.close())).trim().split(' ')
    await unlink(file)
    const age = now.getTime() - Number(time)
    return said === digest(remarks) && age >= 0 && age < FRESH_MS
  } catch {
    return false
  }
}

const NO_FOLLOW = constants.O_NOFOLLOW ?? 0

function isNothing({ notes, allowed }: Remarks): boolean {
  return notes.length === 0 && allowed === undefined
}

function placeOf({ gitDir }: Pick<Repository, 'gitDir'>): { readonly folder: string; readonly file: string } {
  const folder = join(gitDir, 'kmsfile')
  return { folder, file: join(folder, 'said') }
}

function digest({ notes, allowed }: Remarks): string {
  return createHash('sha256')
    .update(JSON.stringify([notes, allowed ?? null]))
    .digest('hex')
}
