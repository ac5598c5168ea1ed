import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseSopsYaml } from '../../src/config/sops-yaml.ts'

const A = 'age1e6jfj38eg03495muvgqzgupr98g0ldyxcqnydtdczpqen7tpcpmsxwkpsg'
const B = 'age13y07crjw3djw9lzgq6ewcg68wmd7rgx9wk06mn6ea4p2gnjjtuaspvd8g4'
const C = 'age1dc076y9nl4j4xu6pqzar5wa9w65gazlz097yyvw9sz2yyqxn2q6sjvapev'
const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/config/sops/${name}.yaml`, import.meta.url), 'utf8')
const parse = (text: string) => parseSopsYaml(text, { file: '.sops.yaml' })
const age = (...recipients: string[]) => recipients.map((recipient) => ({ type: 'age', recipient }))
/** The keys of the one rule that matches `f`. */
const groupsOf = async (rule: string) => (await parse(`creation_rules: [${rule}]`)).ruleFor('f')?.groups

describe('the example of the documentation', () => {
  test('gives keys of all services, in the order of sops', async () => {
    const config = await parse(fixture('documented'))
    expect(config.ruleFor('a/x.dev.yaml')).toMatchObject({
      source: 'sops',
      file: '.sops.yaml',
      line: 4,
      groups: [
        [
          { type: 'pgp', fingerprint: 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4' },
          { type: 'pgp', fingerprint: '85D77543B3D624B63CEA9E6DBC17301B491B3F21' },
          {
            type: 'aws-kms',
            arn: 'arn:aws:kms:us-west-2:361527076523:key/5052f06a-5d3f-489e-b86c-57201e06f31e',
            role: 'arn:aws:iam::361527076523:role/hiera-sops-prod',
            profile: 'dev',
          },
          {
            type: 'aws-kms',
            arn: 'arn:aws:kms:us-west-2:361527076523:key/5052f06a-5d3f-489e-b86c-57201e06f31f',
            profile: 'dev',
          },
        ],
      ],
      selector: { kind: 'unencrypted-suffix', text: '_unencrypted' },
      macOnlyEncrypted: false,
    })
    expect(config.ruleFor('x.gcp.yaml')?.groups).toEqual([
      [
        { type: 'gcp-kms', resourceId: 'projects/mygcproject/locations/global/keyRings/mykeyring/cryptoKeys/thekey' },
        { type: 'huawei-kms', keyId: 'tr-west-1:abc12345-6789-0123-4567-890123456789' },
        {
          type: 'azure-key-vault',
          vaultUrl: 'https://shop.vault.azure.net',
          name: 'sops-key',
          version: 'some-version',
        },
        { type: 'vault-transit', address: 'http://my.vault', enginePath: 'sops', keyName: 'secondkey' },
        { type: 'vault-transit', address: 'http://my.vault', enginePath: 'other/deep', keyName: 'third' },
      ],
    ])
    expect(config.ruleFor('anything')?.groups).toEqual([age(A, B)])
  })

  test('gives key groups with a threshold', async () => {
    const config = await parse(fixture('documented'))
    expect(config.ruleFor('x.groups.yaml')).toMatchObject({
      threshold: 2,
      groups: [
        [
          { type: 'age', recipient: A },
          {
            type: 'aws-kms',
            arn: 'arn:aws:kms:us-west-2:361527076523:key/5052f06a-5d3f-489e-b86c-57201e06f31e',
            role: 'arn:aws:iam::361527076523:role/hiera-sops-prod',
            profile: 'prod',
            encryptionContext: { Environment: 'production', Replicas: '3' },
          },
        ],
        [{ type: 'gcp-kms' }, { type: 'huawei-kms' }, { type: 'azure-key-vault', version: 'v1' }],
        [{ type: 'pgp' }, { type: 'vault-transit', keyName: 'firstkey' }],
      ],
    })
  })

  test('a rule without path_regex manages no files', async () => {
    const config = await parse(fixture('documented'))
    expect(config.matches('a/x.dev.yaml')).toBe(true)
    expect(config.matches('anything')).toBe(false)
    expect(config.patterns).toEqual([['\\.dev\\.yaml$'], ['\\.gcp\\.yaml$'], ['\\.groups\\.yaml$'], []])
  })
})

describe('anchors', () => {
  test('stand under keys of their own, which nobody is warned of', async () => {
    const config = await parse(fixture('anchors'))
    expect(config.warnings).toEqual([])
    expect(config.ruleFor('users/x')).toMatchObject({
      groups: [age(A, B)],
      selector: { kind: 'encrypted-suffix', text: '_enc' },
    })
  })

  test('make groups that are merged into each other, each key once', async () => {
    const config = await parse(fixture('anchors'))
    expect(config.ruleFor('hosts/web/secrets.yaml')).toMatchObject({
      groups: [age(A, B, C)],
      selector: { kind: 'encrypted-regex', text: '^secret' },
      macOnlyEncrypted: true,
    })
    expect(config.ruleFor('hosts/web/deep/secrets.yaml')).toBeUndefined()
  })
})

// Each line was tried with sops 3.13.3.
describe('as in sops', () => {
  test.each([
    ['a comma at the end', `{ age: '${A}, ${B},' }`, [age(A, B)]],
    ['the same key twice, which here counts once', `{ age: '${A},${B},${A}' }`, [age(A, B)]],
    ['a list whose items have commas', `{ age: ['${A}, ${B}'] }`, [age(A, B)]],
    ['spaces around', `{ age: ' ${A} ' }`, [age(A)]],
    ['no key groups in the list of groups', `{ key_groups: [], age: ${A} }`, [age(A)]],
    ['key groups beside keys', `{ key_groups: [{ age: [${B}] }], age: ${A} }`, [age(B)]],
    ['a null among the recipients of a group', `{ key_groups: [{ age: [~, ${B}] }] }`, [age(B)]],
    ['path_regex is null', `{ age: ${A}, path_regex: ~ }`, [age(A)]],
    ['names are case-sensitive', `{ Age: ${A}, age: ${B} }`, [age(B)]],
    ['no keys: they come from the command line', `{ path_regex: f }`, []],
    ['one empty group', `{ key_groups: [{}] }`, []],
  ])('%s', async (_, rule, groups) => {
    expect(await groupsOf(rule)).toEqual(groups)
  })

  test.each([
    ['an entry of keys that is a number', '{ age: 12 }'],
    ['a number in a list of keys', '{ age: [12] }'],
    ['null in a list of keys', '{ age: [~] }'],
    ['a malformed recipient', '{ age: age1xyz }'],
    ['an empty group among others', `{ key_groups: [{ age: [${A}] }, {}] }`],
    ['a threshold of one', `{ shamir_threshold: 1, key_groups: [{ age: [${A}] }, { age: [${B}] }] }`],
    [
      'a threshold above the number of groups',
      `{ shamir_threshold: 3, key_groups: [{ age: [${A}] }, { age: [${B}] }] }`,
    ],
    ['a negative threshold', `{ shamir_threshold: -1, key_groups: [{ age: [${A}] }, { age: [${B}] }] }`],
    ['two selectors', `{ age: ${A}, encrypted_regex: a, encrypted_suffix: b }`],
  ])('is an error if the rule is taken, and none otherwise: %s', async (_, rule) => {
    const first = await parse(`creation_rules:\n  - ${rule}\n`)
    expect(() => first.ruleFor('f')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', line: 2 }))
    const second = await parse(`creation_rules:\n  - age: ${A}\n  - ${rule}\n`)
    expect(second.ruleFor('f')?.groups).toEqual([age(A)])
  })

  test('a threshold without groups is ignored', async () => {
    const config = await parse(`creation_rules: [{ age: ${A}, shamir_threshold: 2 }]`)
    expect(config.ruleFor('f')).not.toHaveProperty('threshold')
  })

  test.each(['y', 'Yes', 'on', "'yes'", 'True'])('mac_only_encrypted: %s is true', async (word) => {
    const config = await parse(`creation_rules: [{ age: ${A}, mac_only_encrypted: ${word} }]`)
    expect(config.ruleFor('f')?.macOnlyEncrypted).toBe(true)
  })

  test.each([
    '',
    'creation_rules:\n',
    'creation_rules: []\n',
    'creation_rules: [~]\n',
    'stores: { yaml: { indent: 2 } }\n',
  ])('there may be no rules: %j', async (text) => {
    expect((await parse(text)).ruleFor('f')).toBeUndefined()
  })

  test('only the first document counts', async () => {
    const config = await parse(`creation_rules: [{ age: ${A} }]\n---\ncreation_rules: [{ age: ${B} }]\n`)
    expect(config.ruleFor('f')?.groups).toEqual([age(A)])
    expect((await parse(`creation_rules: [{ age: ${A} }]\n---\nfoo: [\n`)).ruleFor('f')?.groups).toEqual([age(A)])
  })

  test('path_regex is of Go, searched anywhere, with the whole path where a file lies elsewhere', async () => {
    const config = await parse(`creation_rules:
  - { path_regex: '(?i)PROD/[^/]+\\.ya?ml\\z', age: ${A} }
  - { path_regex: '^/srv/', age: ${B} }
`)
    expect(config.ruleFor('x/prod/a.yml')?.groups).toEqual([age(A)])
    expect(config.ruleFor('x/prod/a.yml.bak')).toBeUndefined()
    expect(config.ruleFor('/srv/a')?.groups).toEqual([age(B)])
    expect(config.ruleFor('srv/a')).toBeUndefined()
  })
})

test('keys that sops would pass over in silence are warned of, with what was likely meant', async () => {
  const { warnings } = await parse(`creation_rule: []
x-anchors: []
creation_rules:
  - age: ${A}
    encypted_regex: ^secret
    owner: ana
  - key_groups:
      - ages: [${A}]
`)
  expect(warnings).toMatchObject([
    { line: 1, message: expect.stringMatching(/creation_rules/) },
    { line: 5, message: expect.stringMatching(/encrypted_regex/) },
    { line: 6, message: expect.stringMatching(/"owner"/) },
    { line: 8, message: expect.stringMatching(/mean age/) },
  ])
})

test('groups that are merged ten thousand times are read once', async () => {
  const levels = Array.from({ length: 12 }, (_, i) => `g${i + 1}: &g${i + 1} { merge: [*g${i}, *g${i}] }`)
  const config = await parse(
    `g0: &g0 { age: [${A}] }\n${levels.join('\n')}\ncreation_rules: [{ key_groups: [*g12] }]\n`,
  )
  expect(config.ruleFor('f')?.groups).toEqual([age(A)])
})
