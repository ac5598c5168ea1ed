import { expect, test, vi } from 'vitest'
import { createProviders, providersOf } from '../../src/keys/providers.ts'
import { fakeHost } from '../fake-host.ts'
import { fakeKeys } from './fake-keys.ts'

const host = fakeHost()

test.each(['age', 'aws-kms'] as const)('has a provider for %s, the same whenever it is asked', async (type) => {
  const providers = createProviders({ host })
  const [first, second] = await Promise.all([providers.get(type), providers.get(type)])
  expect(first.type).toBe(type)
  expect(second).toBe(first)
  await providers.close()
})

test.each(['pgp', 'gcp-kms', 'azure-key-vault', 'vault-transit', 'huawei-kms'] as const)(
  'says that it has none for %s',
  async (type) => {
    await expect(createProviders({ host }).get(type)).rejects.toMatchObject({
      code: 'KEY_UNSUPPORTED',
      message: `${type} keys are not supported yet`,
      hint: expect.stringContaining('age or AWS KMS'),
    })
  },
)

test('closes what was used, once', async () => {
  const close = vi.fn(async () => undefined)
  const { age, kms } = fakeKeys({})
  const providers = providersOf({ ...age, ...{ close } }, kms)
  await providers.close()
  expect(close).not.toHaveBeenCalled()
  await providers.get('age')
  await providers.close()
  expect(close).toHaveBeenCalledTimes(1)
})
