import { expect, test } from 'vitest'
import type { KeyUnavailableError } from '../../src/errors.ts'
import { KmsfileError } from '../../src/errors.ts'
import { unwrapDataKey } from '../../src/keys/keyring.ts'
import type { DataKeyCache, KeyCall } from '../../src/keys/keyring-session.ts'
import { providersOf } from '../../src/keys/providers.ts'
import { ageKey, DATA_KEY, fakeKeys, kmsKey, manualClock, wrappedBy } from './fake-keys.ts'

const no = new Error('AccessDeniedException')

/** One group of these keys, with the answers they give. */
function file(answers: Parameters<typeof fakeKeys>[0]) {
  const fakes = fakeKeys(answers)
  const group = Object.keys(answers).map((name) => wrappedBy(name.startsWith('age') ? ageKey(name) : kmsKey(name)))
  return { ...fakes, group, providers: providersOf(fakes.age, fakes.kms) }
}

async function errorOf(promise: Promise<unknown>): Promise<KeyUnavailableError> {
  return promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => error,
  )
}

test('opens with any one key', async () => {
  const { group, providers } = file({ kms1: no, kms2: DATA_KEY })
  const { dataKey, openedBy, attempts } = await unwrapDataKey([group], providers)
  expect(dataKey).toEqual(DATA_KEY)
  expect(openedBy).toEqual([kmsKey('kms2')])
  expect(attempts).toEqual([{ key: 'kms1', reason: 'AccessDeniedException' }])
})

test('tries keys that need no network first, one after the other, and no server if one of them opens', async () => {
  const { group, providers, asked } = file({ kms1: DATA_KEY, age1: no, age2: DATA_KEY, age3: DATA_KEY })
  await unwrapDataKey([group], providers)
  expect(asked).toEqual(['age1', 'age2'])
})

test('goes by the decryption order', async () => {
  const { group, providers, asked } = file({ age1: DATA_KEY, kms1: no, kms2: no })
  await unwrapDataKey([group], providers, { decryptionOrder: ['aws-kms'] })
  expect(asked).toEqual(['kms1', 'kms2', 'age1'])
})

test('waits for the servers that were asked before it asks a person', async () => {
  const clock = manualClock()
  const { group, providers, asked } = file({ kms1: 'never', age1: DATA_KEY })
  const stop = new AbortController()
  const result = unwrapDataKey([group], providers, {
    decryptionOrder: ['aws-kms', 'age'],
    delay: clock.delay,
    signal: stop.signal,
  })
  await clock.ring()
  expect(asked).toEqual(['kms1'])
  stop.abort()
  await expect(result).rejects.toMatchObject({ code: 'INTERRUPTED' })
})

test('has the next server join after the hedge delay, and aborts the slow one', async () => {
  const clock = manualClock()
  const { group, providers, asked } = file({ kms1: 'never', kms2: DATA_KEY })
  const result = unwrapDataKey([group], providers, { delay: clock.delay, hedgeDelayMs: 50 })
  await clock.ring()
  expect((await result).openedBy).toEqual([kmsKey('kms2')])
  expect((await result).attempts).toEqual([])
  expect(asked).toEqual(['kms1', 'kms2', '-kms1'])
})

test('lists every attempt where none works, in the order tried', async () => {
  const { group, providers } = file({
    kms1: no,
    kms2: new Error('no answer within 10 s'),
    age1: new Error('no identity'),
  })
  const error = await errorOf(unwrapDataKey([group], providers))
  expect(error).toMatchObject({
    code: 'KEY_UNAVAILABLE',
    message: 'none of 3 master keys could unwrap the data key',
    hint: 'run "kmsfile doctor" to see which credentials are missing',
  })
  expect(error.attempts).toEqual([
    { key: 'age1', reason: 'no identity' },
    { key: 'kms1', reason: 'AccessDeniedException' },
    { key: 'kms2', reason: 'no answer within 10 s' },
  ])
})

test('makes one hint of all hints', async () => {
  const hint = 'Ask for kms:Decrypt on the key.'
  const denied = new KmsfileError('AccessDeniedException', { code: 'KEY_UNAVAILABLE', hint })
  const { group, kms, age } = file({ kms1: denied, kms2: denied, age1: no })
  const providers = providersOf({ ...age, canUnwrap: async () => 'no identity for it' }, kms)
  const error = await errorOf(unwrapDataKey([group], providers))
  expect(error.hint).toBe('add the identity with KMSFILE_AGE_KEY_FILE, or ask for kms:Decrypt on the key')
})

test('asks nothing of a key that this machine cannot have', async () => {
  const { group, kms, age, asked } = file({ age1: DATA_KEY, kms1: DATA_KEY })
  const providers = providersOf({ ...age, canUnwrap: async () => 'no identity for it' }, kms)
  expect((await unwrapDataKey([group], providers)).attempts).toEqual([{ key: 'age1', reason: 'no identity for it' }])
  expect(asked).toEqual(['kms1'])
})

test('lists keys that kmsfile cannot use, and opens with the others', async () => {
  const { group, providers } = file({ kms1: DATA_KEY })
  const pgp = wrappedBy({ type: 'pgp', fingerprint: 'ABCD' })
  const gcp = wrappedBy({ type: 'gcp-kms', resourceId: 'projects/p' })
  const { attempts } = await unwrapDataKey([[gcp, pgp, ...group]], providers)
  expect(attempts).toEqual([
    { key: 'ABCD', reason: 'pgp keys are not supported yet' },
    { key: 'projects/p', reason: 'gcp-kms keys are not supported yet' },
  ])
})

test('names the other way to a file all of whose keys kmsfile cannot use', async () => {
  const pgp = wrappedBy({ type: 'pgp', fingerprint: 'ABCD' })
  const { hint } = await errorOf(unwrapDataKey([[pgp]], providersOf()))
  expect(hint).toMatch(/^open the file with sops/)
  expect(hint).not.toContain('doctor')
})

test.each([0, 16, 31, 33, 64])('refuses %i bytes as a data key', async (length) => {
  const { group, providers } = file({ kms1: new Uint8Array(length), age1: new Uint8Array(length) })
  const error = await errorOf(unwrapDataKey([group], providers))
  expect(error.code).toBe('KEY_UNAVAILABLE')
  expect(error.attempts.map(({ reason }) => reason)).toEqual(Array(2).fill(`it wraps ${length} bytes, not 32`))
})

test('shows what a service says as one line of bounded length', async () => {
  const { group, providers } = file({ kms1: new Error(`a\u001b[31m\n\tb${'x'.repeat(1000)}`) })
  const [attempt] = (await errorOf(unwrapDataKey([group], providers))).attempts
  expect(attempt?.reason).toMatch(/^a \[31m bx+$/)
  expect(attempt?.reason.length).toBeLessThanOrEqual(300)
})

test.each([[[]], [[[]]]])('says that a file without keys has none: %j', async (groups) => {
  await expect(unwrapDataKey(groups, providersOf())).rejects.toMatchObject({
    code: 'KEY_UNAVAILABLE',
    message: 'the file names no master key',
  })
})

test('never asks for the same wrapped key twice, one after the other or at once', async () => {
  const { group, providers, asked } = file({ kms1: DATA_KEY })
  const results = await Promise.all([1, 2, 3].map(() => unwrapDataKey([group], providers)))
  for (const { dataKey } of results) expect(dataKey).toEqual(DATA_KEY)
  results[0]?.dataKey.fill(0)
  expect((await unwrapDataKey([group], providers)).dataKey).toEqual(DATA_KEY)
  expect(asked).toEqual(['kms1'])
})

test('asks no other key where one is known to open', async () => {
  const { group, providers, asked } = file({ age1: no, kms1: DATA_KEY })
  await unwrapDataKey([group], providers)
  expect((await unwrapDataKey([group], providers)).attempts).toEqual([])
  expect(asked).toEqual(['age1', 'kms1'])
})

test('takes a wrapped key under another context or role for another', async () => {
  const { providers, asked } = file({ kms1: DATA_KEY, 'kms1+role': DATA_KEY })
  const key = { type: 'aws-kms', arn: 'kms1' } as const
  for (const masterKey of [key, { ...key, encryptionContext: { a: 'b' } }, { ...key, role: 'role' }]) {
    await unwrapDataKey([[wrappedBy(masterKey, 'same')]], providers)
  }
  expect(asked).toEqual(['kms1', 'kms1', 'kms1+role'])
})

test('asks a server that refused not again', async () => {
  const { group, providers, asked } = file({ kms1: no })
  await errorOf(unwrapDataKey([group], providers))
  expect((await errorOf(unwrapDataKey([group], providers))).attempts).toHaveLength(1)
  expect(asked).toEqual(['kms1'])
})

test('forgets data keys when the providers are closed', async () => {
  const { group, providers, asked } = file({ kms1: DATA_KEY })
  await unwrapDataKey([group], providers)
  await providers.close()
  await unwrapDataKey([group], providers)
  expect(asked).toEqual(['kms1', 'kms1'])
})

test('asks the cache before any key, and tells it what a key gave', async () => {
  const stored = new Map<string, Uint8Array>()
  const cache: DataKeyCache = {
    get: async (wrapped) => stored.get(wrapped),
    set: async (wrapped, _key, bytes) => void stored.set(wrapped, bytes.slice()),
  }
  const first = file({ age1: no, kms1: DATA_KEY })
  await unwrapDataKey([first.group], first.providers, { cache })
  expect([...stored.keys()]).toEqual(['wrapped for kms1'])

  const second = file({ age1: DATA_KEY, kms1: DATA_KEY })
  expect((await unwrapDataKey([second.group], second.providers, { cache })).openedBy).toEqual([kmsKey('kms1')])
  expect(second.asked).toEqual([])
})

test('goes on without a cache that fails or gives what is no data key', async () => {
  const broken = { get: () => Promise.reject(new Error('gone')), set: () => Promise.reject(new Error('gone')) }
  const wrong = { get: async () => new Uint8Array(5), set: async () => undefined }
  for (const cache of [broken, wrong]) {
    const { group, providers } = file({ kms1: DATA_KEY })
    expect((await unwrapDataKey([group], providers, { cache })).dataKey).toEqual(DATA_KEY)
  }
})

test('reports each call with its time and what came of it, for --verbose', async () => {
  const { group, providers } = file({ age1: no, kms1: DATA_KEY })
  const calls: KeyCall[] = []
  const times = [0, 5, 10, 15].map((ms) => new Date(ms))
  const now = () => times.shift() ?? new Date(0)
  await unwrapDataKey([group], providers, { onCall: (call) => calls.push(call), now })
  expect(calls).toEqual([
    { action: 'unwrap', masterKey: ageKey('age1'), ms: 5, reason: 'AccessDeniedException' },
    { action: 'unwrap', masterKey: kmsKey('kms1'), ms: 5, reason: undefined },
  ])
})

test('says that it was stopped, and not that a key failed', async () => {
  const { group, providers, asked } = file({ age1: DATA_KEY, kms1: DATA_KEY })
  await expect(unwrapDataKey([group], providers, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'INTERRUPTED',
  })
  expect(asked).toEqual([])
})
