import { expect, onTestFinished, test, vi } from 'vitest'
import type { AwsKmsKey } from '../../src/core/master-key.ts'
import { type AwsKmsOptions, awsKms } from '../../src/keys/aws-kms.ts'
import { USER } from '../kms-server.ts'
import { ACCESS_KEYS, ALIAS, ARN, type AwsMachine, awsMachine, OTHER_ARN } from './aws-machine.ts'

const key: AwsKmsKey = { type: 'aws-kms', arn: ARN }
const dataKey = new Uint8Array(32).fill(7)

async function setUp(
  options: Omit<AwsKmsOptions, 'host'> = {},
): Promise<AwsMachine & { provider: ReturnType<typeof awsKms> }> {
  const machine = await awsMachine()
  const provider = awsKms({ host: machine.host, ...options })
  onTestFinished(provider.close)
  return { ...machine, provider }
}

test('unwraps what it wrapped, as base64 of the ciphertext blob', async () => {
  const { provider, kms } = await setUp()
  const wrapped = await provider.wrap(key, dataKey)

  expect(wrapped).toMatch(/^[A-Za-z0-9+/]+={0,2}$/)
  expect(await provider.unwrap(key, wrapped)).toEqual(dataKey)
  expect(kms.calls).toEqual([
    { action: 'Encrypt', target: ARN, caller: USER, region: 'eu-central-1' },
    { action: 'Decrypt', target: ARN, caller: USER, region: 'eu-central-1' },
  ])
})

test('wraps a share of 33 bytes', async () => {
  const { provider } = await setUp()
  const share = new Uint8Array(33).fill(1)
  expect(await provider.unwrap(key, await provider.wrap(key, share))).toEqual(share)
})

test('takes the ARN of an alias', async () => {
  const { provider, kms } = await setUp()
  const alias: AwsKmsKey = { type: 'aws-kms', arn: ALIAS }
  expect(await provider.unwrap(alias, await provider.wrap(alias, dataKey))).toEqual(dataKey)
  expect(kms.calls.map(({ target }) => target)).toEqual([ALIAS, ALIAS])
})

test('has KMS make a data key that it unwraps again', async () => {
  const { provider } = await setUp()
  const made = await provider.generate?.(key)
  expect(made?.dataKey).toHaveLength(32)
  expect(await provider.unwrap(key, made?.wrapped ?? '')).toEqual(made?.dataKey)
})

test('unwraps under the same encryption context only', async () => {
  const { provider } = await setUp()
  const wrapped = await provider.wrap({ ...key, encryptionContext: { app: 'shop', stage: 'prod' } }, dataKey)

  expect(await provider.unwrap({ ...key, encryptionContext: { stage: 'prod', app: 'shop' } }, wrapped)).toEqual(dataKey)
  for (const encryptionContext of [{ app: 'shop' }, { app: 'shop', stage: 'test' }, {}, undefined]) {
    await expect(provider.unwrap({ ...key, encryptionContext }, wrapped)).rejects.toMatchObject({
      code: 'KEY_UNAVAILABLE',
      message: 'InvalidCiphertextException (not wrapped by this key, or with another encryption context)',
    })
  }
})

test('asks each key in the region of its ARN', async () => {
  const { provider, kms } = await setUp()
  await Promise.all([provider.wrap(key, dataKey), provider.wrap({ type: 'aws-kms', arn: OTHER_ARN }, dataKey)])
  expect(kms.calls.map(({ region }) => region).sort()).toEqual(['eu-central-1', 'us-east-1'])
})

test('sends twenty requests through one connection', async () => {
  const { provider, kms } = await setUp()
  for (let i = 0; i < 20; i++) await provider.wrap(key, dataKey)
  expect(kms.calls).toHaveLength(20)
  expect(kms.connections).toBe(1)
})

test('asks again where KMS is busy', async () => {
  const { provider, kms } = await setUp()
  kms.misbehave('throttle', { times: 2 })
  expect(await provider.wrap(key, dataKey)).not.toBe('')
  expect(kms.calls).toHaveLength(3)
})

test('asks again after a server error', async () => {
  const { provider, kms } = await setUp()
  kms.misbehave('fail', { times: 1 })
  kms.misbehave('hang-up', { times: 1 })
  expect(await provider.wrap(key, dataKey)).not.toBe('')
})

test('says who may not use the key, and what to ask for', async () => {
  const { provider, kms } = await setUp()
  kms.misbehave('deny')
  await expect(provider.unwrap(key, 'AAAA')).rejects.toMatchObject({
    code: 'KEY_UNAVAILABLE',
    message: `AccessDeniedException (as ${USER})`,
    hint: 'ask for kms:Decrypt on the key',
  })
  await expect(provider.wrap(key, dataKey)).rejects.toMatchObject({ hint: 'ask for kms:Encrypt on the key' })
})

test('says in a few words what is wrong with a key', async () => {
  const { provider, kms } = await setUp()
  const disabled = `${ARN}-disabled`
  kms.addKey(disabled, { disabled: true })
  await expect(provider.wrap({ ...key, arn: disabled }, dataKey)).rejects.toThrow(
    /^DisabledException \(the key is disabled\)$/,
  )
  await expect(provider.wrap({ ...key, arn: `${ARN}-missing` }, dataKey)).rejects.toThrow(
    /^NotFoundException \(no such key or alias\)$/,
  )
  kms.misbehave('fail')
  await expect(provider.wrap(key, dataKey)).rejects.toThrow(/^KMSInternalException \(status 500\)$/)
})

test('names the server that does not answer, and how long it waited', async () => {
  const { provider, kms } = await setUp({ attemptTimeoutMs: 20, totalTimeoutMs: 5_000 })
  kms.misbehave('stall')
  await expect(provider.wrap(key, dataKey)).rejects.toThrow(`no answer within 0.02 s from 127.0.0.1:${kms.port}`)
})

test('bounds the time of a call with all its retries', async () => {
  const { provider, kms } = await setUp({ totalTimeoutMs: 30 })
  kms.misbehave('stall')
  await expect(provider.wrap(key, dataKey)).rejects.toThrow('no answer within 0.03 s')
})

test('names the server that cannot be reached', async () => {
  const { provider, kms } = await setUp()
  await kms.close()
  await expect(provider.wrap(key, dataKey)).rejects.toThrow(`ECONNREFUSED 127.0.0.1:${kms.port}`)
})

test('recognizes an answer that is not one of KMS', async () => {
  const { provider, kms } = await setUp()
  kms.misbehave('garbage')
  await expect(provider.wrap(key, dataKey)).rejects.toThrow(/^an answer that is not one of AWS \(status 200\)$/)
})

test('ends when its caller gives up', async () => {
  const { provider, kms } = await setUp()
  kms.misbehave('stall')
  const stop = new AbortController()
  const answer = provider.wrap(key, dataKey, { signal: stop.signal })
  await vi.waitFor(() => expect(kms.calls).toHaveLength(1))
  stop.abort()
  await expect(answer).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' })
  await expect(provider.wrap(key, dataKey, { signal: stop.signal })).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' })
  expect(kms.calls).toHaveLength(1)
})

test.each(['', '%%%%', 'AAA=AAA', 'A'])('refuses %j as a wrapped data key without asking', async (wrapped) => {
  const { provider, kms } = await setUp()
  await expect(provider.unwrap(key, wrapped)).rejects.toMatchObject({ code: 'KEY_INVALID' })
  expect(kms.calls).toHaveLength(0)
})

test('refuses a malformed ARN without asking', async () => {
  const { provider, kms } = await setUp()
  const arn = 'arn:aws:kms:evil.example/:111122223333:key/1'
  await expect(provider.unwrap({ ...key, arn }, 'AAAA')).rejects.toMatchObject({ code: 'KEY_INVALID' })
  expect(kms.calls).toHaveLength(0)
})

test('tells nothing of credentials, requests and data keys when it fails', async () => {
  const { provider, kms } = await setUp()
  const secrets = [ACCESS_KEYS.AWS_SECRET_ACCESS_KEY, Buffer.from(dataKey).toString('base64'), 'Signature', 'AKIA']
  for (const behaviour of ['deny', 'garbage', 'throttle', 'fail', 'hang-up'] as const) {
    const behave = kms.misbehave(behaviour)
    const error: Error = await provider.wrap(key, dataKey).then(
      () => Promise.reject(new Error('it did not fail')),
      (reason) => reason,
    )
    expect(error.cause).toBeUndefined()
    const text = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error)
    for (const secret of secrets) expect(text).not.toContain(secret)
    behave()
  }
})
