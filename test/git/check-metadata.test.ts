import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { demandFinder } from '../../src/git/check/judge-demand.ts'
import { isOfLaterSops, oddField } from '../../src/git/check/judge-metadata.ts'
import { straysOf } from '../../src/git/check/judge-strays.ts'
import { policyOf } from '../../src/git/check/policy.ts'
import { recipient } from '../operations/secrets.ts'
import { hasSharedData, sharedData } from '../shared-data.ts'
import { RULES } from './scratch-repository.ts'

const BASE64 = Buffer.alloc(100, 7).toString('base64')
const PGP = `-----BEGIN PGP MESSAGE-----\nVersion: GnuPG v1\n\n${BASE64}\n=abcd\n-----END PGP MESSAGE-----`
const AGE = `-----BEGIN AGE ENCRYPTED FILE-----\n${BASE64}\n-----END AGE ENCRYPTED FILE-----\n`

test.each<readonly [readonly (string | number)[], readonly string[], readonly string[]]>([
  [['version'], ['3.13.3', 'v3.7.1', '3.9.0-dev', '1.18'], ['hunter2', '3.x']],
  [['lastmodified'], ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.6+01:00', '1441570389.77'], ['hunter2', '12']],
  [['shamir_threshold'], ['2'], ['hunter2', '4111111111111111']],
  [['mac_only_encrypted'], ['true', 'True', 'false', '1'], ['hunter2']],
  [['mac'], ['pending-mac'], ['hunter2', 'ENC[AES256_GCM,data:hunter2]']],
  [['kmsfile'], [`v1.AAAAAAAAAAAAAAAAAAAAAA==.${BASE64}`, 'v1.AAAAAAAAAAAAAAAAAAAAAA==.', 'v2.x'], ['v1.hunter2', 'x']],
  [['unencrypted_suffix'], ['_unencrypted', '_public'], []],
  [['encrypted_comment_regex'], ['^secret'], []],
  [['age', 0, 'recipient'], [recipient], ['hunter2', 'age1hunter2', 'AGE-SECRET-KEY-1HUNTER2']],
  [['age', 0, 'enc'], [AGE], ['hunter2', AGE.replace('\n', '\nhunter2 is it\n')]],
  [['kms', 1, 'arn'], ['arn:aws:kms:eu-central-1:111122223333:alias/prod', 'arn:aws-cn:kms:x:1:key/1'], ['hunter2']],
  [['kms', 1, 'role'], ['arn:aws:iam::111122223333:role/x/y'], ['hunter2']],
  [['kms', 1, 'context', 'App'], ['anything'], []],
  [['kms', 1, 'created_at'], ['2026-01-02T03:04:05Z'], ['hunter2']],
  [
    ['kms', 1, 'enc'],
    [BASE64, BASE64.slice(0, 50)],
    ['hunter2', `hunter2: ${BASE64}`],
  ],
  [['pgp', 0, 'fp'], ['85D77543B3D624B63CEA9E6DBC17301B491B3F21', 'ana@example.com'], ['hunter2']],
  [['pgp', 0, 'enc'], [PGP], ['hunter2', `${PGP}\nhunter2`]],
  [['gcp_kms', 0, 'resource_id'], ['projects/p/locations/global/keyRings/r/cryptoKeys/k'], ['hunter2']],
  [['azure_kv', 0, 'vault_url'], ['https://x.vault.azure.net'], ['hunter2']],
  [['azure_kv', 0, 'enc'], [BASE64.replaceAll('+', '-').replaceAll('=', '')], ['hunter2']],
  [['hc_vault', 0, 'enc'], [`vault:v1:${BASE64}`], ['hunter2', 'vault:v1:hunter2']],
  [['hckms', 0, 'key_id'], ['cn-north-1:0123-4567'], ['hunter2']],
  [['key_groups', 1, 'age', 0, 'recipient'], [recipient], ['hunter2']],
  [['AGE', 0, 'Recipient'], [recipient], ['hunter2']],
])('a text in the field %j is what a tool would write there, or is named', (path, good, bad) => {
  for (const text of good) expect([text, oddField(path, text)]).toEqual([text, undefined])
  for (const text of bad) expect([text, oddField(path, text)]).toEqual([text, 'malformed'])
})

test.each([
  [['note']],
  [['age', 0, 'note']],
  [['age', 0, 'enc', 'note']],
  [['age', 'note']],
  [['age']],
  [['key_groups', 0, 'note']],
  [['key_groups', 'note']],
  [['kms', 0, 'context', 'a', 'b']],
  [['constructor']],
  [['age', 0, 'constructor']],
  [['version', 0]],
])('no tool has the field %j', (path) => {
  expect(oddField(path, 'hunter2')).toBe('unknown')
  expect(oddField(path, '')).toBe(undefined)
})

test('a later sops is told by its version', () => {
  for (const version of ['3.13.4', '3.14.0-rc.1', 'v4', '10.0.0'])
    expect([version, isOfLaterSops(version)]).toEqual([version, true])
  for (const version of ['3.13.3', '3.13', '3.9.10', 'v3.12.2', '', '1.18']) {
    expect([version, isOfLaterSops(version)]).toEqual([version, false])
  }
})

describe.skipIf(!hasSharedData)('where the corpora are at hand', () => {
  test('nothing is odd about any file that sops wrote, of any version and format', async () => {
    const names = readdirSync(sharedData('vectors/out'))
    expect(names.length).toBeGreaterThan(15)
    const demandOf = demandFinder(await policyOf([{ path: '.kmsfile.yaml', text: RULES }]))
    for (const name of names) {
      const demand = demandOf(`secrets/${name}`)
      if (demand === undefined) throw new Error(name)
      const strays = await straysOf(readFileSync(sharedData(`vectors/out/${name}`)), demand)
      expect([name, strays.map(({ flaw }) => flaw)]).toEqual([name, []])
    }
  })
})
