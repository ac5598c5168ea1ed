import { setTimeout as sleep } from 'node:timers/promises'
import { type MasterKey, masterKeyIdentity, masterKeyName, type WrappedKey } from '../core/master-key.ts'
import { type KeyAttempt, KmsfileError } from '../errors.ts'
import type { Delay } from './keyring-race.ts'
import type { CallOptions } from './provider.ts'
import type { Providers } from './providers.ts'

/** Remembers data keys, or shares of them, beyond one run: the agent. */
export interface DataKeyCache {
  /** The bytes that {@link set} was given for this wrapped key under this master key; undefined if it has none. */
  get(wrapped: string, masterKey: MasterKey, options?: CallOptions): Promise<Uint8Array | undefined>
  /** Keeps a copy. */
  set(wrapped: string, masterKey: MasterKey, bytes: Uint8Array): Promise<void>
}

/** One question to a key service, for `--verbose`. */
export interface KeyCall {
  readonly action: 'wrap' | 'unwrap' | 'generate'
  readonly masterKey: MasterKey
  readonly ms: number
  /** Why it failed; undefined if it did not. */
  readonly reason?: string | undefined
}

export interface SessionOptions extends CallOptions {
  /** Asked before any key service, and told what they answer. Its own failures are passed over. */
  readonly cache?: DataKeyCache | undefined
  readonly onCall?: ((call: KeyCall) => void) | undefined
  /** Told of every master key that did what it was asked, or whose answer the cache had. */
  readonly onAnswer?: ((masterKey: MasterKey) => void) | undefined
  readonly now?: (() => Date) | undefined
  readonly delay?: Delay | undefined
}

export interface Attempted extends CallOptions {
  readonly action: KeyCall['action']
  readonly masterKey: MasterKey
}

/** What one question to the keyring shares between its keys: options with their defaults, and the list of attempts. */
export interface Session {
  readonly providers: Providers
  readonly cache: DataKeyCache | undefined
  readonly signal: AbortSignal | undefined
  readonly delay: Delay
  now(): Date
  /**
   * Runs one call about a master key. A failure gives undefined and goes into the list of attempts, unless it comes of
   * `signal`.
   */
  attempt<T>(about: Attempted, call: () => Promise<T>): Promise<T | undefined>
  /** Says that the cache had the answer of a master key. */
  recalled(masterKey: MasterKey): void
  /** The attempts that failed, in the order in which they began. */
  attempts(): readonly KeyAttempt[]
  /** What to do about them: one sentence. */
  hint(): string
}

export function newSession(
  providers: Providers,
  { cache, signal, onCall, onAnswer, now = () => new Date(), delay = waitFor }: SessionOptions,
): Session {
  const begun: { key: string; reason?: string; hint?: string | undefined }[] = []
  const failed = () => begun.flatMap(({ key, reason }) => (reason === undefined ? [] : [{ key, reason }]))

  return {
    providers,
    cache,
    signal,
    delay,
    now,
    async attempt({ action, masterKey, signal: stop }, call) {
      const entry: (typeof begun)[number] = { key: masterKeyName(masterKey) }
      begun.push(entry)
      const start = now().getTime()
      try {
        const result = await call()
        onAnswer?.(masterKey)
        return result
      } catch (error) {
        if (stop?.aborted) return undefined
        entry.reason = reasonOf(error)
        entry.hint = error instanceof KmsfileError ? error.hint : undefined
        return undefined
      } finally {
        onCall?.({ action, masterKey, ms: now().getTime() - start, reason: entry.reason })
      }
    },
    recalled: (masterKey) => onAnswer?.(masterKey),
    attempts: failed,
    hint() {
      const hints = begun.flatMap(({ reason, hint }) => (reason === undefined ? [] : (hint ?? [])))
      // Hints are sentences elsewhere; here they become one.
      const parts = [...new Set(hints)].map((text) => text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, ''))
      return parts.length === 0 ? 'run "kmsfile doctor" to see which credentials are missing' : parts.join(', or ')
    },
  }
}

/** Identifies a wrapped key: the text in the file, and all that goes into opening it. */
export function wrappedKeyId({ masterKey, wrapped }: WrappedKey): string {
  return `${masterKeyIdentity(masterKey)}\n${wrapped}`
}

const MAX_REASON_CHARS = 300

/** The message of an error as one line of text. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error)
  return message.replace(/[\u0000-\u0020\u007f-\u009f]+/g, ' ').slice(0, MAX_REASON_CHARS)
}

// A timer that does not keep the process alive: whatever it waits beside does.
function waitFor(ms: number, signal: AbortSignal): Promise<unknown> {
  return sleep(ms, undefined, { signal, ref: false })
}
