import type { MasterKey, WrappedKey } from '../../src/core/master-key.ts'
import { masterKeyName } from '../../src/core/master-key.ts'
import type { Delay } from '../../src/keys/keyring-race.ts'
import type { CallOptions, KeyProvider } from '../../src/keys/provider.ts'

export const DATA_KEY = new Uint8Array(32).fill(7)

/** How a key behaves when it is asked to unwrap. */
export type Answer = Uint8Array | Error | 'never' | ((options: CallOptions) => Promise<Uint8Array>)

export interface FakeKeys {
  readonly age: KeyProvider
  readonly kms: KeyProvider
  /** Names of the keys that were asked, in order; `-name` where a call was aborted. */
  readonly asked: readonly string[]
}

export function ageKey(name: string): MasterKey {
  return { type: 'age', recipient: name }
}

export function kmsKey(name: string): MasterKey {
  return { type: 'aws-kms', arn: name }
}

export function wrappedBy(masterKey: MasterKey, wrapped = `wrapped for ${masterKeyName(masterKey)}`): WrappedKey {
  return { masterKey, wrapped }
}

/** Two key services in memory, one of them behind a network that is not there. */
export function fakeKeys(answers: Readonly<Record<string, Answer>>): FakeKeys {
  const asked: string[] = []

  async function unwrap(key: MasterKey, _wrapped: string, options: CallOptions = {}): Promise<Uint8Array> {
    const name = masterKeyName(key)
    asked.push(name)
    options.signal?.addEventListener('abort', () => asked.push(`-${name}`), { once: true })
    const answer = answers[name] ?? new Error('no such key')
    if (answer === 'never') return never(options.signal)
    if (answer instanceof Error) throw answer
    return typeof answer === 'function' ? answer(options) : answer.slice()
  }

  async function wrap(key: MasterKey, dataKey: Uint8Array): Promise<string> {
    const answer = answers[masterKeyName(key)]
    if (answer instanceof Error) throw answer
    return Buffer.from(dataKey).toString('base64')
  }

  return {
    age: { type: 'age', network: false, wrap, unwrap },
    kms: { type: 'aws-kms', network: true, wrap, unwrap },
    asked,
  }
}

function never(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))))
}

export interface ManualClock {
  readonly delay: Delay
  /** Lets the time of the running timer pass, after everybody had a chance to start one. */
  ring(): Promise<void>
  /** Milliseconds of the timers that are running. */
  running(): readonly number[]
}

export function manualClock(): ManualClock {
  const timers = new Map<() => void, number>()
  return {
    delay: (ms, signal) =>
      new Promise((resolve, reject) => {
        const ring = () => resolve(undefined)
        timers.set(ring, ms)
        signal.addEventListener('abort', () => {
          timers.delete(ring)
          reject(new Error('aborted'))
        })
      }),
    async ring() {
      await settled()
      for (const ring of timers.keys()) ring()
      timers.clear()
      await settled()
    },
    running: () => [...timers.values()],
  }
}

/** Resolves when all that could run has run. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}
