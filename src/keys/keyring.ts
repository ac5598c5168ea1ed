import { type DataKey, toDataKey } from '../core/data-key.ts'
import type { KeyGroup, MasterKey, WrappedKey } from '../core/master-key.ts'
import { type KeyAttempt, KeyUnavailableError, KmsfileError } from '../errors.ts'
import { openGroups } from './keyring-open.ts'
import { DEFAULT_DECRYPTION_ORDER, inDecryptionOrder, type MasterKeyType } from './keyring-order.ts'
import { newSession, type Session, type SessionOptions } from './keyring-session.ts'
import type { Providers } from './providers.ts'
import { combineShares, sharesNeeded, splitDataKey } from './shares.ts'

export interface KeyringOptions extends SessionOptions {
  /** How many key groups must take part, where there are several. 0, the default, is all of them. */
  readonly threshold?: number | undefined
}

export interface UnwrapOptions extends KeyringOptions {
  /** Types of master keys to ask first, in this order. Default: those that need no network. */
  readonly decryptionOrder?: readonly MasterKeyType[] | undefined
  /** How long a server may take before the next is asked too. */
  readonly hedgeDelayMs?: number | undefined
}

/** A data key, and how it came to light. */
export interface UnwrappedDataKey {
  /** The caller's, to be wiped after use. */
  readonly dataKey: DataKey
  /** The master keys that opened it: one of each group that took part. */
  readonly openedBy: readonly MasterKey[]
  /** What failed on the way. */
  readonly attempts: readonly KeyAttempt[]
}

/**
 * Unwraps the data key of a file: with any one key where there is one group, else from the shares of as many groups as
 * the threshold asks for.
 *
 * Keys are tried in the decryption order. One that may ask a person is awaited; a server that has not answered within
 * the hedge delay is joined by the next, and the first answer counts. What was unwrapped once is not asked for again
 * while the providers are open, and two who ask at the same time share one call.
 *
 * @throws KeyUnavailableError `KEY_UNAVAILABLE`, with every attempt, if too few keys can.
 * @throws KmsfileError `INTERRUPTED` if `signal` aborts.
 */
export async function unwrapDataKey(
  groups: readonly (readonly WrappedKey[])[],
  providers: Providers,
  options: UnwrapOptions = {},
): Promise<UnwrappedDataKey> {
  const { threshold = 0, decryptionOrder = DEFAULT_DECRYPTION_ORDER, hedgeDelayMs = 300 } = options
  const session = newSession(providers, options)
  // A threshold below two cannot have been written with shares; any other that does not fit leaves too few of them.
  const needed = groups.length === 1 ? 1 : Math.max(2, threshold || groups.length)
  const ordered = groups.map((group) => inDecryptionOrder(group, decryptionOrder))

  const opened = await openGroups(ordered, session, { needed, hedgeDelayMs })
  const [first] = opened
  if (first === undefined || opened.length < needed) {
    for (const { bytes } of opened) bytes.fill(0)
    throw notUnwrapped(session, { groups, needed, opened: opened.length })
  }
  const found = { openedBy: opened.map(({ masterKey }) => masterKey), attempts: session.attempts() }
  if (groups.length === 1) return { dataKey: toDataKey(first.bytes), ...found }
  const dataKey = await combineShares(opened.map(({ bytes }) => bytes))
  for (const { bytes } of opened) bytes.fill(0)
  return { dataKey, ...found }
}

/**
 * Wraps a data key for every master key, all side by side: whole where there is one group, else each group its share.
 * The result has the same shape as `groups`.
 *
 * @throws KeyUnavailableError `KEY_WRAP_FAILED`, with every attempt that failed: a file is written for all its keys or
 * not at all.
 * @throws KmsfileError `CONFIG_INVALID` for a threshold that does not go with the groups.
 */
export async function wrapDataKey(
  dataKey: DataKey,
  groups: readonly KeyGroup[],
  providers: Providers,
  options: KeyringOptions = {},
): Promise<readonly (readonly WrappedKey[])[]> {
  const session = newSession(providers, options)
  return wrapAll(dataKey, groups, { session, threshold: options.threshold })
}

/**
 * Has the first key service that can make a data key, and wraps it for all other master keys as {@link wrapDataKey}.
 *
 * @throws KeyUnavailableError `KEY_WRAP_FAILED`; KmsfileError `KEY_UNSUPPORTED` if no master key can make one.
 */
export async function generateDataKey(
  groups: readonly KeyGroup[],
  providers: Providers,
  options: KeyringOptions = {},
): Promise<{ readonly dataKey: DataKey; readonly wrapped: readonly (readonly WrappedKey[])[] }> {
  const session = newSession(providers, options)
  for (const masterKey of groups.flat()) {
    const provider = await providers.get(masterKey.type).catch(() => undefined)
    if (provider?.generate === undefined) continue
    const made = await session.attempt({ action: 'generate', masterKey, signal: session.signal }, async () =>
      provider.generate?.(masterKey, { signal: session.signal }),
    )
    if (made === undefined) throw notWrapped(session, groups)
    const dataKey = toDataKey(made.dataKey)
    // With several groups nobody may hold the whole key, so the wrapped one is dropped.
    const ready = groups.length === 1 ? new Map([[masterKey, made.wrapped]]) : undefined
    return { dataKey, wrapped: await wrapAll(dataKey, groups, { session, threshold: options.threshold, ready }) }
  }
  throw new KmsfileError('none of the master keys can make a data key', {
    code: 'KEY_UNSUPPORTED',
    hint: 'add a key of AWS KMS, or let kmsfile make the data key',
  })
}

interface WrapTask {
  readonly session: Session
  readonly threshold: number | undefined
  /** What is wrapped already. */
  readonly ready?: ReadonlyMap<MasterKey, string> | undefined
}

async function wrapAll(dataKey: DataKey, groups: readonly KeyGroup[], { session, threshold, ready }: WrapTask) {
  const { providers, signal } = session
  const shares =
    groups.length === 1 ? [dataKey] : await splitDataKey(dataKey, groups.length, sharesNeeded(groups.length, threshold))

  const wrapKey = (masterKey: MasterKey, bytes: Uint8Array) =>
    session.attempt({ action: 'wrap', masterKey, signal }, async (): Promise<WrappedKey> => {
      signal?.throwIfAborted()
      const provider = await providers.get(masterKey.type)
      const wrapped =
        ready?.get(masterKey) ?? (await providers.calls.slot(() => provider.wrap(masterKey, bytes, { signal })))
      return { masterKey, wrapped, ...(masterKey.type !== 'age' && { createdAt: seconds(session.now()) }) }
    })

  const wrapped = await Promise.all(
    groups.map((group, i) => Promise.all(group.map((masterKey) => wrapKey(masterKey, shares[i] as Uint8Array)))),
  )
  if (groups.length > 1) for (const share of shares) share.fill(0)
  const complete = wrapped.map((group) => group.filter((key) => key !== undefined))
  if (complete.flat().length < groups.flat().length) throw notWrapped(session, groups)
  return complete
}

/** RFC 3339 in UTC, to the second, as files have it. */
function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z')
}

function notUnwrapped(
  session: Session,
  { groups, needed, opened }: { groups: readonly (readonly WrappedKey[])[]; needed: number; opened: number },
): KmsfileError {
  if (session.signal?.aborted) return interrupted()
  const keys = groups.flat().length
  const some = `${opened} of ${groups.length} key groups could be opened, and ${needed} are needed`
  const none = keys === 0 ? 'the file names no master key' : `none of ${keys} master keys could unwrap the data key`
  return new KeyUnavailableError(groups.length > 1 ? some : none, {
    code: 'KEY_UNAVAILABLE',
    hint: session.hint(),
    attempts: session.attempts(),
  })
}

function notWrapped(session: Session, groups: readonly KeyGroup[]): KmsfileError {
  if (session.signal?.aborted) return interrupted()
  const attempts = session.attempts()
  return new KeyUnavailableError(
    `${attempts.length} of ${groups.flat().length} master keys could not wrap the data key`,
    {
      code: 'KEY_WRAP_FAILED',
      hint: session.hint(),
      attempts,
    },
  )
}

function interrupted(): KmsfileError {
  return new KmsfileError('stopped', { code: 'INTERRUPTED' })
}
