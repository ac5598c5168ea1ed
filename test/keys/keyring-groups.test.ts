import { expect, test } from 'vitest'
import { toDataKey } from '../../src/core/data-key.ts'
import type { KeyUnavailableError } from '../../src/errors.ts'
import { unwrapDataKey } from '../../src/keys/keyring.ts'
import { providersOf } from '../../src/keys/providers.ts'
import { splitDataKey } from '../../src/keys/shares.ts'
import { type Answer, ageKey, DATA_KEY, fakeKeys, kmsKey, manualClock, settled, wrappedBy } from './fake-keys.ts'

const no = new Error('AccessDeniedException')
const shares = await splitDataKey(toDataKey(DATA_KEY), 4, 2)
const share = (group: number) => shares[group] as Uint8Array

/** Groups of keys named `age...` or `kms...`, with the answers they give. */
function file(...groups: readonly Readonly<Record<string, Answer>>[]) {
  const fakes = fakeKeys(Object.assign({}, ...groups))
  const wrapped = groups.map((group) =>
    Object.keys(group).map((name) => wrappedBy(name.startsWith('age') ? ageKey(name) : kmsKey(name))),
  )
  return { ...fakes, groups: wrapped, providers: providersOf(fakes.age, fakes.kms) }
}

test('recovers the data key from as many groups as the threshold asks for, and leaves the rest alone', async () => {
  const { groups, providers, asked } = file({ age1: share(0) }, { age2: share(1) }, { kms3: share(2) })
  const { dataKey, openedBy } = await unwrapDataKey(groups, providers, { threshold: 2 })
  expect(dataKey).toEqual(DATA_KEY)
  expect(openedBy).toEqual([ageKey('age1'), ageKey('age2')])
  expect(asked).toEqual(['age1', 'age2'])
})

test('asks servers of different groups side by side, as many as are needed', async () => {
  const waiting: (() => void)[] = []
  const slow = (bytes: Uint8Array) => () => new Promise<Uint8Array>((resolve) => waiting.push(() => resolve(bytes)))
  const { groups, providers, asked } = file(
    { kms1: slow(share(0)) },
    { kms2: slow(share(1)) },
    { kms3: slow(share(2)) },
  )
  const result = unwrapDataKey(groups, providers, { threshold: 2, delay: manualClock().delay })
  await settled()
  expect(asked).toEqual(['kms1', 'kms2'])
  for (const answer of waiting) answer()
  expect((await result).dataKey).toEqual(DATA_KEY)
})

test('asks no more servers than the keys at hand leave to be asked', async () => {
  const { groups, providers, asked } = file({ age1: share(0) }, { kms2: share(1) }, { kms3: share(2) })
  await unwrapDataKey(groups, providers, { threshold: 2, delay: manualClock().delay })
  expect(asked).toEqual(['age1', 'kms2'])
})

test('takes another group where one fails', async () => {
  const { groups, providers } = file({ kms1: no }, { age2: share(1) }, { kms3: no, kms4: share(2) })
  const { dataKey, attempts } = await unwrapDataKey(groups, providers, { threshold: 2 })
  expect(dataKey).toEqual(DATA_KEY)
  expect(attempts.map(({ key }) => key)).toEqual(['kms1', 'kms3'])
})

test('has another group join where one is slow', async () => {
  const clock = manualClock()
  const { groups, providers } = file({ kms1: 'never' }, { kms2: share(1) }, { kms3: share(2) })
  const result = unwrapDataKey(groups, providers, { threshold: 2, delay: clock.delay })
  await clock.ring()
  expect((await result).dataKey).toEqual(DATA_KEY)
})

test.each([0, undefined])('needs every group without a threshold: %s', async (threshold) => {
  const three = await splitDataKey(toDataKey(DATA_KEY), 3, 3)
  const { groups, providers } = file({ age1: three[0]! }, { age2: three[1]! }, { kms3: three[2]! })
  expect((await unwrapDataKey(groups, providers, { threshold })).dataKey).toEqual(DATA_KEY)
})

test('says how many groups are missing, and lists every attempt', async () => {
  const { groups, providers } = file({ age1: share(0) }, { kms2: no }, { kms3: no })
  const error: KeyUnavailableError = await unwrapDataKey(groups, providers, { threshold: 2 }).then(
    () => Promise.reject(new Error('it did not fail')),
    (reason) => reason,
  )
  expect(error).toMatchObject({
    code: 'KEY_UNAVAILABLE',
    message: '1 of 3 key groups could be opened, and 2 are needed',
  })
  expect(error.attempts.map(({ key }) => key)).toEqual(['kms2', 'kms3'])
})

test('needs more than one group, whatever the file says', async () => {
  const { groups, providers } = file({ age1: share(0) }, { age2: share(1) })
  expect((await unwrapDataKey(groups, providers, { threshold: 1 })).dataKey).toEqual(DATA_KEY)
})

test('fails where a file asks for more groups than it has', async () => {
  const { groups, providers } = file({ age1: share(0) }, { age2: share(1) })
  await expect(unwrapDataKey(groups, providers, { threshold: 3 })).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' })
})

test('refuses a share that another group has given, one at zero, and whole data keys', async () => {
  const { groups, providers } = file(
    { age1: share(0) },
    { age2: share(0) },
    { age3: share(1).with(32, 0) },
    { age4: DATA_KEY },
  )
  const error: KeyUnavailableError = await unwrapDataKey(groups, providers, { threshold: 2 }).catch((reason) => reason)
  expect(error.attempts).toEqual([
    { key: 'age2', reason: 'its share is the same as that of another group' },
    { key: 'age3', reason: 'its share is at the place of the data key' },
    { key: 'age4', reason: 'it wraps 32 bytes, not 33' },
  ])
})

test('takes a good key of a group whose other key has a bad share', async () => {
  const { groups, providers } = file({ age1: share(0) }, { age2: share(0), kms2: share(1) })
  expect((await unwrapDataKey(groups, providers, { threshold: 2 })).dataKey).toEqual(DATA_KEY)
})

test('asks persons one at a time, even in different groups', async () => {
  let open = 0
  let most = 0
  const person = (bytes: Uint8Array) => async () => {
    most = Math.max(most, ++open)
    await settled()
    open--
    return bytes
  }
  const { groups, providers } = file({ kms1: no, age1: person(share(0)) }, { kms2: no, age2: person(share(1)) })
  await unwrapDataKey(groups, providers, { threshold: 2, decryptionOrder: ['aws-kms'] })
  expect(most).toBe(1)
})

test('takes no more from the cache than is needed', async () => {
  const { groups, providers } = file({ kms1: no }, { kms2: no }, { kms3: no })
  const cache = { get: async (wrapped: string) => share(Number(wrapped.at(-1))), set: async () => undefined }
  const { dataKey, openedBy } = await unwrapDataKey(groups, providers, { cache, threshold: 2 })
  expect(dataKey).toEqual(DATA_KEY)
  expect(openedBy).toHaveLength(2)
})

test('takes shares from the cache', async () => {
  const { groups, providers, asked } = file({ kms1: no }, { kms2: share(1) })
  const cache = {
    get: async (wrapped: string) => (wrapped.endsWith('kms1') ? share(0) : undefined),
    set: async () => undefined,
  }
  expect((await unwrapDataKey(groups, providers, { cache })).dataKey).toEqual(DATA_KEY)
  expect(asked).toEqual(['kms2'])
})
