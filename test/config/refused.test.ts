import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'
import { parseUserConfig } from '../../src/config/user-config.ts'

const FOLDER = new URL('../../fixtures/refused/CONFIG_INVALID/', import.meta.url)

/** Where each of the files is wrong, line and column. */
const PLACES: Record<string, readonly [line: number, column: number]> = {
  'kmsfile-alias-unknown': [4, 11],
  'kmsfile-aws-profile': [5, 5],
  'kmsfile-complex-key': [2, 3],
  'kmsfile-context-number': [5, 37],
  'kmsfile-data-key-without-kms': [5, 15],
  'kmsfile-data-key-word': [5, 15],
  'kmsfile-empty': [1, 1],
  'kmsfile-exempt-reason-empty': [7, 13],
  'kmsfile-exempt-without-path': [6, 5],
  'kmsfile-exempt-without-reason': [6, 5],
  'kmsfile-files-text': [3, 12],
  'kmsfile-files-twice': [3, 19],
  'kmsfile-glob-negated': [5, 9],
  'kmsfile-glob-unclosed': [3, 13],
  'kmsfile-group-empty': [5, 21],
  'kmsfile-hidden-rule': [5, 5],
  'kmsfile-integrity-word': [5, 16],
  'kmsfile-key-age-identity': [4, 10],
  'kmsfile-key-age-mistyped': [4, 10],
  'kmsfile-key-age-short': [4, 10],
  'kmsfile-key-age-ssh': [4, 10],
  'kmsfile-key-arn-of-bucket': [4, 14],
  'kmsfile-key-arn': [4, 14],
  'kmsfile-key-as-text': [4, 12],
  'kmsfile-key-azure': [4, 21],
  'kmsfile-key-gcp': [4, 14],
  'kmsfile-key-huawei': [4, 12],
  'kmsfile-key-pgp-short': [4, 10],
  'kmsfile-key-role': [4, 74],
  'kmsfile-key-vault-password': [4, 23],
  'kmsfile-key-vault': [4, 23],
  'kmsfile-keys-and-groups': [6, 5],
  'kmsfile-keys-empty': [4, 11],
  'kmsfile-keys-text': [5, 11],
  'kmsfile-mac-only-text': [5, 25],
  'kmsfile-merge-text': [3, 5],
  'kmsfile-name-like-key': [3, 3],
  'kmsfile-name-number': [6, 12],
  'kmsfile-newer-version': [1, 10],
  'kmsfile-no-files': [3, 5],
  'kmsfile-no-keys': [3, 5],
  'kmsfile-no-map': [1, 1],
  'kmsfile-no-rules': [1, 1],
  'kmsfile-no-version': [1, 1],
  'kmsfile-no-yaml': [4, 1],
  'kmsfile-recipient-no-key': [3, 8],
  'kmsfile-recipient-text': [3, 8],
  'kmsfile-recipient-two-keys': [3, 79],
  'kmsfile-regex-lookahead': [5, 22],
  'kmsfile-regex-unbalanced': [5, 30],
  'kmsfile-repeated-key': [5, 1],
  'kmsfile-role-of-age': [3, 79],
  'kmsfile-rules-empty': [2, 8],
  'kmsfile-rules-map': [2, 8],
  'kmsfile-same-key-twice': [6, 17],
  'kmsfile-same-key-two-names': [4, 3],
  'kmsfile-second-document': [5, 1],
  'kmsfile-selector-empty': [5, 23],
  'kmsfile-tag': [5, 31],
  'kmsfile-threshold-one': [6, 16],
  'kmsfile-threshold-text': [6, 16],
  'kmsfile-threshold-too-high': [6, 16],
  'kmsfile-threshold-without-groups': [5, 5],
  'kmsfile-two-selectors': [6, 25],
  'kmsfile-undefined-name-in-group': [8, 10],
  'kmsfile-undefined-name': [6, 12],
  'kmsfile-unknown-key-exempt': [6, 7],
  'kmsfile-unknown-key-recipient': [5, 5],
  'kmsfile-unknown-key-rule': [5, 5],
  'kmsfile-unknown-key-top': [2, 1],
  'kmsfile-version-text': [1, 10],
  'sops-context-null': [5, 24],
  'sops-group-age-text': [3, 14],
  'sops-hckms-text': [2, 12],
  'sops-key-groups-text': [2, 17],
  'sops-list': [1, 1],
  'sops-mac-only-text': [3, 25],
  'sops-path-regex-list': [2, 17],
  'sops-path-regex': [3, 17],
  'sops-repeated-key': [3, 5],
  'sops-rules-map': [2, 3],
  'sops-selector-regex': [3, 22],
  'sops-threshold-text': [3, 23],
  'user-account': [1, 20],
  'user-agent-text': [1, 8],
  'user-profile-number': [1, 36],
  'user-trust-key': [1, 16],
  'user-trust-map': [1, 8],
  'user-unknown-key': [1, 1],
}

describe('a configuration that is wrong', () => {
  test.each(Object.entries(PLACES))('%s is refused at %j', async (name, [line, column]) => {
    const text = readFileSync(new URL(`${name}.yaml`, FOLDER), 'utf8')
    const file = `${name}.yaml`
    const reading = name.startsWith('user-')
      ? parseUserConfig(text, { file })
      : parseConfig(text, { file: name.startsWith('sops-') ? `${name}/.sops.yaml` : file })
    const expected = { code: 'CONFIG_INVALID', line, column }
    await expect(reading).rejects.toMatchObject(expected)
    await expect(reading).rejects.toThrow(/^[a-z].*[^.]$/)
  })

  test('every file of the folder has its place in the table', () => {
    expect(readdirSync(FOLDER).sort()).toEqual(
      Object.keys(PLACES)
        .map((name) => `${name}.yaml`)
        .sort(),
    )
  })

  test.each([
    ['kmsfile-undefined-name', /ana/],
    ['kmsfile-unknown-key-top', /recipients/],
    ['kmsfile-unknown-key-rule', /encrypted_regex/],
    ['kmsfile-unknown-key-exempt', /path/],
    ['user-unknown-key', /editor/],
  ])('%s comes with what was likely meant', async (name, meant) => {
    const text = readFileSync(new URL(`${name}.yaml`, FOLDER), 'utf8')
    const reading = name.startsWith('user-')
      ? parseUserConfig(text, { file: name })
      : parseConfig(text, { file: `${name}.yaml` })
    await expect(reading).rejects.toMatchObject({ hint: expect.stringMatching(meant) })
  })

  test('an identity that was pasted by mistake is in no message', async () => {
    const identity = 'AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ'
    const rule = (keys: string) => `version: 1\nrules:\n  - { files: [a], keys: [${keys}] }\n`
    const texts = [
      rule(identity),
      rule(`{ age: ${identity} }`),
      rule(`{ aws_kms: ${identity} }`),
      `${rule(`{ age: a }`)}recipients: { ${identity}: {} }`,
      `${rule('x')}    integrity: ${identity}`,
    ]
    for (const text of texts) {
      const error: unknown = await parseConfig(text, { file: '.kmsfile.yaml' }).catch((cause) => cause)
      const { message, hint } = error as { message: string; hint: string | undefined }
      expect(`${message} ${hint}`).not.toMatch(/AGE-SECRET/)
    }
  })
})
