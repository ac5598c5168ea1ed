import { expect, onTestFinished, test, vi } from 'vitest'
import { toDataKey } from '../../src/core/data-key.ts'
import type { MasterKey } from '../../src/core/master-key.ts'
import { awsKms } from '../../src/keys/aws-kms.ts'
import { generateDataKey, unwrapDataKey, wrapDataKey } from '../../src/keys/keyring.ts'
import { type Providers, providersOf } from '../../src/keys/providers.ts'
import { USER } from '../kms-server.ts'
import { ARN, awsMachine, OTHER_ARN } from './aws-machine.ts'
import { manualClock, settled } from './fake-keys.ts'

const key: MasterKey = { type: 'aws-kms', arn: ARN }
const replica: MasterKey = { type: 'aws-kms', arn: OTHER_ARN }

async function setUp() {
  const { kms, host } = await awsMachine()
  const opened: Providers[] = []
  onTestFinished(async () => void (await Promise.all(opened.map((providers) => providers.close()))))
  /** The providers of a new run. */
  const newRun = () => {
    const providers = providersOf(awsKms({ host }))
    opened.push(providers)
    return providers
  }
  return { kms, newRun }
}

function newKey(fill: number) {
  return toDataKey(new Uint8Array(32).fill(fill))
}

test('opens 200 files side by side, 50 at a time, with one call for each wrapped key', async () => {
  const { kms, newRun } = await setUp()
  const wrapping = newRun()
  const files = await Promise.all(Array.from({ length: 100 }, (_, i) => wrapDataKey(newKey(i), [[key]], wrapping)))
  const before = kms.calls.length

  const release = kms.hold()
  // Every file twice, as when a tree is walked and a file is in it under two names.
  const providers = newRun()
  const opening = Promise.all([...files, ...files].map((groups) => unwrapDataKey(groups, providers)))
  await vi.waitFor(() => expect(kms.open).toBe(50))
  await settled()
  expect(kms.calls).toHaveLength(before + 50)

  release()
  const opened = (await opening).map(({ dataKey }) => dataKey[0])
  expect(opened).toEqual([...Array(100).keys(), ...Array(100).keys()])
  expect(kms.calls).toHaveLength(before + 100)
  expect(kms.connections).toBeLessThanOrEqual(100)
})

test('has the replica in another region join where one region does not answer', async () => {
  const { kms, newRun } = await setUp()
  const groups = await wrapDataKey(newKey(1), [[key, replica]], newRun())
  const before = kms.calls.length
  kms.misbehave('stall', { target: ARN })

  const clock = manualClock()
  const result = unwrapDataKey(groups, newRun(), { delay: clock.delay })
  await vi.waitFor(() => expect(kms.calls).toHaveLength(before + 1))
  await clock.ring()
  expect((await result).openedBy).toEqual([replica])
  expect(kms.calls.slice(before).map(({ region }) => region)).toEqual(['eu-central-1', 'us-east-1'])
})

test('lists who was refused by which key', async () => {
  const { kms, newRun } = await setUp()
  const groups = await wrapDataKey(newKey(1), [[key, replica]], newRun())
  kms.misbehave('deny')
  await expect(unwrapDataKey(groups, newRun())).rejects.toMatchObject({
    code: 'KEY_UNAVAILABLE',
    message: 'none of 2 master keys could unwrap the data key',
    hint: 'ask for kms:Decrypt on the key',
    attempts: [
      { key: ARN, reason: `AccessDeniedException (as ${USER})` },
      { key: OTHER_ARN, reason: `AccessDeniedException (as ${USER})` },
    ],
  })
})

test('opens two of three groups, the third of which nobody can', async () => {
  const { kms, newRun } = await setUp()
  const third: MasterKey = { type: 'aws-kms', arn: `${ARN}-third` }
  kms.addKey(third.arn)
  const groups = await wrapDataKey(newKey(9), [[third], [key], [replica]], newRun(), { threshold: 2 })
  kms.misbehave('deny', { target: third.arn })
  expect((await unwrapDataKey(groups, newRun(), { threshold: 2 })).dataKey).toEqual(newKey(9))
})

test('has KMS make a data key, and needs no second call for the key that made it', async () => {
  const { kms, newRun } = await setUp()
  const { dataKey, wrapped } = await generateDataKey([[key, replica]], newRun())
  expect(kms.calls.map(({ action }) => action)).toEqual(['GenerateDataKey', 'Encrypt'])
  for (const one of wrapped[0] ?? []) expect((await unwrapDataKey([[one]], newRun())).dataKey).toEqual(dataKey)
})
