import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { SELECTOR_FIELDS } from '../../src/core/envelope.ts'
import { ana, ben, eve, identitiesOf } from './people.ts'
import { type Desk, hasSops, newDesk } from './sops.ts'
import { readSame } from './yaml-values.ts'

const YAML = `# for everybody
database:
  host: db.internal   # inside only
  port: 5432
  password: 'p@ss: word'
hosts: [a.example.com, b.example.com]
note_unencrypted: readable
`
const JSON_TEXT = '{"database": {"password": "p\\u00e4ss", "port": 5432}, "list": [1.50, null, "x"]}\n'

/** The identity in a file, as on a real machine; the environment holds none. */
function deskOfAna(): Desk {
  const desk = newDesk({ SOPS_AGE_KEY: '' })
  desk.write('identities/ana.txt', ana.env.SOPS_AGE_KEY)
  desk.write('.sops.yaml', `creation_rules:\n  - age: ${ana.recipient}\n`)
  desk.write('values.yaml', YAML)
  desk.write('values.json', JSON_TEXT)
  const env = { SOPS_AGE_KEY_FILE: `${desk.folder}/identities/ana.txt` }
  return {
    ...desk,
    sops: (args, options) => desk.sops(args, { ...options, env: { ...env, ...options?.env } }),
    kmsfile: (args, options) => desk.kmsfile(args, { ...options, env: { ...env, ...options?.env } }),
  }
}

/** Runs a program that must succeed; its stdout. */
async function output(run: ReturnType<Desk['sops']>): Promise<string> {
  const { code, stdout, stderr } = await run
  expect(code, stderr).toBe(0)
  return stdout
}

describe.skipIf(!hasSops)('the command lines of both programs work on the same files', () => {
  test.each(['values.yaml', 'values.json'])('%s: encrypted by kmsfile, read by sops', async (file) => {
    const desk = deskOfAna()
    const plaintext = desk.read(file)
    await output(desk.kmsfile(['encrypt', '-i', file]))
    expect(desk.read(file)).not.toContain('ss: word')

    expect(readSame(await output(desk.sops(['decrypt', file])), plaintext)).toBe(true)
    expect(await output(desk.kmsfile(['decrypt', file]))).toBe(plaintext)
    expect(await output(desk.sops(['filestatus', file]))).toContain('"encrypted":true')
  })

  test.each(['values.yaml', 'values.json'])('%s: encrypted by sops, read by kmsfile', async (file) => {
    const desk = deskOfAna()
    const plaintext = desk.read(file)
    await output(desk.sops(['encrypt', '-i', file]))

    const printed = await output(desk.kmsfile(['decrypt', file]))
    expect(readSame(printed, plaintext)).toBe(true)
    expect(await output(desk.kmsfile(['-d', file]))).toBe(printed)
    // With the layout of sops, to the letter.
    if (file.endsWith('.json')) expect(printed).toBe(await output(desk.sops(['decrypt', file])))
  })

  test.each<[string, readonly string[]]>([
    ['a text', ['decrypt', '--extract', '["database"]["password"]', 'values.yaml']],
    ['a number', ['decrypt', '--extract', '["database"]["port"]', 'values.yaml']],
    ['an item of a list', ['decrypt', '--extract', '["hosts"][1]', 'values.yaml']],
    ['a map', ['decrypt', '--extract', '["database"]', 'values.yaml']],
    ['a map, in short', ['-d', '--extract', '["database"]', 'values.yaml']],
    ['all as JSON', ['decrypt', '--output-type', 'json', 'values.yaml']],
    ['all as YAML', ['decrypt', '--output-type', 'yaml', 'values.json']],
    ['by another name', ['decrypt', '--input-type', 'yaml', '--output-type', 'yaml', 'values.txt']],
  ])('the same arguments print the same: %s', async (_what, args) => {
    const desk = deskOfAna()
    await output(desk.sops(['encrypt', '-i', 'values.yaml']))
    await output(desk.sops(['encrypt', '-i', 'values.json']))
    desk.write('values.txt', desk.read('values.yaml'))

    const [bySops, byKmsfile] = [await output(desk.sops(args)), await output(desk.kmsfile(args))]
    expect(byKmsfile.trimEnd()).not.toBe('')
    expect(readSame(byKmsfile, bySops)).toBe(true)
  })

  test('set and unset of each are seen by the other', async () => {
    const desk = deskOfAna()
    await output(desk.kmsfile(['encrypt', '-i', 'values.yaml']))
    await output(desk.sops(['set', 'values.yaml', '["database"]["password"]', '"by sops"']))
    expect(await output(desk.kmsfile(['get', 'values.yaml', 'database.password']))).toBe('by sops')

    await output(desk.kmsfile(['set', 'values.yaml', 'database.password', '"by kmsfile"']))
    await output(desk.kmsfile(['set', 'values.yaml', '["database"]["new"]', '{"a": [1, true, null]}']))
    await output(desk.kmsfile(['unset', 'values.yaml', 'hosts[0]']))
    const { database, hosts } = parse(await output(desk.sops(['decrypt', 'values.yaml'])))
    expect(database.password).toBe('by kmsfile')
    expect(database.new).toEqual({ a: [1, true, null] })
    expect(hosts).toEqual(['b.example.com'])

    await output(desk.sops(['unset', 'values.yaml', '["database"]["new"]']))
    expect((await desk.kmsfile(['get', 'values.yaml', 'database.new'])).code).toBe(4)
  })

  test('rotate gives sops a file under another data key', async () => {
    const desk = deskOfAna()
    await output(desk.sops(['encrypt', '-i', 'values.yaml']))
    const before = desk.read('values.yaml')
    await output(desk.kmsfile(['rotate', '-i', '--yes', 'values.yaml']))

    expect(readSame(await output(desk.sops(['decrypt', 'values.yaml'])), YAML)).toBe(true)
    const envelopes = (text: string) => text.match(/ENC\[[^\]]*\]/g) ?? []
    expect(envelopes(before).filter((envelope) => desk.read('values.yaml').includes(envelope))).toEqual([])
    expect(metadataOf(desk.read('values.yaml')).enc).not.toEqual(metadataOf(before).enc)
  })

  test('updatekeys lets in and keeps out whom the rule says', async () => {
    const desk = deskOfAna()
    await output(desk.sops(['encrypt', '-i', 'values.yaml']))
    const asBen = { env: { ...ben.env, SOPS_AGE_KEY_FILE: '' } }
    expect((await desk.sops(['decrypt', 'values.yaml'], asBen)).code).not.toBe(0)

    desk.write('.sops.yaml', `creation_rules:\n  - age: ${ana.recipient},${ben.recipient}\n`)
    await output(desk.kmsfile(['updatekeys', '--yes', 'values.yaml']))
    expect(readSame(await output(desk.sops(['decrypt', 'values.yaml'], asBen)), YAML)).toBe(true)
    expect(metadataOf(desk.read('values.yaml')).groups).toEqual([[ana.recipient, ben.recipient]])

    desk.write('.sops.yaml', `creation_rules:\n  - age: ${ben.recipient}\n`)
    await output(desk.kmsfile(['updatekeys', '--yes', 'values.yaml']))
    expect((await desk.sops(['decrypt', 'values.yaml'])).code).not.toBe(0)
    expect(readSame(await output(desk.sops(['decrypt', 'values.yaml'], asBen)), YAML)).toBe(true)
  })

  test('both refuse what the other has encrypted, and who is not a recipient', async () => {
    const desk = deskOfAna()
    await output(desk.kmsfile(['encrypt', '--age', ben.recipient, '--output', 'ben.yaml', 'values.yaml']))
    await output(desk.sops(['encrypt', '--age', ben.recipient, '--output', 'sops.yaml', 'values.yaml']))

    expect((await desk.sops(['encrypt', '-i', 'ben.yaml'])).code).toBe(203)
    expect((await desk.sops(['decrypt', 'ben.yaml'])).code).toBe(128)
    expect((await desk.kmsfile(['decrypt', 'ben.yaml'])).code).toBe(5)
    expect((await desk.kmsfile(['decrypt', 'sops.yaml'])).code).toBe(5)
  })
})

const RULES = `stores: {yaml: {indent: 2}}
creation_rules:
  - path_regex: ^prod/.*\\.ya?ml$
    age: >-
      ${ana.recipient},
      ${ben.recipient}
    encrypted_regex: ^(password|hosts)$
  - path_regex: 'groups'
    shamir_threshold: 2
    key_groups:
      - age: [${ana.recipient}, ${ben.recipient}]
      - age: [${ben.recipient}]
      - age: [${eve.recipient}]
  - path_regex: only\\.(yaml|json)$
    age: [${eve.recipient}, ${ana.recipient}]
    unencrypted_suffix: s
    mac_only_encrypted: true
  - path_regex: \\.json$
    unencrypted_regex: port$
    key_groups: [{age: [${ben.recipient}]}]
  - age: ${ana.recipient}
`

describe.skipIf(!hasSops)('a .sops.yaml says the same to both programs', () => {
  test.each([
    'prod/values.yaml',
    'prod/deep/er/values.yml',
    'other/prod/values.yaml',
    'groups/values.yaml',
    'prod/groups.json',
    'only.yaml',
    'a/only.json',
    'values.json',
    'values.yaml',
  ])('%s', async (file) => {
    const desk = newDesk(identitiesOf(ana, ben, eve))
    desk.write('.sops.yaml', RULES)
    desk.write(file, file.endsWith('.json') ? JSON_TEXT : YAML)

    const [bySops, byKmsfile] = [
      await output(desk.sops(['encrypt', file])),
      await output(desk.kmsfile(['encrypt', file])),
    ]

    const { enc: _, ...ours } = metadataOf(byKmsfile)
    expect(ours).toEqual({ ...metadataOf(bySops), enc: undefined })
    desk.write(file, byKmsfile)
    expect(readSame(await output(desk.sops(['decrypt', file])), file.endsWith('.json') ? JSON_TEXT : YAML)).toBe(true)
  })
})

interface Metadata {
  readonly groups: readonly (readonly string[])[]
  readonly threshold: number | undefined
  readonly selector: readonly (readonly [string, unknown])[]
  readonly macOnlyEncrypted: unknown
  readonly enc: readonly string[]
}

/** Who can open a file, and what of it is encrypted, as its metadata says. */
function metadataOf(text: string): Metadata {
  const { sops } = parse(text)
  const groups: { age?: { recipient: string; enc: string }[] }[] = sops.key_groups ?? [sops]
  return {
    groups: groups.map(({ age = [] }) => age.map(({ recipient }) => recipient)),
    threshold: sops.shamir_threshold,
    selector: Object.values(SELECTOR_FIELDS).flatMap((field) => (field in sops ? [[field, sops[field]]] : [])),
    macOnlyEncrypted: sops.mac_only_encrypted,
    enc: groups.flatMap(({ age = [] }) => age.map(({ enc }) => enc)),
  }
}
