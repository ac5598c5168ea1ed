import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { toDataKey } from '../../src/core/data-key.ts'
import { json } from '../../src/formats/json.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { plaintextOf, treeOf } from '../../src/operations/read-secrets.ts'
import { treeDigest } from '../../src/operations/tree-digest.ts'
import { hasSharedData, sharedData } from '../shared-data.ts'
import { open, protect } from './secrets.ts'

const PLAIN = `role_unencrypted: user
note_unencrypted: ab
other_unencrypted: cd
zero_unencrypted: 0
s: "123"
b: true
i: 5
f: 1.5
a:
  b: secret
l: [p, q]
`

const { text: sealed } = await protect(PLAIN)
const line = (key: string) => sealed.split('\n').find((each) => each.startsWith(`${key}:`)) as string
const swapLines = (text: string, a: string, b: string) => text.replace(a, '\0').replace(b, a).replace('\0', b)
const envelopes = sealed.match(/ENC\[[^\]]*\]/g) as string[]

describe('every manipulation that sops accepts is refused in a sealed file', () => {
  test.each<[string, string, (text: string) => string]>([
    ['renaming a readable key', 'INTEGRITY_SEAL_MISMATCH', (t) => t.replace('role_unencrypted', 'admin_unencrypted')],
    [
      'shifting bytes between readable values',
      'INTEGRITY_SEAL_MISMATCH',
      (t) =>
        t
          .replace('note_unencrypted: ab', 'note_unencrypted: abc')
          .replace('other_unencrypted: cd', 'other_unencrypted: d'),
    ],
    ['adding a null', 'INTEGRITY_SEAL_MISMATCH', (t) => `admins: null\n${t}`],
    ['adding an empty text', 'INTEGRITY_SEAL_MISMATCH', (t) => `password: ""\n${t}`],
    ['adding an empty map', 'INTEGRITY_SEAL_MISMATCH', (t) => `acl: {}\n${t}`],
    ['adding an empty list', 'INTEGRITY_SEAL_MISMATCH', (t) => `acl: []\n${t}`],
    ['joining keys with a colon', 'INTEGRITY_SEAL_MISMATCH', (t) => t.replace('a:\n  b: ', '"a:b": ')],
    ['nesting a list', 'INTEGRITY_SEAL_MISMATCH', (t) => t.replace(/^l: \[(.*)\]$/m, 'l: [[$1]]')],
    [
      'wrapping a value into a list',
      'INTEGRITY_SEAL_MISMATCH',
      (t) => t.replace(line('i'), `i: ["${line('i').slice(3)}"]`),
    ],
    [
      'changing a type that keeps the bytes',
      'INTEGRITY_SEAL_MISMATCH',
      (t) => t.replace(line('s'), line('s').replace('type:str', 'type:int')),
    ],
    [
      'making true a text',
      'INTEGRITY_SEAL_MISMATCH',
      (t) => t.replace(line('b'), line('b').replace('type:bool', 'type:str')),
    ],
    [
      'making a value type:bytes',
      'INTEGRITY_AMBIGUOUS',
      (t) => t.replace(line('s'), line('s').replace('type:str', 'type:bytes')),
    ],
    [
      'making a value a comment',
      'INTEGRITY_AMBIGUOUS',
      (t) => t.replace(line('s'), line('s').replace('type:str', 'type:comment')),
    ],
    ['reordering keys', 'INTEGRITY_MAC_MISMATCH', (t) => swapLines(t, line('i'), line('f'))],
    [
      'giving a readable zero a sign',
      'INTEGRITY_MAC_MISMATCH',
      (t) => t.replace('zero_unencrypted: 0', 'zero_unencrypted: -0.0'),
    ],
    ['removing a value', 'INTEGRITY_MAC_MISMATCH', (t) => t.replace(`${line('i')}\n`, '')],
    [
      'swapping list items',
      'INTEGRITY_MAC_MISMATCH',
      (t) => swapLines(t, envelopes[5] as string, envelopes[6] as string),
    ],
    [
      'swapping values between keys',
      'INTEGRITY_TAG_MISMATCH',
      (t) => swapLines(t, envelopes[0] as string, envelopes[2] as string),
    ],
    ['removing the MAC', 'INTEGRITY_MAC_MISSING', (t) => t.replace(/^ {4}mac: .*\n/m, '')],
    ['emptying the MAC', 'INTEGRITY_MAC_MISSING', (t) => t.replace(/^ {4}mac: .*$/m, '    mac: ""')],
    ['changing the time', 'INTEGRITY_MAC_MISMATCH', (t) => t.replace('lastmodified: "2026', 'lastmodified: "2027')],
    [
      'another selector',
      'INTEGRITY_SELECTOR_CHANGED',
      (t) => t.replace('_unencrypted\n    version', '_token\n    version'),
    ],
    [
      'a selector that names the keys of today',
      'INTEGRITY_SELECTOR_CHANGED',
      (t) => t.replace('unencrypted_suffix: _unencrypted', 'encrypted_regex: ^(s|b|i|f|a|l)$'),
    ],
    [
      'mac_only_encrypted',
      'INTEGRITY_MAC_MISMATCH',
      (t) => t.replace('    mac:', '    mac_only_encrypted: true\n    mac:'),
    ],
    ['a repeated key', 'FORMAT_DUPLICATE_KEY', (t) => `s: null\n${t}`],
    ['a metadata name in two spellings', 'INTEGRITY_AMBIGUOUS', (t) => t.replace('    mac:', '    MAC: x\n    mac:')],
    [
      'a metadata name that folds to another',
      'INTEGRITY_AMBIGUOUS',
      (t) => t.replace('    mac:', '    encrypted_\u017fuffix: x\n    mac:'),
    ],
    ['a merge key in the metadata', 'INTEGRITY_AMBIGUOUS', (t) => t.replace('    mac:', '    <<: {}\n    mac:')],
    ['a line separator in a comment', 'INTEGRITY_AMBIGUOUS', (t) => `# note\u2028admin: true\n${t}`],
    ['a next line character', 'INTEGRITY_AMBIGUOUS', (t) => `# note\u0085admin: true\n${t}`],
    ['a second document', 'INTEGRITY_SEAL_MISMATCH', (t) => `${t}---\nadmin: null\n`],
    ['an unquoted time', 'INTEGRITY_AMBIGUOUS', (t) => t.replace(/lastmodified: "(.*)"/, 'lastmodified: $1')],
  ])('%s: %s', async (_what, code, manipulate) => {
    const text = manipulate(sealed)
    expect(text).not.toBe(sealed)

    await expect(open(text)).rejects.toMatchObject({ code })
  })

  test('a selector that differs from the rule’s is named where the rule’s fits', async () => {
    const ruleSelector = { kind: 'encrypted-suffix', text: 'b' } as const
    const { text: own } = await protect(PLAIN, { selector: ruleSelector })
    const text = own.replace('encrypted_suffix: b', 'encrypted_suffix: f')

    await expect(open(text, { ruleSelector: async () => ruleSelector })).rejects.toMatchObject({
      code: 'INTEGRITY_SELECTOR_CHANGED',
    })
  })

  test('a value added by hand is named, not sealed', async () => {
    const text = sealed.replace('a:\n', 'new: hunter2\na:\n  more: {x: 1}\n')

    const refusal = open(text)
    await expect(refusal).rejects.toMatchObject({ code: 'INTEGRITY_VALUE_NOT_ENCRYPTED' })
    await expect(refusal).rejects.toThrow(/new, a\.more/)
    await expect(refusal).rejects.not.toThrow(/hunter2/)
    expect((await open(text, { allowAdded: true })).added).toEqual([['new'], ['a', 'more']])
  })

  test('a recipient that was added is seen', async () => {
    const entry = sealed.match(/ {8}- enc: \|\n(?: {12}.*\n)* {10}recipient: .*\n/)?.[0] as string
    const text = sealed.replace(entry, `${entry}${entry.replace(/recipient: .*/, 'recipient: age1another')}`)

    expect((await open(text)).recipients).toBe('changed')
    expect((await open(sealed)).recipients).toBe('confirmed')
  })
})

describe('what changes nothing is accepted and still sealed', () => {
  test.each<[string, (text: string) => string]>([
    [
      'white space and blank lines',
      (t) => t.replaceAll('\n', '  \n').replace('s:', '\n\n\ns:').replaceAll('|  \n', '|\n'),
    ],
    ['comments', (t) => `# a remark\n${t}`],
    ['the order of the metadata', (t) => t.replace(/^( {4}lastmodified: .*\n)( {4}mac: .*\n)/m, '$2$1')],
    ['the place of the metadata', (t) => `${t.slice(t.indexOf('sops:'))}${t.slice(0, t.indexOf('sops:'))}`],
    ['our own marker of an alias around everything', (t) => `&__alias_a\n${t}`],
    ['another version', (t) => t.replace('version: 3.13.3', 'version: 3.9.0')],
    ['our own key of the metadata removed', (t) => t.replace(/^ {4}kmsfile: .*\n/m, '')],
  ])('%s', async (_what, change) => {
    const file = await open(change(sealed))

    expect(file.integrity).toBe('sealed')
    expect(yaml.emit(yaml.scan((await plaintextOf(file)).text).documents)).toBe(
      yaml.emit(yaml.scan(PLAIN).documents).replace(/^/, _what === 'comments' ? '# a remark\n' : ''),
    )
  })
})

describe('a key, MAC or layout from elsewhere', () => {
  test('the MAC of an older version does not fit the newer', async () => {
    const older = await protect(PLAIN.replace('secret', 'older'))
    const mac = older.text.match(/^ {4}mac: .*$/m)?.[0] as string

    await expect(open(sealed.replace(/^ {4}mac: .*$/m, mac))).rejects.toMatchObject({ code: 'INTEGRITY_MAC_MISMATCH' })
  })

  test('the layout of an older version is not taken', async () => {
    const older = await protect(PLAIN.replace('secret', 'older'))
    const layout = older.text.match(/^ {4}kmsfile: .*$/m)?.[0] as string
    const file = await open(sealed.replace(/^ {4}kmsfile: .*$/m, layout))

    expect(file.layout).toBeUndefined()
    expect((await plaintextOf(file)).exact).toBe(false)
  })

  test('another data key opens nothing', async () => {
    const key = toDataKey(new Uint8Array(32))

    await expect(open(sealed, { key })).rejects.toMatchObject({ code: 'INTEGRITY_MAC_MISMATCH' })
  })
})

describe('the original text is printed only where the values say the same', () => {
  const plain = 'a_unencrypted: &a 1\nb_unencrypted: *a\ns: x\n'
  const byComment = { kind: 'unencrypted-comment-regex', text: 'readable' } as const

  test.each<[string, string, Parameters<typeof protect>[1], (text: string) => string]>([
    [
      'a copy of an alias where readable values are not bound',
      plain,
      { macOnlyEncrypted: true },
      (t) => t.replace('*a', '&__alias_a 2'),
    ],
    ['a copy of an alias with a number of the other type', plain, {}, (t) => t.replace('*a', '&__alias_a 1.0')],
    [
      'a key that stands for a root without one, where readable values are not bound',
      's: x\n',
      { macOnlyEncrypted: true, selector: { kind: 'encrypted-regex', text: '^s$' } },
      (t) => `__root__: {admin: true}\n${t}`,
    ],
    ['such a key where nothing is sealed', 's: x\n', { selector: byComment }, (t) => `__root__: {admin: {}}\n${t}`],
  ])('%s', async (_what, text, options, manipulate) => {
    const written = await protect(text, options)
    expect((await plaintextOf(await open(written.text))).exact).toBe(true)

    const file = await open(manipulate(written.text))
    const printed = await plaintextOf(file)

    expect(printed.exact).toBe(false)
    expect(await treeDigest(yaml.scan(printed.text).documents)).toBe(await treeDigest(treeOf(file)))
  })
})

describe('JSON', () => {
  const plain = '{"a": {"password": "x", "n_unencrypted": 1}, "b": [1, 2]}\n'

  test.each<[string, string, (text: string) => string]>([
    ['a repeated key behind the real one', 'INTEGRITY_SEAL_MISMATCH', (t) => t.replace('"b":', '"a": null, "b":')],
    ['text behind the root object', 'FORMAT_SYNTAX', (t) => `${t}{"a": 1}`],
    ['renaming a readable key', 'INTEGRITY_SEAL_MISMATCH', (t) => t.replace('n_unencrypted', 'm_unencrypted')],
    ['two sops blocks', 'INTEGRITY_AMBIGUOUS', (t) => t.replace('{"a"', '{"sops": {}, "a"')],
  ])('%s: %s', async (_what, code, manipulate) => {
    const { text } = await protect(plain, { format: json })

    await expect(open(manipulate(text), { format: json })).rejects.toMatchObject({ code })
  })
})

describe.skipIf(!hasSharedData)('files of sops, where the vectors are at hand', () => {
  const key = () =>
    toDataKey(
      Buffer.from(
        JSON.parse(readFileSync(sharedData('vectors/manifest.json'), 'utf8'))['3.13.2.types.yaml']
          .data_key_hex_or_shares[0],
        'hex',
      ),
    )
  const text = () => readFileSync(sharedData('vectors/out/3.13.2.types.yaml'), 'utf8')

  test.each<[string, string, (text: string) => string]>([
    ['a deleted value', 'INTEGRITY_MAC_MISMATCH', (t) => t.replace(/^int: .*\n/m, '')],
    ['a changed time', 'INTEGRITY_MAC_MISMATCH', (t) => t.replace('lastmodified: "2026', 'lastmodified: "2027')],
    ['a removed MAC', 'INTEGRITY_MAC_MISSING', (t) => t.replace(/^ {4}mac: .*\n/m, '')],
    ['garbage behind an envelope', 'INTEGRITY_AMBIGUOUS', (t) => t.replace(/^(int: .*)$/m, '$1 garbage')],
    ['type:bytes', 'INTEGRITY_AMBIGUOUS', (t) => t.replace(/^(str: .*)type:str/m, '$1type:bytes')],
    ['two spellings of a name', 'INTEGRITY_AMBIGUOUS', (t) => t.replace('    mac:', '    Mac: x\n    mac:')],
  ])('%s: %s', async (_what, code, manipulate) => {
    await expect(open(manipulate(text()), { key: key() })).rejects.toMatchObject({ code })
  })
})
