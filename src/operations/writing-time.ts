import { setTimeout as wait } from 'node:timers/promises'
import type { Host } from '../host/host.ts'
import { interrupted } from '../host/interrupt.ts'

// Timers may ring a little before their time.
const MARGIN_MS = 10

/**
 * The time at which a file may be written whose version before says `lastModified`: the second in which that one was
 * written is waited out.
 *
 * A file that kmsfile writes says a time that has passed, and never an earlier one than before. Where sops wrote the
 * version before in this very second, that is the time of now, and what sops makes of the file in the rest of the second
 * would keep the MAC's nonce, and read as tampered.
 *
 * @throws KmsfileError `INTERRUPTED`
 */
export async function writingTime({ now, signal }: Pick<Host, 'now' | 'signal'>, lastModified: string): Promise<Date> {
  const missingMs = Date.parse(lastModified) + 1000 - now().getTime()
  // Nobody waits for a clock that is ahead by more.
  if (missingMs > 0 && missingMs <= 1000) {
    await wait(missingMs + MARGIN_MS, undefined, { signal }).catch(() => {
      throw interrupted()
    })
  }
  return now()
}
