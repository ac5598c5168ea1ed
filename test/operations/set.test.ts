import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Path } from '../../src/core/tree.ts'
import { json } from '../../src/formats/json.ts'
import { readPlainValue } from '../../src/formats/json-value.ts'
import { decrypt } from '../../src/operations/decrypt.ts'
import { readSource } from '../../src/operations/secrets-file.ts'
import { changeValue } from '../../src/operations/set.ts'
import { envelopesOf, type Workplace, withStranger, workplace } from './workplace.ts'

const TEXTS = {
  'secrets/prod.yaml':
    '# who\ndb:\n  user: app\n  password: "hunter2"\nhosts:\n  - db1\n  - db2\nregion_unencrypted: eu\n',
  'secrets/prod.json':
    '{"db": {"user": "app", "password": "hunter2"}, "hosts": ["db1", "db2"], "region_unencrypted": "eu"}\n',
}
const FILES = Object.keys(TEXTS) as (keyof typeof TEXTS)[]
const YAML = 'secrets/prod.yaml'

// Every code point, controls too, but no half of a pair: that is no text.
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 40 }))

describe.each(FILES)('in %s', (file) => {
  test('what is set comes out again', async () => {
    const place = await prepared(file)
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        const { outcome } = await changeValue(place.workspace, file, { path: ['db', 'password'], value })
        expect(await get(place, file, ['db', 'password'])).toBe(value)
        expect(outcome).toMatch(/changed/)
      }),
      { numRuns: 60 },
    )
  })

  test('a JSON value of any shape comes out again', async () => {
    const place = await prepared(file)
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 3, stringUnit: 'binary' }), async (source) => {
        const value = readPlainValue(JSON.stringify(noFloats(JSON.parse(source))))
        await changeValue(place.workspace, file, { path: ['new', 'value'], value })
        const { text } = await decrypt(place.workspace, await readSource(place.workspace, file), {
          extract: ['new', 'value'],
          outputFormat: json,
          spelled: true,
        })
        expect(JSON.parse(text)).toEqual(noFloats(JSON.parse(source)))
      }),
      { numRuns: 40 },
    )
  })

  test.each<[string, Path, string | undefined, { made: number; gone: number }]>([
    ['changing a value', ['db', 'password'], 'new', { made: 1, gone: 1 }],
    ['adding a value', ['db', 'port'], 'new', { made: 1, gone: 0 }],
    ['removing a value', ['db', 'user'], undefined, { made: 0, gone: 1 }],
    ['changing what is readable', ['region_unencrypted'], 'us', { made: 0, gone: 0 }],
  ])('%s leaves every other envelope as it was', async (_, path, value, { made, gone }) => {
    const place = await prepared(file)
    const before = envelopesOf(place.read(file))
    await changeValue(place.workspace, file, { path, value })
    const after = envelopesOf(place.read(file))
    expect(after.filter((envelope) => !before.includes(envelope))).toHaveLength(made)
    expect(before.filter((envelope) => !after.includes(envelope))).toHaveLength(gone)
  })

  test('a value that is set already leaves the file untouched, however it is spelled', async () => {
    const place = await prepared(file)
    const before = place.read(file)
    const result = await changeValue(place.workspace, file, { path: ['db', 'password'], value: 'hunter2' })
    expect(result.outcome).toBe('unchanged')
    expect(place.read(file)).toBe(before)
  })

  test('changes at the same time all count', async () => {
    const place = await prepared(file)
    const keys = Array.from({ length: 8 }, (_, i) => `key${i}`)
    await Promise.all(keys.map((key) => changeValue(place.workspace, file, { path: ['db', key], value: key })))
    for (const key of keys) expect(await get(place, file, ['db', key])).toBe(key)
  })

  test('says how much of the value stays readable', async () => {
    const place = await prepared(file)
    const readable = async (path: Path, value: string) =>
      (await changeValue(place.workspace, file, { path, value: readPlainValue(value) })).readable
    expect(await readable(['db', 'port'], '1')).toBe('nothing')
    expect(await readable(['region_unencrypted'], '"us"')).toBe('all')
    expect(await readable(['more'], '{"a": 1, "b_unencrypted": 2}')).toBe('a part')
    expect(await readable(['region_unencrypted'], '""')).toBe('nothing')
  })
})

test('a value that is not there cannot be removed, unless that is no matter', async () => {
  const place = await prepared(YAML)
  const before = place.read(YAML)
  const change = { path: ['db', 'nothing'], value: undefined }
  await expect(changeValue(place.workspace, YAML, change)).rejects.toMatchObject({ code: 'PATH_NOT_FOUND', file: YAML })
  expect(await changeValue(place.workspace, YAML, { ...change, idempotent: true })).toMatchObject({ outcome: 'absent' })
  expect(place.read(YAML)).toBe(before)
})

test.each(['secrets/a/new.yaml', 'secrets/a/new.json'])('%s is made where there is a rule for it', async (name) => {
  const place = workplace()
  const result = await changeValue(place.workspace, name, { path: ['db', 'password'], value: 'hunter2' })
  expect(result).toMatchObject({ outcome: 'added', created: true })
  expect(place.read(name)).not.toContain('hunter2')
  expect(await get(place, name, ['db', 'password'])).toBe('hunter2')
})

test('a file is not made by removing a value from it, or without a rule', async () => {
  const place = workplace()
  const { workspace } = place
  const path = ['a']
  await expect(changeValue(workspace, 'secrets/new.yaml', { path, value: undefined })).rejects.toMatchObject({
    code: 'PATH_NOT_FOUND',
  })
  await expect(changeValue(workspace, 'new.yaml', { path, value: 'a' })).rejects.toMatchObject({
    code: 'CONFIG_NO_RULE',
    file: 'new.yaml',
  })
  for (const name of ['secrets/new.yaml', 'new.yaml']) expect(() => place.read(name)).toThrow()
})

test('a file is not changed where something in it was not verified', async () => {
  const place = await prepared(YAML)
  const change = { path: ['db', 'password'], value: 'new' }
  const sound = place.read(YAML)
  for (const [tampered, code] of [
    [sound.replace('region_unencrypted: eu', 'region_unencrypted: us'), 'INTEGRITY_MAC_MISMATCH'],
    [sound.replace('db:', 'added: by hand\ndb:'), 'INTEGRITY_VALUE_NOT_ENCRYPTED'],
    [withStranger(sound), 'INTEGRITY_RECIPIENTS_CHANGED'],
  ] as const) {
    place.write(YAML, tampered)
    await expect(changeValue(place.workspace, YAML, change)).rejects.toMatchObject({ code, file: YAML })
    expect(place.read(YAML)).toBe(tampered)
  }
})

test('a file that is encrypted as one value has no paths', async () => {
  const place = workplace()
  await place.protect(YAML, '? [a, list]\n: b\n')
  await expect(changeValue(place.workspace, YAML, { path: ['a'], value: 'b' })).rejects.toMatchObject({
    code: 'FORMAT_UNSUPPORTED',
    hint: expect.stringContaining('kmsfile edit'),
  })
})

async function prepared(file: keyof typeof TEXTS): Promise<Workplace> {
  const place = workplace()
  await place.protect(file, TEXTS[file])
  return place
}

async function get({ workspace }: Workplace, name: string, path: Path): Promise<string> {
  return (await decrypt(workspace, await readSource(workspace, name), { extract: path })).text
}

/** Floats have spellings, which other tests are about; a key may be any. */
function noFloats(value: unknown): unknown {
  if (typeof value === 'number') return Math.trunc(value) % 2 ** 31 || 0
  if (Array.isArray(value)) return value.map(noFloats)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, noFloats(item)]))
}
