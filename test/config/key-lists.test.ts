import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { encryptionContextOf, keysOfList } from '../../src/config/key-lists.ts'

const A = 'age1e6jfj38eg03495muvgqzgupr98g0ldyxcqnydtdczpqen7tpcpmsxwkpsg'
const ARN = 'arn:aws:kms:eu-central-1:111122223333:key/612d5f0a-c1b3-45e6-aca6-a5b005693a48'
const ROLE = 'arn:aws:iam::111122223333:role/deploy+1'
const invalid = expect.objectContaining({ code: 'CONFIG_INVALID' })
const recipient = (name: string) =>
  readFileSync(new URL(`../../fixtures/age/${name}.pub`, import.meta.url), 'utf8').trim()

describe('a list of keys as sops takes it from the command line', () => {
  test('has commas, spaces and empty parts', () => {
    expect(keysOfList('age', ` ${A}, ,${A},`)).toEqual([
      { type: 'age', recipient: A },
      { type: 'age', recipient: A },
    ])
    expect(keysOfList('age', '')).toEqual([])
  })

  test('has a role after a plus, and gives profile and context to every key', () => {
    const aws = { profile: 'dev', encryptionContext: { app: 'shop' } }
    expect(keysOfList('kms', `${ARN} + ${ROLE}, ${ARN}`, aws)).toEqual([
      { type: 'aws-kms', arn: ARN, role: ROLE, ...aws },
      { type: 'aws-kms', arn: ARN, ...aws },
    ])
  })

  test('takes for PGP whatever gpg takes, but no flag', () => {
    expect(keysOfList('pgp', 'ana@example.org,FBC7 B9E2')).toEqual([
      { type: 'pgp', fingerprint: 'ana@example.org' },
      { type: 'pgp', fingerprint: 'FBC7B9E2' },
    ])
    expect(() => keysOfList('pgp', '--output')).toThrow(invalid)
  })

  test.each(['hybrid', 'id_ed25519', 'id_rsa'])('takes recipients of age of every kind: %s', (name) => {
    expect(keysOfList('age', recipient(name))).toEqual([{ type: 'age', recipient: recipient(name) }])
  })

  test.each([
    ['age', A.toUpperCase()],
    ['age', `${A}q`],
    ['age', A.replace('e6', '6e')],
    ['age', 'age1'],
    ['age', recipient('id_ecdsa')],
    ['age', recipient('id_ed25519').replace('ssh-ed25519', 'ssh-rsa')],
    ['kms', `${ARN}+${ARN}`],
    ['kms', `${ARN}+${ROLE}+${ROLE}x:`],
    ['kms', 'alias/prod'],
    ['gcp-kms', 'projects/p'],
    ['hckms', 'x'],
    ['azure-kv', 'https://vault.azure.net/key/x'],
    ['hc-vault-transit', 'https://vault/prefix/v1/transit/keys/x'],
    ['hc-vault-transit', 'vault/v1/transit/keys/x'],
    ['hc-vault-transit', 'https://vault/v1/transit/keys/x?token=y'],
  ] as const)('refuses what is no key: %s %s', (service, text) => {
    expect(() => keysOfList(service, text)).toThrow(invalid)
  })
})

test('an encryption context is a list of pairs', () => {
  expect(encryptionContextOf('app:shop,env:prod')).toEqual({ app: 'shop', env: 'prod' })
  for (const text of ['app', 'app:shop:x', ':x', 'app:shop,']) expect(() => encryptionContextOf(text)).toThrow(invalid)
})
