import { expect, test } from 'vitest'
import { toDataKey } from '../../src/core/data-key.ts'
import type { KeyGroup } from '../../src/core/master-key.ts'
import { generateDataKey, unwrapDataKey, wrapDataKey } from '../../src/keys/keyring.ts'
import { providersOf } from '../../src/keys/providers.ts'
import { combineShares } from '../../src/keys/shares.ts'
import { ageKey, DATA_KEY, fakeKeys, kmsKey } from './fake-keys.ts'

const dataKey = toDataKey(DATA_KEY.slice())
const now = () => new Date('2025-03-02T10:20:30.456Z')

function services(failing: Readonly<Record<string, Error>> = {}) {
  const fakes = fakeKeys(failing)
  const unwrap = async (_key: unknown, wrapped: string) => Uint8Array.from(Buffer.from(wrapped, 'base64'))
  const made = toDataKey(new Uint8Array(32).fill(3))
  return {
    made,
    providers: providersOf(
      { ...fakes.age, unwrap },
      { ...fakes.kms, unwrap, generate: async () => ({ dataKey: made.slice(), wrapped: 'made by kms' }) },
    ),
  }
}

test('wraps for every key of a group, with the time for all but age', async () => {
  const wrapped = await wrapDataKey(dataKey, [[kmsKey('kms1'), ageKey('age1')]], services().providers, { now })
  const base64 = Buffer.from(DATA_KEY).toString('base64')
  expect(wrapped).toEqual([
    [
      { masterKey: kmsKey('kms1'), wrapped: base64, createdAt: '2025-03-02T10:20:30Z' },
      { masterKey: ageKey('age1'), wrapped: base64 },
    ],
  ])
})

test('wraps a share for every key of each of several groups', async () => {
  const groups: KeyGroup[] = [[kmsKey('kms1'), ageKey('age1')], [kmsKey('kms2')], [ageKey('age3')]]
  const { providers } = services()
  const wrapped = await wrapDataKey(dataKey, groups, providers, { now, threshold: 2 })
  expect(wrapped.map((group) => group.map(({ masterKey }) => masterKey))).toEqual(groups)

  const shares = wrapped.map((group) => group.map(({ wrapped: text }) => Uint8Array.from(Buffer.from(text, 'base64'))))
  expect(shares[0]?.[0]).toEqual(shares[0]?.[1])
  expect(await combineShares([shares[0]![0]!, shares[2]![0]!])).toEqual(DATA_KEY)
  expect((await unwrapDataKey(wrapped, providers, { threshold: 2 })).dataKey).toEqual(DATA_KEY)
  // The data key is the caller's.
  expect(dataKey).toEqual(DATA_KEY)
})

test('wraps for all or none, and lists all that failed', async () => {
  const { providers } = services({ kms1: new Error('AccessDeniedException'), age1: new Error('not a recipient') })
  const groups = [[kmsKey('kms1'), kmsKey('kms2'), ageKey('age1'), { type: 'pgp', fingerprint: 'ABCD' }]] as const
  await expect(wrapDataKey(dataKey, groups, providers)).rejects.toMatchObject({
    code: 'KEY_WRAP_FAILED',
    message: '3 of 4 master keys could not wrap the data key',
    attempts: [
      { key: 'kms1', reason: 'AccessDeniedException' },
      { key: 'age1', reason: 'not a recipient' },
      { key: 'ABCD', reason: 'pgp keys are not supported yet' },
    ],
  })
})

test('says which key services there are where a key is of another', async () => {
  const wrapped = wrapDataKey(dataKey, [[{ type: 'pgp', fingerprint: 'ABCD' }]], services().providers)
  await expect(wrapped).rejects.toMatchObject({ hint: expect.stringMatching(/^use keys of age or AWS KMS/) })
})

test('refuses a threshold that does not go with the groups', async () => {
  for (const threshold of [1, 3]) {
    const wrapped = wrapDataKey(dataKey, [[kmsKey('kms1')], [ageKey('age1')]], services().providers, { threshold })
    await expect(wrapped).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  }
})

test('says that it was stopped', async () => {
  const options = { signal: AbortSignal.abort() }
  const { providers } = services()
  for (const work of [wrapDataKey(dataKey, [[kmsKey('kms1')]], providers, options)]) {
    await expect(work).rejects.toMatchObject({ code: 'INTERRUPTED' })
  }
})

test('has the first service that can make the data key, and wraps it for the others', async () => {
  const { providers, made } = services()
  const result = await generateDataKey([[ageKey('age1'), kmsKey('kms1'), kmsKey('kms2')]], providers, { now })
  const base64 = Buffer.from(made).toString('base64')
  expect(result.dataKey).toEqual(made)
  expect(result.wrapped[0]?.map(({ wrapped }) => wrapped)).toEqual([base64, 'made by kms', base64])
})

test('splits a data key that a service made, and keeps it whole for nobody', async () => {
  const { providers, made } = services()
  const { dataKey: key, wrapped } = await generateDataKey([[kmsKey('kms1')], [ageKey('age1')]], providers, {
    threshold: 2,
  })
  expect(key).toEqual(made)
  expect(JSON.stringify(wrapped)).not.toContain('made by kms')
  expect((await unwrapDataKey(wrapped, providers, { threshold: 2 })).dataKey).toEqual(made)
})

test('fails where the service does not make one, or none can', async () => {
  const kms = { ...fakeKeys({}).kms, generate: () => Promise.reject(new Error('AccessDeniedException')) }
  await expect(generateDataKey([[kmsKey('kms1')]], providersOf(kms))).rejects.toMatchObject({
    code: 'KEY_WRAP_FAILED',
    attempts: [{ key: 'kms1', reason: 'AccessDeniedException' }],
  })
  await expect(generateDataKey([[ageKey('age1')]], services().providers)).rejects.toMatchObject({
    code: 'KEY_UNSUPPORTED',
  })
})
