import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseKmsfileYaml } from '../../src/config/kmsfile-yaml.ts'
import { type MasterKey, masterKeyIdentity } from '../../src/core/master-key.ts'

const ANA = 'age1e6jfj38eg03495muvgqzgupr98g0ldyxcqnydtdczpqen7tpcpmsxwkpsg'
const RECOVERY = 'age13y07crjw3djw9lzgq6ewcg68wmd7rgx9wk06mn6ea4p2gnjjtuaspvd8g4'
const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/config/kmsfile/${name}.yaml`, import.meta.url), 'utf8')
const parse = (text: string) => parseKmsfileYaml(text, { file: '.kmsfile.yaml' })

const ana: MasterKey = { type: 'age', recipient: ANA }
const recovery: MasterKey = { type: 'age', recipient: RECOVERY }
const prod: MasterKey = {
  type: 'aws-kms',
  arn: 'arn:aws:kms:eu-central-1:111122223333:alias/prod',
  encryptionContext: { app: 'shop' },
}

describe('the configuration of a first day', () => {
  test('gives the first rule that matches a file', async () => {
    const config = await parse(fixture('first-day'))
    const names = new Map([
      [masterKeyIdentity(prod), 'prod'],
      [masterKeyIdentity(ana), 'ana'],
      [masterKeyIdentity(recovery), 'recovery'],
    ])
    const first = {
      source: 'kmsfile',
      file: '.kmsfile.yaml',
      line: 7,
      groups: [[prod, ana, recovery]],
      selector: { kind: 'unencrypted-suffix', text: '_unencrypted' },
      macOnlyEncrypted: false,
      integrity: 'sealed',
      names,
    }
    expect(config.ruleFor('secrets/prod/db.yaml')).toEqual(first)
    expect(config.ruleFor('any/where/x.prod.enc.yaml')).toEqual(first)
    expect(config.ruleFor('secrets/dev/db.yaml')).toEqual({
      source: 'kmsfile',
      file: '.kmsfile.yaml',
      line: 11,
      groups: [[prod], [ana], [recovery]],
      threshold: 2,
      selector: { kind: 'unencrypted-suffix', text: '_unencrypted' },
      macOnlyEncrypted: false,
      names,
    })
    expect(config.ruleFor('src/index.ts')).toBeUndefined()
    expect(config.matches('secrets/dev/db.yaml')).toBe(true)
    expect(config.matches('src/index.ts')).toBe(false)
  })

  test('knows recipients, exemptions and patterns', async () => {
    const config = await parse(fixture('first-day'))
    expect([...config.recipients]).toEqual([
      ['prod', prod],
      ['ana', ana],
      ['recovery', recovery],
    ])
    expect(config.patterns).toEqual([['secrets/prod/**', '*.prod.enc.yaml'], ['secrets/**']])
    expect(config.exemptionOf('docs/example.yaml')).toMatchObject({ reason: 'shows the format; values are made up' })
    expect(config.exemptionOf('other/docs/example.yaml')).toBeUndefined()
    expect(config.warnings).toEqual([])
  })

  test('reads the same with a byte order mark, with CRLF and with comments on every line', async () => {
    const text = fixture('first-day')
    const expected = (await parse(text)).rules()
    const { parseConfig } = await import('../../src/config/parse.ts')
    for (const spelling of [`\uFEFF${text}`, text.replaceAll('\n', '\r\n'), text.replaceAll('\n', ' # note\n')]) {
      expect((await parseConfig(spelling, { file: '.kmsfile.yaml' })).rules()).toEqual(expected)
    }
  })
})

test('every field reaches the rule', async () => {
  const config = await parse(fixture('every-field'))
  expect(config.ruleFor('a/b/c.yaml')).toMatchObject({
    groups: [
      [
        {
          type: 'aws-kms',
          arn: 'arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/612d5f0a-c1b3-45e6-aca6-a5b005693a48',
          role: 'arn:aws:iam::111122223333:role/path/deploy',
        },
        { type: 'age', recipient: expect.stringMatching(/^ssh-ed25519 .* ana@example.org$/) },
        { type: 'age', recipient: RECOVERY },
        { type: 'pgp', fingerprint: '85D77543B3D624B63CEA9E6DBC17301B491B3F21' },
        { type: 'gcp-kms', resourceId: 'projects/shop/locations/global/keyRings/sops/cryptoKeys/sops-key' },
        {
          type: 'azure-key-vault',
          vaultUrl: 'https://shop.vault.azure.net',
          name: 'sops-key',
          version: 'some-version',
        },
        { type: 'azure-key-vault', vaultUrl: 'https://shop.vault.azure.net', name: 'sops-key', version: '' },
        {
          type: 'vault-transit',
          address: 'https://vault.example.com:8200',
          enginePath: 'team/transit',
          keyName: 'shop',
        },
        { type: 'huawei-kms', keyId: 'tr-west-1:abc12345-6789-0123-4567-890123456789' },
        { type: 'age', recipient: expect.stringMatching(/^age1dc076/) },
      ],
    ],
    selector: { kind: 'encrypted-suffix', text: '_secret' },
    macOnlyEncrypted: true,
    dataKeyFromKms: true,
  })
  const [kms] = config.ruleFor('a/b/c.yaml')!.groups[0]!
  const context = kms?.type === 'aws-kms' ? kms.encryptionContext : {}
  expect(new Map(Object.entries(context ?? {}))).toEqual(
    new Map([
      ['app', 'shop'],
      ['12', 'twelve'],
      ['__proto__', 'a name like any other'],
    ]),
  )

  expect(['c', 'd', 'e', 'f'].map((path) => config.ruleFor(path)?.selector)).toEqual([
    { kind: 'unencrypted-regex', text: '^(?i)public' },
    { kind: 'encrypted-regex', text: '^(data|stringData)$' },
    { kind: 'unencrypted-comment-regex', text: 'sops:clear' },
    { kind: 'encrypted-comment-regex', text: 'sops:enc' },
  ])
  expect(config.ruleFor('b17{x}')).toBeDefined()
  expect(config.ruleFor('g')).toMatchObject({ groups: [[{ type: 'age' }]] })
  expect(config.ruleFor('g')).not.toHaveProperty('threshold')
  expect(config.ruleFor('h')?.groups).toHaveLength(2)
  expect(config.exemptionOf('examples/deep/x')).toMatchObject({ reason: 'made up' })
})

test('anchors and merge keys are written out', async () => {
  const config = await parse(fixture('anchors'))
  const rules = config.rules()
  expect(rules.map(({ groups }) => groups)).toEqual([[[ana, recovery]], [[ana, recovery]], [[ana, recovery]]])
  expect(rules.map(({ integrity }) => integrity)).toEqual(['sealed', 'sealed', undefined])
  expect(rules[1]?.selector).toEqual({ kind: 'encrypted-regex', text: '^secret' })
  expect(config.ruleFor('other/x')).toBe(rules[1])
})

test('files that configure git and kmsfile are managed by no rule', async () => {
  const config = await parse(fixture('minimal').replace('*.enc.yaml', '*'))
  for (const name of ['.kmsfile.yaml', 'a/.sops.yaml', '.gitattributes', '.gitignore']) {
    expect(config.ruleFor(name)).toBeUndefined()
    expect(config.matches(name)).toBe(false)
  }
  expect(config.matches('kmsfile.yaml')).toBe(true)
})

test('an exemption by name is for the folder of the configuration alone', async () => {
  const config = await parse(`${fixture('minimal')}exempt: [{ path: x.enc.yaml, reason: made up }]\n`)
  expect(config.exemptionOf('x.enc.yaml')).toBeDefined()
  expect(config.exemptionOf('a/x.enc.yaml')).toBeUndefined()
})

test('a path outside of the folder is matched by no rule', async () => {
  const config = await parse(fixture('minimal'))
  expect(config.matches('x.enc.yaml')).toBe(true)
  expect(config.matches('/other/x.enc.yaml')).toBe(false)
})

test('a key in two groups is warned of', async () => {
  const config = await parse(`version: 1
rules:
  - files: [a]
    groups:
      - [{ age: ${ANA} }]
      - [{ age: ${RECOVERY} }, { age: ${ANA} }]
`)
  expect(config.warnings).toMatchObject([{ file: '.kmsfile.yaml', line: 6 }])
})

test('more rules than can be compared are refused', async () => {
  const rule = (index: number) => `  - { files: [f${index}], keys: [{ age: ${ANA} }] }\n`
  const rules = Array.from({ length: 501 }, (_, index) => rule(index))
  await expect(parse(`version: 1\nrules:\n${rules.join('')}`)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    line: 503,
  })
  await expect(parse(`version: 1\nrules:\n${rules.slice(1).join('')}`)).resolves.toBeDefined()
})
