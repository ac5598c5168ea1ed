import { describe, expect, test } from 'vitest'
import { normalTime, type ReadEnvelope, readEnvelope } from '../../src/core/envelope-reader.ts'
import { json } from '../../src/formats/json.ts'
import { yaml } from '../../src/formats/yaml.ts'

/** Reads a block from YAML text, or from JSON. */
function read(text: string, format = text.startsWith('{') ? json : yaml): ReadEnvelope {
  const root = format.scan(text).documents[0]?.root
  if (root === undefined) throw new Error('no block')
  return readEnvelope(root)
}

const AGE = 'age:\n- enc: e\n  recipient: age1x\n'
const REST = 'lastmodified: "2026-01-02T03:04:05Z"\nmac: m\nversion: 3.13.3\n'
const KMS = 'arn: a\n  aws_profile: ""\n  created_at: "t"\n  enc: e\n'
const group = [{ masterKey: { type: 'age', recipient: 'age1x' }, wrapped: 'e' }]

describe('reads what sops of any version wrote', () => {
  test.each<[string, string]>([
    ['the sorted order of 3.13', AGE + REST],
    [
      'the fixed order of 3.12',
      `kms: []\ngcp_kms: []\nazure_kv: []\nhc_vault: []\n${AGE}${REST.replace('mac: m\n', 'mac: m\npgp: []\n')}`,
    ],
    ['recipient before enc', `age:\n- recipient: age1x\n  enc: e\n${REST}`],
    ['providers that are null', `kms: null\npgp:\ngcp_kms: ~\n${AGE}${REST}`],
    [
      'names in any case',
      (AGE + REST).replace('age:', 'Age:').replace('lastmodified', 'LastModified').replace('recipient', 'RECIPIENT'),
    ],
    ['fields that nobody knows', `future: {a: [1]}\n${AGE}${REST}new: true\n`],
    ['comments', `# top\n${AGE}# between\n${REST}# end\n`],
    [
      'JSON with null providers',
      `{"kms": null, "age": [{"recipient": "age1x", "enc": "e"}], "pgp": null, "lastmodified": "2026-01-02T03:04:05Z", "mac": "m", "version": "3.13.3"}`,
    ],
    [
      'groups beside keys, which do not count then',
      `key_groups:\n- pgp:\n  - fp: x\n    created_at: t\n    enc: e\n${AGE}${REST}`,
    ],
    ['one group', `key_groups:\n- age:\n  - enc: e\n    recipient: age1x\n  hc_vault: []\n${REST}`],
    ['a leading v of the version', (AGE + REST).replace('3.13.3', 'v3.13.3')],
    ['no selector', AGE + REST],
    ['empty selectors', `unencrypted_suffix: ""\nencrypted_regex: ""\nencrypted_suffix: null\n${AGE}${REST}`],
    ['a threshold of zero', `shamir_threshold: 0\n${AGE}${REST}`],
    ['mac_only_encrypted as text', `mac_only_encrypted: "false"\n${AGE}${REST}`],
  ])('%s', (_what, text) => {
    const { envelope, ambiguities } = read(text)
    expect(ambiguities).toEqual([])
    expect(envelope).toEqual({
      groups: [group],
      threshold: 0,
      lastModified: '2026-01-02T03:04:05Z',
      mac: 'm',
      selector: { kind: 'unencrypted-suffix', text: '_unencrypted' },
      macOnlyEncrypted: false,
      version: text.includes('v3.13.3') ? 'v3.13.3' : '3.13.3',
      kmsfile: undefined,
    })
  })

  test('several groups, in order', () => {
    const { envelope } = read(
      `key_groups:\n- age:\n  - enc: e\n    recipient: age1x\n- kms:\n  - ${KMS.replaceAll('\n  ', '\n    ')}shamir_threshold: 2\n${REST}`,
    )
    expect(envelope.threshold).toBe(2)
    expect(envelope.groups).toEqual([
      group,
      [
        {
          masterKey: { type: 'aws-kms', arn: 'a', role: undefined, profile: undefined, encryptionContext: undefined },
          wrapped: 'e',
          createdAt: 't',
        },
      ],
    ])
  })

  test.each([
    ['unencrypted_suffix', 'unencrypted-suffix'],
    ['encrypted_suffix', 'encrypted-suffix'],
    ['unencrypted_regex', 'unencrypted-regex'],
    ['encrypted_regex', 'encrypted-regex'],
    ['unencrypted_comment_regex', 'unencrypted-comment-regex'],
    ['encrypted_comment_regex', 'encrypted-comment-regex'],
  ])('the selector %s', (field, kind) => {
    expect(read(`${field}: x\n${AGE}${REST}`).envelope.selector).toEqual({ kind, text: 'x' })
  })

  test.each(['true', 'True', '"1"', '"t"', 'TRUE', '1'])('mac_only_encrypted as %s', (value) => {
    expect(read(`mac_only_encrypted: ${value}\n${AGE}${REST}`).envelope.macOnlyEncrypted).toBe(true)
  })

  test('an encryption context, whose names keep their case', () => {
    const { envelope } = read(`kms:\n- ${KMS}  context:\n    App: x\n    app: y\n${REST}`)
    expect(envelope.groups[0]?.[0]?.masterKey).toMatchObject({ encryptionContext: { App: 'x', app: 'y' } })
  })
})

describe('refuses, as sops does,', () => {
  test.each<[string, string]>([
    ['a block that is no map', '- a\n'],
    ['no lastmodified', (AGE + REST).replace(/lastmodified.*\n/, '')],
    ['no version', (AGE + REST).replace(/version.*\n/, '')],
    ['a version that is none', (AGE + REST).replace('3.13.3', 'latest')],
    ['no master key', REST],
    ['empty groups only', `key_groups:\n- age: []\n- {}\n${REST}`],
    ['two selectors', `unencrypted_suffix: a\nencrypted_regex: b\n${AGE}${REST}`],
    ['an age entry without recipient', AGE.replace(/ {2}recipient.*\n/, '') + REST],
    ['an age entry without wrapped key', `age:\n- recipient: age1x\n${REST}`],
    ['a KMS entry without ARN', `kms:\n- ${KMS.replace('arn: a\n  ', '')}${REST}`],
    ['a KMS entry without its time', `kms:\n- ${KMS.replace('created_at: "t"\n  ', '')}${REST}`],
    ['entries that are no maps', `age: [x]\n${REST}`],
    ['a list of keys that is a map', `age: {enc: e, recipient: x}\n${REST}`],
    ['groups that are no maps', `key_groups: [x]\n${REST}`],
    ['a wrapped key that is a list', `age: [{enc: [e], recipient: x}]\n${REST}`],
    ['a MAC that is a map', (AGE + REST).replace('mac: m', 'mac: {a: b}')],
    ['a threshold that is none', `shamir_threshold: many\n${AGE}${REST}`],
    ['a negative threshold', `shamir_threshold: -1\n${AGE}${REST}`],
    ['a threshold of 256', `shamir_threshold: 256\n${AGE}${REST}`],
    ['a threshold and a half', `shamir_threshold: 1.5\n${AGE}${REST}`],
    ['mac_only_encrypted as anything else', `mac_only_encrypted: maybe\n${AGE}${REST}`],
    ['a context that is no map', `kms:\n- ${KMS}  context: x\n${REST}`],
    ['nesting without end', `future: ${'['.repeat(30)}${']'.repeat(30)}\n${AGE}${REST}`],
    ['maps without end', `future: ${'{a: '.repeat(30)}x${'}'.repeat(30)}\n${AGE}${REST}`],
  ])('%s', (_what, text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'ENVELOPE_INVALID' }))
  })
})

describe('names what two readers take differently:', () => {
  test.each<[string, string]>([
    ['a name in two spellings', `MAC: x\n${AGE}${REST}`],
    ['a name with a letter that folds to another', `encrypted_\u017fuffix: x\n${AGE}${REST}`],
    ['a name with the sign for Kelvin', `\u212Ams: []\n${AGE}${REST}`],
    ['a name with a space', `"mac ": x\n${AGE}${REST}`],
    ['a merge key', `<<: {mac: x}\n${AGE}${REST}`],
    ['an alias', `a: &a x\n${AGE}${REST.replace('mac: m', 'mac: *a')}`],
    ['an alias in an entry', `a: &a x\n${AGE.replace('enc: e', 'enc: e\n  x: *a')}${REST}`],
    [
      'a name of a context that is there twice',
      '{"kms": [{"arn": "a", "created_at": "t", "enc": "e", "context": {"a": "1", "a": "2"}}], "lastmodified": "t", "version": "3.9.0"}',
    ],
    [
      'a name that is there twice',
      '{"age": [{"enc": "e", "recipient": "r"}], "lastmodified": "t", "lastmodified": "t", "version": "3.9.0"}',
    ],
  ])('%s', (_what, text) => {
    expect(read(text).ambiguities).not.toEqual([])
  })

  test.each<[string, string, string]>([
    ['a time without quotes', (AGE + REST).replace(/"/g, ''), 'lastmodified'],
    ['a number as version', (AGE + REST).replace('3.13.3', '3.9'), 'version'],
    ['a number as wrapped key', (AGE + REST).replace('enc: e', 'enc: 1'), 'age[0].enc'],
    ['a null as recipient’s neighbour', (AGE + REST).replace('enc: e', 'enc: e\n  x: null'), 'age[0].x'],
  ])('%s', (_what, text, place) => {
    expect(read(text).loose).toEqual([place])
  })
})

test('names from the prototype are names like others', () => {
  const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString']
  const text = `kms:\n- ${KMS}  context:\n${names.map((name) => `    ${name}: x\n`).join('')}${REST}${names.map((name) => `${name}: {a: b}\n`).join('')}`
  const { envelope, ambiguities } = read(text)

  expect(ambiguities).toEqual([])
  const key = envelope.groups[0]?.[0]?.masterKey
  expect(key?.type === 'aws-kms' && Object.entries(key.encryptionContext ?? {})).toEqual(
    names.map((name) => [name, 'x']),
  )
  expect(({} as { a?: string }).a).toBeUndefined()
})

describe('the time of a file', () => {
  test.each([
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
    ['2026-01-02T03:04:05+00:00', '2026-01-02T03:04:05Z'],
    ['2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05Z'],
    ['2026-01-02T03:04:05.678901234+00:00', '2026-01-02T03:04:05Z'],
    ['2026-01-02T03:04:05+05:30', '2026-01-02T03:04:05+05:30'],
  ])('%s authenticates as %s', (time, expected) => {
    expect(normalTime(time)).toBe(expected)
  })

  test.each([
    '',
    'now',
    '2026-01-02',
    '2026-01-02 03:04:05Z',
    '2026-01-02T03:04:05',
    '2026-13-02T03:04:05Z',
    '2026-01-02T25:04:05Z',
    '2026-01-02T03:04:05Z ',
    '2026-01-02T03:04:05z',
    '2026-01-02T03:04:05.Z',
  ])('%j is none', (time) => {
    expect(() => normalTime(time)).toThrow(expect.objectContaining({ code: 'ENVELOPE_INVALID' }))
  })

  test('may be the sentence of a merge that is not resolved', () => {
    expect(() => normalTime('unresolved merge: run kmsfile git resolve')).toThrow(
      expect.objectContaining({ code: 'FILE_IN_CONFLICT' }),
    )
  })
})
