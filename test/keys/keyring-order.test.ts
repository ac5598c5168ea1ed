import { expect, test } from 'vitest'
import { DEFAULT_DECRYPTION_ORDER, inDecryptionOrder, parseDecryptionOrder } from '../../src/keys/keyring-order.ts'
import { ageKey, kmsKey, wrappedBy } from './fake-keys.ts'

test('puts the named types first, and leaves everything else as in the file', () => {
  const pgp = wrappedBy({ type: 'pgp', fingerprint: 'pgp1' })
  const keys = [
    wrappedBy(kmsKey('kms1')),
    pgp,
    wrappedBy(ageKey('age1')),
    wrappedBy(kmsKey('kms2')),
    wrappedBy(ageKey('age2')),
  ]
  const names = (order: Parameters<typeof inDecryptionOrder>[1]) =>
    inDecryptionOrder(keys, order).map(({ wrapped }) => wrapped.split(' ').at(-1))
  expect(names(DEFAULT_DECRYPTION_ORDER)).toEqual(['age1', 'age2', 'pgp1', 'kms1', 'kms2'])
  expect(names(['aws-kms', 'pgp'])).toEqual(['kms1', 'kms2', 'pgp1', 'age1', 'age2'])
  expect(names([])).toEqual(['kms1', 'pgp1', 'age1', 'kms2', 'age2'])
})

test('knows the types by their names here and in sops', () => {
  expect(parseDecryptionOrder('age,aws-kms, pgp')).toEqual(['age', 'aws-kms', 'pgp'])
  expect(parseDecryptionOrder('kms,gcp_kms,azure_kv,hc_vault,hckms,pgp,age')).toEqual([
    'aws-kms',
    'gcp-kms',
    'azure-key-vault',
    'vault-transit',
    'huawei-kms',
    'pgp',
    'age',
  ])
})

test.each(['', 'age,', 'agee', 'age,age', 'kms,aws-kms', 'constructor'])('refuses the order %j', (text) => {
  expect(() => parseDecryptionOrder(text)).toThrow(expect.objectContaining({ code: 'USAGE' }))
})
