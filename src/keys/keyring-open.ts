import { DATA_KEY_BYTES } from '../core/data-key.ts'
import type { MasterKey, WrappedKey } from '../core/master-key.ts'
import { KmsfileError } from '../errors.ts'
import { type Runner, race } from './keyring-race.ts'
import { type Session, wrappedKeyId } from './keyring-session.ts'
import { SHARE_BYTES, shareProblem } from './shares.ts'

/** A group that was opened: by which key, and what it wraps. */
export interface Opened {
  readonly masterKey: MasterKey
  readonly bytes: Uint8Array
}

export interface OpenOptions {
  /** How many groups have to be opened. */
  readonly needed: number
  /** How long a server may take before the next is asked too. */
  readonly hedgeDelayMs: number
}

/** A group with its keys that are still to be tried, in order. */
interface Group {
  keys: readonly WrappedKey[]
}

/**
 * Opens as many groups as are needed and no more, each with any one of its keys; fewer where that fails.
 *
 * First what is remembered, by this run or the cache; then the keys that need no server, one at a time, since they may
 * ask a person; then those that do, the groups side by side.
 */
export async function openGroups(
  wrapped: readonly (readonly WrappedKey[])[],
  session: Session,
  { needed, hedgeDelayMs }: OpenOptions,
): Promise<readonly Opened[]> {
  const groups = wrapped.map<Group>((keys) => ({ keys }))
  const opened = collect(groups.length, needed)
  const timing = { hedgeDelayMs, delay: session.delay }
  const left = () => (session.signal?.aborted ? [] : opened.left(groups))

  await Promise.all(groups.map((group) => recall(group, session, opened)))

  for (const group of left()) {
    if (left().length > 0) await openLocally(group, session, opened)
  }

  const turn = oneAtATime()
  const runners = left()
    .filter(({ keys }) => keys.length > 0)
    .map<Runner<true>>((group) => ({
      alone: false,
      async run(signal) {
        const runners = await Promise.all(group.keys.map((key) => runnerOf(key, session, { group, opened, turn })))
        const [found] = await race(runners, { ...timing, needed: 1, signal })
        return found
      },
    }))
  if (runners.length > 0) {
    const options = { ...timing, needed: needed - opened.all().length, signal: session.signal }
    await session.providers.calls.slot(() => race(runners, options))
  }
  return opened.all()
}

interface Collection {
  /** Takes what a key gave for its group. @throws KmsfileError `KEY_INVALID` if it cannot be a data key, or this share. */
  take(group: Group, found: Opened): void
  has(group: Group): boolean
  all(): readonly Opened[]
  /** The groups that are not open; none where enough are. */
  left(groups: readonly Group[]): readonly Group[]
}

function collect(groups: number, needed: number): Collection {
  const opened = new Map<Group, Opened>()
  const length = groups === 1 ? DATA_KEY_BYTES : SHARE_BYTES
  return {
    take(group, found) {
      if (opened.has(group) || opened.size >= needed) return
      const { bytes } = found
      if (bytes.length !== length) throw refused(`it wraps ${bytes.length} bytes, not ${length}`)
      const others = Array.from(opened.values(), (other) => other.bytes)
      const problem = groups === 1 ? undefined : shareProblem(bytes, others)
      if (problem !== undefined) throw refused(problem)
      opened.set(group, found)
    },
    has: (group) => opened.has(group),
    all: () => [...opened.values()],
    left: (all) => (opened.size >= needed ? [] : all.filter((group) => !opened.has(group))),
  }
}

/** Looks for a key of the group whose answer is known. A memory that does not fit is none. */
async function recall(group: Group, session: Session, opened: Collection): Promise<void> {
  const { providers, cache, signal } = session
  await Promise.all(
    group.keys.map(async (key) => {
      const { masterKey, wrapped } = key
      try {
        const known = providers.calls.known(wrappedKeyId(key))
        // A copy, since it is wiped after use and the cache may have given its own.
        const bytes = known ?? (await cache?.get(wrapped, masterKey, { signal }))?.slice()
        if (bytes === undefined) return
        opened.take(group, { masterKey, bytes })
        if (known === undefined) session.recalled(masterKey)
      } catch {
        // The key services have the answer too.
      }
    }),
  )
}

/** Tries the keys of the group up to the first that asks a server. */
async function openLocally(group: Group, session: Session, opened: Collection): Promise<void> {
  for (const key of group.keys) {
    const provider = await session.providers.get(key.masterKey.type).catch(() => undefined)
    if (provider?.network || session.signal?.aborted) return
    group.keys = group.keys.slice(1)
    await tryKey(key, session, { group, opened, signal: session.signal })
    if (opened.has(group)) return
  }
}

/** What helps where the machine has nothing to open a key with. */
const MISSING_HINTS: Partial<Record<MasterKey['type'], string>> = {
  age: 'add the identity with KMSFILE_AGE_KEY_FILE',
}

type Turn = <T>(work: () => Promise<T>) => Promise<T>

async function runnerOf(
  key: WrappedKey,
  session: Session,
  { group, opened, turn }: { group: Group; opened: Collection; turn: Turn },
): Promise<Runner<true>> {
  const provider = await session.providers.get(key.masterKey.type).catch(() => undefined)
  const alone = provider?.network === false
  return {
    alone,
    async run(signal) {
      const work = () => tryKey(key, session, { group, opened, signal })
      // The groups race each other, but only one of them at a time may ask a person.
      await (alone ? turn(work) : work())
      return opened.has(group) || undefined
    },
  }
}

async function tryKey(
  key: WrappedKey,
  session: Session,
  { group, opened, signal }: { group: Group; opened: Collection; signal: AbortSignal | undefined },
): Promise<void> {
  const { masterKey, wrapped } = key
  const { providers, cache } = session
  await session.attempt({ action: 'unwrap', masterKey, signal }, async () => {
    signal?.throwIfAborted()
    const provider = await providers.get(masterKey.type).catch(failToOpen)
    const able = (await provider.canUnwrap?.(masterKey)) ?? true
    if (able !== true) throw new KmsfileError(able, { code: 'KEY_UNAVAILABLE', hint: MISSING_HINTS[masterKey.type] })
    const bytes = await providers.calls.share(
      wrappedKeyId(key),
      (shared) => provider.unwrap(masterKey, wrapped, { signal: shared }),
      { signal, keepFailure: provider.network },
    )
    opened.take(group, { masterKey, bytes })
    await cache?.set(wrapped, masterKey, bytes).catch(() => undefined)
  })
}

function oneAtATime(): Turn {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const result = last.then(work)
    last = result.catch(() => undefined)
    return result
  }
}

/** Whose key service kmsfile does not have needs another way to the values of this file, not other keys to write for. */
function failToOpen(error: unknown): never {
  if (!(error instanceof KmsfileError) || error.code !== 'KEY_UNSUPPORTED') throw error
  const hint = 'open the file with sops meanwhile, and let it add a key of age or AWS KMS'
  throw new KmsfileError(error.message, { code: error.code, hint, cause: error })
}

function refused(problem: string): KmsfileError {
  return new KmsfileError(problem, { code: 'KEY_INVALID' })
}
