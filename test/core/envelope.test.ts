import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Envelope, envelopeData, SELECTOR_FIELDS } from '../../src/core/envelope.ts'
import { readEnvelope } from '../../src/core/envelope-reader.ts'
import type { MasterKey, WrappedKey } from '../../src/core/master-key.ts'
import type { SelectorKind } from '../../src/core/selection.ts'
import type { Node } from '../../src/core/tree.ts'
import type { Format, Metadata } from '../../src/formats/format.ts'
import { json } from '../../src/formats/json.ts'
import { splice } from '../../src/formats/splice.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { nastyString } from '../formats/yaml-tree.ts'

const text = nastyString.map((value) => Buffer.from(value).toString())
const filled = text.filter((value) => value !== '')
const optional = fc.option(filled, { nil: undefined })
const context = fc
  .dictionary(fc.oneof(filled, fc.constantFrom('__proto__', 'constructor', 'Name', 'name')), text, {
    minKeys: 1,
    maxKeys: 3,
  })
  // The one name that is refused, wherever it stands.
  .map((made) => Object.fromEntries(Object.entries(made).filter(([name]) => name !== '<<')))
  .filter((made) => Object.keys(made).length > 0)
const masterKey = fc.oneof<fc.Arbitrary<MasterKey>[]>(
  fc
    .tuple(text, optional, optional, fc.option(context, { nil: undefined }))
    .map(([arn, role, profile, encryptionContext]) => ({ type: 'aws-kms', arn, role, profile, encryptionContext })),
  fc.record({ type: fc.constant('age' as const), recipient: text }),
  fc.record({ type: fc.constant('pgp' as const), fingerprint: text }),
  fc.record({ type: fc.constant('gcp-kms' as const), resourceId: text }),
  fc.record({ type: fc.constant('azure-key-vault' as const), vaultUrl: text, name: text, version: text }),
  fc.record({ type: fc.constant('vault-transit' as const), address: text, enginePath: text, keyName: text }),
  fc.record({ type: fc.constant('huawei-kms' as const), keyId: text }),
)
const wrappedKey: fc.Arbitrary<WrappedKey> = fc
  .tuple(masterKey, text, text)
  .map(([key, wrapped, createdAt]) =>
    key.type === 'age' ? { masterKey: key, wrapped } : { masterKey: key, wrapped, createdAt },
  )
const kinds = Object.keys(SELECTOR_FIELDS) as SelectorKind[]
const envelope: fc.Arbitrary<Envelope> = fc.record({
  groups: fc.array(fc.array(wrappedKey, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  threshold: fc.nat(255),
  lastModified: text,
  mac: text,
  selector: fc.record({ kind: fc.constantFrom(...kinds), text: filled }),
  macOnlyEncrypted: fc.boolean(),
  version: fc.constantFrom('3.13.3', 'v3.9.0', '1.16', '3.10.0-rc.1+x'),
  kmsfile: optional,
})

function blockOf(format: Format, data: Metadata): Node {
  const source = format.scan(format.name === 'json' ? '{"a": 1}' : 'a: 1\n')
  const { documents } = format.scan(splice(source.text, format.addEnvelope(source, data, data)))
  const root = documents[0]?.root
  const entry =
    root?.kind === 'map' ? root.items.find((item) => item.kind === 'entry' && item.key === 'sops') : undefined
  if (entry?.kind !== 'entry') throw new Error('no block')
  return entry.value
}

/** Master keys in the order in which sops reads them: by provider. */
function byProvider(group: readonly WrappedKey[]): readonly WrappedKey[] {
  const order = ['aws-kms', 'gcp-kms', 'huawei-kms', 'azure-key-vault', 'vault-transit', 'pgp', 'age']
  return order.flatMap((type) => group.filter(({ masterKey: key }) => key.type === type))
}

describe.each([yaml, json])('an envelope in $name', (format) => {
  test('reads back as it was written, whatever is in it', () => {
    fc.assert(
      fc.property(envelope, (written) => {
        const read = readEnvelope(blockOf(format, envelopeData(written)))
        expect(read.envelope).toEqual({ ...written, groups: written.groups.map(byProvider) })
        expect(read.ambiguities).toEqual([])
        expect(read.loose).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})

test('is written as sops does: every map sorted, nothing that is empty', () => {
  const kms: WrappedKey = { masterKey: { type: 'aws-kms', arn: 'arn' }, wrapped: 'enc', createdAt: 'then' }
  const age: WrappedKey = { masterKey: { type: 'age', recipient: 'age1x' }, wrapped: 'armor\n' }
  const common = {
    threshold: 0,
    lastModified: 'now',
    mac: 'ENC[]',
    selector: { kind: 'unencrypted-suffix', text: '_unencrypted' },
    macOnlyEncrypted: false,
    version: '3.13.3',
  } as const

  expect(JSON.stringify(envelopeData({ ...common, groups: [[kms, age]] }))).toBe(
    JSON.stringify({
      age: [{ enc: 'armor\n', recipient: 'age1x' }],
      kms: [{ arn: 'arn', aws_profile: '', created_at: 'then', enc: 'enc' }],
      lastmodified: 'now',
      mac: 'ENC[]',
      unencrypted_suffix: '_unencrypted',
      version: '3.13.3',
    }),
  )
  expect(
    JSON.stringify(envelopeData({ ...common, groups: [[kms], [age]], threshold: 2, macOnlyEncrypted: true })),
  ).toBe(
    JSON.stringify({
      key_groups: [
        { age: [], hc_vault: [], kms: [{ arn: 'arn', aws_profile: '', created_at: 'then', enc: 'enc' }] },
        { age: [{ enc: 'armor\n', recipient: 'age1x' }], hc_vault: [] },
      ],
      lastmodified: 'now',
      mac: 'ENC[]',
      mac_only_encrypted: true,
      shamir_threshold: 2,
      unencrypted_suffix: '_unencrypted',
      version: '3.13.3',
    }),
  )
})
