import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type MasterKey, masterKeyIdentity, masterKeyName } from '../../src/core/master-key.ts'

const name = fc.constantFrom('', 'a', 'b', 'ab', '"', '","b', '[', 'role', '__proto__', 'constructor', '\ud800', '\\')
const optional = fc.option(name, { nil: undefined })
const context = fc.array(fc.tuple(name, name), { maxLength: 3 }).map((entries) => Object.fromEntries(entries))
const masterKey = fc.oneof<fc.Arbitrary<MasterKey>[]>(
  fc
    .tuple(name, optional, optional, fc.option(context, { nil: undefined }))
    .map(([arn, role, profile, encryptionContext]) => ({ type: 'aws-kms', arn, role, profile, encryptionContext })),
  fc.record({ type: fc.constant('age' as const), recipient: name }),
  fc.record({ type: fc.constant('pgp' as const), fingerprint: name }),
  fc.record({ type: fc.constant('gcp-kms' as const), resourceId: name }),
  fc.record({ type: fc.constant('azure-key-vault' as const), vaultUrl: name, name, version: name }),
  fc.record({ type: fc.constant('vault-transit' as const), address: name, enginePath: name, keyName: name }),
  fc.record({ type: fc.constant('huawei-kms' as const), keyId: name }),
)

/** Everything that makes a recipient, in an order of its own. */
function meaning(key: MasterKey): unknown {
  const fields = new Map<string, unknown>()
  for (const [field, value] of Object.entries(key)) {
    if (value === undefined || value === '') continue
    if (typeof value === 'string') fields.set(field, value)
    else if (Object.keys(value).length > 0) fields.set(field, new Map(Object.entries(value)))
  }
  return fields
}

test('two master keys have the same identity if and only if they are the same recipient', () => {
  let same = 0
  fc.assert(
    fc.property(masterKey, masterKey, (first, second) => {
      const equal = isEqual(meaning(first), meaning(second))
      if (equal) same++
      expect(masterKeyIdentity(first) === masterKeyIdentity(second)).toBe(equal)
    }),
    { numRuns: 5000 },
  )
  expect(same).toBeGreaterThan(10)
})

test('does not depend on the order of the fields', () => {
  const [one, two] = [
    { type: 'aws-kms', arn: 'a', encryptionContext: { x: '1', y: '2' }, role: 'r' },
    { role: 'r', encryptionContext: { y: '2', x: '1' }, arn: 'a', type: 'aws-kms' },
  ] as const
  expect(masterKeyIdentity(one)).toBe(masterKeyIdentity(two))
})

// The recipients' seal of files that exist is made over it.
test('stays as it is', () => {
  expect(
    masterKeyIdentity({ type: 'aws-kms', arn: 'arn:aws:kms:x', role: '', encryptionContext: { b: '2', a: '1' } }),
  ).toBe('[["arn","arn:aws:kms:x"],["encryptionContext",[["a","1"],["b","2"]]],["type","aws-kms"]]')
  expect(masterKeyIdentity({ type: 'age', recipient: 'age1x' })).toBe('[["recipient","age1x"],["type","age"]]')
})

describe('the name for people', () => {
  test.each<[string, MasterKey]>([
    ['arn:aws:kms:x', { type: 'aws-kms', arn: 'arn:aws:kms:x' }],
    ['arn:aws:kms:x+arn:aws:iam::1:role/r', { type: 'aws-kms', arn: 'arn:aws:kms:x', role: 'arn:aws:iam::1:role/r' }],
    ['age1x', { type: 'age', recipient: 'age1x' }],
    ['ABCD', { type: 'pgp', fingerprint: 'ABCD' }],
    ['https://v/keys/n/1', { type: 'azure-key-vault', vaultUrl: 'https://v', name: 'n', version: '1' }],
    [
      'https://a/v1/transit/keys/k',
      { type: 'vault-transit', address: 'https://a', enginePath: 'transit', keyName: 'k' },
    ],
    ['projects/p', { type: 'gcp-kms', resourceId: 'projects/p' }],
    ['r:1', { type: 'huawei-kms', keyId: 'r:1' }],
  ])('%s', (expected, key) => {
    expect(masterKeyName(key)).toBe(expected)
  })
})

function isEqual(first: unknown, second: unknown): boolean {
  if (!(first instanceof Map) || !(second instanceof Map)) return first === second
  return (
    first.size === second.size && [...first].every(([key, value]) => second.has(key) && isEqual(value, second.get(key)))
  )
}
