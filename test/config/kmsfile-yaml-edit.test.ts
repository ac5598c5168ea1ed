import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseKmsfileYaml } from '../../src/config/kmsfile-yaml.ts'
import { addRecipient, removeRecipient } from '../../src/config/kmsfile-yaml-edit.ts'
import { newKmsfileYaml } from '../../src/config/kmsfile-yaml-text.ts'
import type { MasterKey } from '../../src/core/master-key.ts'

const A = 'age1e6jfj38eg03495muvgqzgupr98g0ldyxcqnydtdczpqen7tpcpmsxwkpsg'
const B = 'age13y07crjw3djw9lzgq6ewcg68wmd7rgx9wk06mn6ea4p2gnjjtuaspvd8g4'
const C = 'age1dc076y9nl4j4xu6pqzar5wa9w65gazlz097yyvw9sz2yyqxn2q6sjvapev'
const file = '.kmsfile.yaml'
const carol: MasterKey = { type: 'age', recipient: C }
const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/config/kmsfile/${name}.yaml`, import.meta.url), 'utf8')

const BLOCK = `version: 1
recipients:
  ana:                # hers
    age: ${A}
  ben: { age: ${B} }  # his

rules:
  - files: [a]
    keys:
      - ana           # first
      - ben
    # between
  - files: [b]
    keys: [ ana, ben ]  # both
  - groups:
      - - ana
        - ben
      - [ben, ana]
    files: [c]
`

describe('a recipient that is added', () => {
  test('gets a line, and its name in the rules that list keys', async () => {
    const { text, rules } = await addRecipient(BLOCK, { name: 'carol', key: carol }, { file })
    expect(rules).toEqual([0, 1])
    expect(text).toBe(
      BLOCK.replace('# his\n', `# his\n  carol: { age: ${C} }\n`)
        .replace('      - ben\n', '      - ben\n      - carol\n')
        .replace('[ ana, ben ]', '[ ana, ben, carol ]'),
    )
  })

  test('leaves CRLF and a missing last line break as they are', async () => {
    const crlf = BLOCK.replaceAll('\n', '\r\n').trimEnd()
    const { text } = await addRecipient(crlf, { name: 'carol', key: carol }, { file })
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
    expect(text.endsWith('files: [c]')).toBe(true)
  })

  test('can be for some rules alone', async () => {
    const { text, rules } = await addRecipient(BLOCK, { name: 'carol', key: carol, rules: [1] }, { file })
    expect(rules).toEqual([1])
    const config = await parseKmsfileYaml(text, { file })
    expect(config.rules().map(({ groups }) => groups.flat().includes(carol) || groups.flat().length)).toEqual([2, 3, 4])
  })

  test.each([
    ['first-day', fixture('first-day'), [0]],
    ['minimal, without recipients', fixture('minimal'), [0]],
    ['anchors', fixture('anchors'), [0, 1, 2]],
    ['on one line', `{ version: 1, recipients: {}, rules: [{ files: [a], keys: [{ age: ${A} }] }] }`, [0]],
    ['on one line, without recipients', `{ version: 1, rules: [{ files: [a], keys: [{ age: ${A} }] }] }`, [0]],
    ['dashes in the first column', `version: 1\nrules:\n- files:\n  - a\n  keys:\n  - age: ${A}\n`, [0]],
  ])('is in the rules of %s', async (_, before, rules) => {
    const added = await addRecipient(before, { name: 'carol', key: carol }, { file })
    expect(added.rules).toEqual(rules)
    const config = await parseKmsfileYaml(added.text, { file })
    expect(config.recipients.get('carol')).toEqual(carol)
    for (const index of rules) expect(config.rules()[index]!.groups[0]!.at(-1)).toEqual(carol)
  })

  test('that is there already only gets the rules, and nothing twice', async () => {
    const { text } = await addRecipient(BLOCK, { name: 'carol', key: carol, rules: [0] }, { file })
    const again = await addRecipient(text, { name: 'carol', key: carol }, { file })
    expect(again.rules).toEqual([1])
    expect(await addRecipient(again.text, { name: 'carol', key: carol }, { file })).toEqual({
      text: again.text,
      rules: [],
    })
  })

  test('cannot have the name of another, or the key of another', async () => {
    const exists = expect.objectContaining({ code: 'CONFIG_EXISTS' })
    await expect(addRecipient(BLOCK, { name: 'ana', key: carol }, { file })).rejects.toEqual(exists)
    await expect(addRecipient(BLOCK, { name: 'carol', key: { type: 'age', recipient: A } }, { file })).rejects.toEqual(
      exists,
    )
  })

  test('is refused where a list that is shared would reach rules that were not meant', async () => {
    const shared = addRecipient(fixture('anchors'), { name: 'carol', key: carol, rules: [0] }, { file })
    await expect(shared).rejects.toMatchObject({ code: 'CONFIG_INVALID', hint: expect.stringMatching(/by hand/) })
  })
})

describe('a recipient that is removed', () => {
  test('is gone from its line, the rules and the groups', async () => {
    const { text, rules } = await removeRecipient(BLOCK, 'ana', { file })
    expect(rules).toEqual([0, 1, 2])
    expect(text).toBe(
      BLOCK.replace(/ {2}ana:.*\n.*\n/, '')
        .replace('      - ana           # first\n', '')
        .replace('[ ana, ben ]', '[ ben ]')
        .replace('- - ana\n        - ben', '- - ben')
        .replace('[ben, ana]', '[ben]'),
    )
  })

  test('from the end of lists', async () => {
    const { text } = await removeRecipient(BLOCK, 'ben', { file })
    expect(text).toBe(
      BLOCK.replace(/ {2}ben:.*\n/, '')
        .replace('      - ben\n', '')
        .replace('[ ana, ben ]', '[ ana ]')
        .replace('- - ana\n        - ben\n', '- - ana\n')
        .replace('[ben, ana]', '[ana]'),
    )
  })

  test('also where its key stands in full', async () => {
    const text = BLOCK.replace('[ ana, ben ]', `[ { age: ${A} }, ben ]`)
    const config = await parseKmsfileYaml((await removeRecipient(text, 'ana', { file })).text, { file })
    expect(JSON.stringify(config.rules().map(({ groups }) => groups))).not.toContain(A)
  })

  test.each([
    ['first-day', C],
    ['anchors', C],
    ['every-field', A],
  ])('undoes what adding did: %s', async (name, recipient) => {
    const before = fixture(name)
    const { text } = await addRecipient(before, { name: 'carol', key: { type: 'age', recipient } }, { file })
    expect(text).not.toBe(before)
    expect((await removeRecipient(text, 'carol', { file })).text).toBe(before)
  })

  test('is refused where nobody would be left', async () => {
    const only = `version: 1\nrecipients: { ana: { age: ${A} } }\nrules:\n  - { files: [a], keys: [ana] }\n`
    await expect(removeRecipient(only, 'ana', { file })).rejects.toMatchObject({ code: 'CONFIG_INVALID', line: 4 })
    await expect(removeRecipient(only, 'ben', { file })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  test('may be the last that has a name', async () => {
    for (const recipients of [`recipients: { ana: { age: ${A} } }`, `recipients:\n  ana: { age: ${A} } # x`]) {
      const text = `version: 1\n${recipients}\nrules:\n  - { files: [a], keys: [ana, { age: ${B} }] }\n`
      const config = await parseKmsfileYaml((await removeRecipient(text, 'ana', { file })).text, { file })
      expect(config.recipients.size).toBe(0)
      expect(config.ruleFor('a')?.groups).toEqual([[{ type: 'age', recipient: B }]])
    }
  })
})

test('the text of a new configuration reads back as what it was made of', async () => {
  const full = await parseKmsfileYaml(fixture('every-field'), { file })
  const recipients = new Map<string, MasterKey>([['yes', carol], ...full.recipients])
  recipients.delete('azure_latest')
  const text = newKmsfileYaml({
    recipients,
    rules: [
      { files: ['secrets/**', '*.enc.{yaml,yml,json}'], keys: ['yes', 'andré@example.org'], integrity: 'sealed' },
      { files: ['"odd\\"name"'], keys: [...recipients.keys()] },
    ],
  })
  const config = await parseKmsfileYaml(text, { file })
  expect(config.recipients).toEqual(recipients)
  expect(config.ruleFor('x.enc.yml')).toMatchObject({ integrity: 'sealed', groups: [[carol, { recipient: B }]] })
  expect(config.rules()[1]?.groups).toEqual([[...recipients.values()]])
})

test('the text of a first configuration is this', () => {
  const recipients = new Map<string, MasterKey>([['ana', { type: 'age', recipient: A }]])
  const rules = [{ files: ['secrets/**', '*.enc.{yaml,yml,json}'], keys: ['ana'] }]
  expect(
    newKmsfileYaml({ recipients, rules }),
  ).toBe(`# Which keys for which secrets files. The first rule that matches a file counts.
version: 1

# Names for people and keys. For somebody new, add a line and run: kmsfile updatekeys --all
recipients:
  ana: { age: ${A} }

rules:
  # Globs as in .gitignore, relative to this file. Any one of the keys opens a file.
  - files: ["secrets/**", "*.enc.{yaml,yml,json}"]
    keys: [ana]
`)
})
