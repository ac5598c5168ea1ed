import { fixedCopy } from './fixed-bytes.ts'

/** What the agent remembers, in memory alone. */
export interface Store {
  /** The bytes themselves, not to be kept; undefined where there are none. */
  get(id: string): Uint8Array | undefined
  /** Keeps a copy. */
  set(id: string, bytes: Uint8Array): void
  /** Forgets what is due; to be called at least every {@link TICK_MS}. */
  tick(): void
  /** Overwrites all bytes, and forgets everything. */
  wipe(): void
  /** How many data keys there are. */
  readonly size: number
  /** When a data key was last asked for or given. */
  readonly lastUse: number
}

export interface StoreOptions {
  /** How long a data key may lie unused. */
  readonly idleMs: number
  /** Milliseconds by the clock on the wall, which goes on while the machine sleeps. */
  readonly now: () => number
}

/** How often the agent looks at the clock. */
export const TICK_MS = 15_000
/** Used or not, a data key is asked for anew after a working day: somebody may have lost the right to it. */
export const MAX_AGE_MS = 8 * 3_600_000
/** About a megabyte; above it, what was used longest ago is forgotten. */
export const MAX_ENTRIES = 4096
/** Who is so late to look at the clock was asleep, or stopped. */
const ASLEEP_MS = 30_000

interface Entry {
  readonly bytes: Uint8Array
  readonly since: number
  used: number
}

/** An empty store. */
export function createStore({ idleMs, now }: StoreOptions): Store {
  // In the order of their last use: a Map keeps that of its insertions.
  const entries = new Map<string, Entry>()
  let ticked = now()
  let lastUse = ticked

  const forget = (id: string) => {
    entries.get(id)?.bytes.fill(0)
    entries.delete(id)
  }
  const isDue = ({ since, used }: Entry, time: number) => time - used >= idleMs || time - since >= MAX_AGE_MS

  const store: Store = {
    get(id) {
      store.tick()
      lastUse = now()
      const entry = entries.get(id)
      if (entry === undefined) return undefined
      entry.used = lastUse
      entries.delete(id)
      entries.set(id, entry)
      return entry.bytes
    },
    set(id, bytes) {
      store.tick()
      lastUse = now()
      const since = entries.get(id)?.since ?? lastUse
      forget(id)
      entries.set(id, { bytes: fixedCopy(bytes), since, used: lastUse })
      for (const [oldest] of entries) {
        if (entries.size <= MAX_ENTRIES) break
        forget(oldest)
      }
    },
    tick() {
      const time = now()
      // Also where the clock was put back: then nobody knows how long anything has been here.
      if (time < ticked || time - ticked > TICK_MS + ASLEEP_MS) store.wipe()
      ticked = time
      for (const [id, entry] of entries) if (isDue(entry, time)) forget(id)
    },
    wipe() {
      for (const id of [...entries.keys()]) forget(id)
    },
    get size() {
      return entries.size
    },
    get lastUse() {
      return lastUse
    },
  }
  return store
}
