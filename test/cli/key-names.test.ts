import { expect, test } from 'vitest'
import { groupsLabel, keyLabel, shortKey } from '../../src/cli/key-names.ts'
import { type MasterKey, masterKeyIdentity } from '../../src/core/master-key.ts'

const ALICE: MasterKey = {
  type: 'age',
  recipient: 'age1e6jfj38eg03495muvgqzgupr98g0ldyxcqnydtdczpqen7tpcpmsxwkpsg',
}
const aws = (resource: string): MasterKey => ({ type: 'aws-kms', arn: `arn:aws:kms:eu-central-1:1:${resource}` })

test.each<[MasterKey, string]>([
  [ALICE, 'age1e6...kpsg'],
  [{ type: 'age', recipient: 'age1short' }, 'age1short'],
  [{ type: 'age', recipient: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0123456789 ben@laptop' }, 'ssh-ed25519 ben@laptop'],
  [{ type: 'age', recipient: 'ssh-rsa AAAAB3NzaC1yc2E0123456789abcdef==' }, 'ssh-rsa ...89abcdef'],
  [aws('alias/prod'), 'alias/prod'],
  [aws('key/11111111-2222-3333-4444-555555555555'), 'key/11111111...'],
  [{ type: 'aws-kms', arn: 'nonsense' }, 'nonsense'],
  [
    { type: 'pgp', fingerprint: '85D77543B3D624B63CEA9E6DBC17301B491B3F21' },
    '85D77543B3D624B63CEA9E6DBC17301B491B3F21',
  ],
  [
    { type: 'gcp-kms', resourceId: 'projects/p/locations/global/keyRings/ring/cryptoKeys/key' },
    '...s/global/keyRings/ring/cryptoKeys/key',
  ],
])('%j is %s in talk', (key, expected) => {
  expect(shortKey(key)).toBe(expected)
})

test('the name that the configuration gives goes first', () => {
  expect(keyLabel(ALICE, new Map([[masterKeyIdentity(ALICE), 'alice']]))).toBe('alice')
  expect(keyLabel(ALICE, new Map())).toBe('age1e6...kpsg')
})

test('groups say how many of them are needed', () => {
  expect(groupsLabel([[ALICE, aws('alias/a')]])).toBe('age1e6...kpsg, alias/a')
  expect(groupsLabel([[ALICE], [aws('alias/a')]])).toBe('age1e6...kpsg | alias/a (2 of 2)')
  expect(groupsLabel([[ALICE], [aws('alias/a')], [aws('alias/b')]], { threshold: 2 })).toMatch(/ \(2 of 3\)$/)
  expect(groupsLabel([])).toBe('')
})
