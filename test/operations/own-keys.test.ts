import { expect, test } from 'vitest'
import type { MasterKey } from '../../src/core/master-key.ts'
import { ownKeys } from '../../src/operations/own-keys.ts'
import { fixture, machine } from '../keys/age-machine.ts'

const OWN = fixture('x25519.pub').trim()
const SSH = fixture('id_ed25519.pub').trim()
const OTHER = 'age1e6jfj38eg03495muvgqzgupr98g0ldyxcqnydtdczpqen7tpcpmsxwkpsg'
const age = (recipient: string): MasterKey => ({ type: 'age', recipient })

test('a user has the identities that lie ready, and no others', async () => {
  const { host, write } = machine()
  write('.config/sops/age/keys.txt', fixture('x25519.txt'))
  write('.ssh/id_ed25519', fixture('id_ed25519'))
  const own = await ownKeys(host)
  expect([OWN, SSH, OTHER].map((recipient) => own.has(age(recipient)))).toEqual(['yes', 'yes', 'no'])
  expect(own).toMatchObject({ problems: [], silent: [] })
})

test('what a command prints or a passphrase locks may be anything', async () => {
  const { host, write, asked } = machine({ env: { SOPS_AGE_KEY_CMD: 'false' }, answers: [] })
  write('.config/sops/age/keys.txt', fixture('x25519.txt.age'))
  const own = await ownKeys(host)
  expect(own.has(age(OTHER))).toBe('maybe')
  expect(own.silent.map(({ name }) => name)).toEqual(['~/.config/sops/age/keys.txt', 'SOPS_AGE_KEY_CMD'])
  expect(asked).toEqual([])
})

test('an SSH key that does not show whose it is may fit SSH recipients alone', async () => {
  const { host } = machine({ env: { SOPS_AGE_SSH_PRIVATE_KEY_CMD: 'false' } })
  const own = await ownKeys(host)
  expect([own.has(age(SSH)), own.has(age(OTHER))]).toEqual(['maybe', 'no'])
})

test('an identity that is malformed is none', async () => {
  const { host } = machine({ env: { KMSFILE_AGE_KEY: 'AGE-SECRET-KEY-1NOT' } })
  const own = await ownKeys(host)
  expect(own.has(age(OTHER))).toBe('no')
  expect(own.problems).toMatchObject([{ code: 'KEY_IDENTITY_INVALID', file: 'KMSFILE_AGE_KEY', line: 1 }])
})

test('AWS decides for itself, and other services are not spoken to yet', async () => {
  const own = await ownKeys(machine().host)
  expect(own.has({ type: 'aws-kms', arn: 'arn' })).toBe('maybe')
  expect(own.has({ type: 'pgp', fingerprint: 'x' })).toBe('no')
})
