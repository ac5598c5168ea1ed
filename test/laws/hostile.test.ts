import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { cipherKey, encryptValue } from '../../src/core/cipher.ts'
import { type DataKey, toDataKey } from '../../src/core/data-key.ts'
import { parseEncryptedValue } from '../../src/core/encrypted-value.ts'
import { normalTime } from '../../src/core/envelope-reader.ts'
import { openLayout, sealLayout } from '../../src/core/layout.ts'
import { sealDocument } from '../../src/core/seal.ts'
import { compileSelector } from '../../src/core/selection.ts'
import { KmsfileError } from '../../src/errors.ts'
import { detectFormat } from '../../src/formats/detect.ts'
import type { Format } from '../../src/formats/format.ts'
import { json } from '../../src/formats/json.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { decryptWith, openValues } from '../../src/operations/open-values.ts'
import { type EncryptedFile, openSecrets, parseEncrypted, plaintextOf } from '../../src/operations/read-secrets.ts'
import { open, protect } from '../operations/secrets.ts'
import { hasSharedData, sharedData } from '../shared-data.ts'
import { dice, mutate } from './mutations.ts'
import { SHAPES } from './shapes.ts'

interface Sample {
  readonly format: Format
  readonly text: string
  readonly key: DataKey
}

const ownKey = toDataKey(createHash('sha256').update('a data key').digest())
const PLAIN: readonly (readonly [Format, string])[] = [
  [
    yaml,
    'a: &x {b: s1, c: [s2, s3]}\nd: *x\n# c\ne_unencrypted: {f: 4, g: *x}\nh:\n- *x\n- i: ""\n- null # d\n1: |\n  l\n  m\n',
  ],
  [yaml, 'a: s\n<<: {b: 1}\nz: !!int 3\nt: 2001-01-01\n---\nb: [1]\n---\n# nothing\n'],
  [yaml, '- a\n- b: c\n'],
  [yaml, '{a: b, c: "d", e: [f, g]}\n'],
  [json, '{"a": {"b": "x", "c": [1, 2.5, true, null, "\\u00e9"]}, "d_unencrypted": 1}'],
  [json, '[1, "a"]'],
]

async function samples(): Promise<readonly Sample[]> {
  const own = PLAIN.map(async ([format, plain]) => ({
    format,
    text: (await protect(plain, { format })).text,
    key: ownKey,
  }))
  return [...(await Promise.all(own)), ...(hasSharedData ? vectors() : [])]
}

function vectors(): readonly Sample[] {
  const manifest = JSON.parse(readFileSync(sharedData('vectors/manifest.json'), 'utf8'))
  return readdirSync(sharedData('vectors/out'))
    .filter((name) => /\.(ya?ml|json)$/.test(name) && manifest[name].data_key_hex_or_shares.length === 1)
    .map((name) => ({
      format: detectFormat(name),
      text: readFileSync(sharedData(`vectors/out/${name}`), 'utf8'),
      key: toDataKey(Buffer.from(manifest[name].data_key_hex_or_shares[0], 'hex')),
    }))
}

/** The result, or the code of the refusal. Anything else is a bug. */
async function outcome<T>(attempt: () => T | Promise<T>): Promise<T | string> {
  try {
    return await attempt()
  } catch (error) {
    if (error instanceof KmsfileError) return error.code
    throw error
  }
}

describe('a damaged text is read or refused, and nothing else happens', () => {
  test('by whoever has the key', async () => {
    const all = await samples()
    const roll = dice(1)
    const outcomes = new Map<string, number>()
    for (let i = 0; i < 1800; i++) {
      const { format, text, key } = all[i % all.length] as Sample
      const damaged = mutate(
        text,
        roll,
        all.map((each) => each.text),
      )
      const found = await outcome(async () => {
        const opened = await openSecrets(parseEncrypted(format, damaged), key, { allowAdded: i % 2 === 0 })
        return (await plaintextOf(opened)).exact ? 'exact' : 'printed'
      })
      outcomes.set(found, (outcomes.get(found) ?? 0) + 1)
    }
    // Not all of it is refused at the first look.
    for (const found of ['exact', 'printed', 'FORMAT_SYNTAX', 'INTEGRITY_MAC_MISMATCH', 'INTEGRITY_TAG_MISMATCH']) {
      expect([found, outcomes.get(found) ?? 0]).toEqual([found, expect.toSatisfy((count: number) => count > 20)])
    }
  })

  test('where who damaged it has a data key, too, and seals it', async () => {
    const all = await samples()
    const roll = dice(2)
    let printed = 0
    for (let i = 0; i < 1000; i++) {
      const { format, text, key } = all[i % all.length] as Sample
      const damaged = mutate(
        text,
        roll,
        all.map((each) => each.text),
      )
      const found = await outcome(async () => {
        const file = await sealedAnew(parseEncrypted(format, damaged), key)
        return plaintextOf(await openSecrets(file, key, { allowAdded: true }))
      })
      if (typeof found !== 'string') printed++
    }
    expect(printed).toBeGreaterThan(200)
  })

  test('as a plaintext: it comes back', async () => {
    const roll = dice(3)
    let written = 0
    for (let i = 0; i < 1000; i++) {
      const [format, plain] = PLAIN[i % PLAIN.length] as (typeof PLAIN)[number]
      const damaged = mutate(
        plain,
        roll,
        PLAIN.map(([, text]) => text),
      )
      const found = await outcome(async () => protect(damaged, { format }))
      if (typeof found === 'string') continue
      written++
      expect(await plaintextOf(await open(found.text, { format }))).toEqual({ text: damaged, exact: true })
    }
    expect(written).toBeGreaterThan(200)
  })
})

/** A file with a MAC and a seal that fit whatever it says. */
async function sealedAnew(file: EncryptedFile, key: DataKey): Promise<EncryptedFile> {
  const { scanned, envelope } = file
  const time = normalTime(envelope.lastModified)
  const seal = sealDocument(key, time, randomBytes)
  const { mac } = openValues(scanned.documents, {
    decrypt: decryptWith(cipherKey(key)),
    selection: await compileSelector(envelope.selector),
    macOnlyEncrypted: envelope.macOnlyEncrypted,
    sink: seal.sink,
  })
  const nonce = seal.nonce()
  const before = Buffer.from(parseEncryptedValue(envelope.mac)?.nonce ?? '', 'base64')
  const layout = openLayout(key, envelope.kmsfile, before)
  return {
    ...file,
    envelope: {
      ...envelope,
      mac: encryptValue(cipherKey(key), mac, { associatedData: time, nonce, type: 'str' }),
      kmsfile: layout && sealLayout(key, layout, { macNonce: nonce, randomBytes }),
    },
  }
}

/** CPU time of this process, in milliseconds: others on the machine do not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** The least of several attempts, since what disturbs only ever adds. */
async function leastMs(attempt: () => unknown, limitMs: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 3 && least > limitMs; i++) {
    const start = cpuMs()
    await outcome(attempt)
    least = Math.min(least, cpuMs() - start)
  }
  return least
}

// What takes time in the square of its size takes a hundred times as long.
describe('no text takes much longer than an ordinary one of its size', () => {
  const SIZE = 60_000
  const ordinary = SHAPES['ordinary entries']?.(SIZE) ?? ''
  const scanLimit = leastMs(() => yaml.scan(ordinary), 0).then((ms) => Math.max(ms, 20) * 10)
  const wayLimit = leastMs(() => thereAndBack(yaml, ordinary), 0).then((ms) => Math.max(ms, 100) * 10)

  async function thereAndBack(format: Format, text: string): Promise<void> {
    const written = await protect(text, { format })
    await plaintextOf(await open(written.text, { format }))
  }

  test.each(Object.entries(SHAPES))('%s', async (what, make) => {
    // Each document gets metadata of its own.
    const text = make(what.startsWith('documents') ? SIZE / 10 : SIZE)
    expect(await leastMs(() => yaml.scan(text), await scanLimit)).toBeLessThan(await scanLimit)
    expect(await leastMs(() => thereAndBack(yaml, text), await wayLimit)).toBeLessThan(await wayLimit)
  })

  test.each<[string, (size: number) => string]>([
    ['brackets', (size) => '['.repeat(size)],
    ['brackets that close', (size) => `[${'[],'.repeat(size / 3)}[]]`],
    ['braces', (size) => '{"a":'.repeat(size / 5)],
    ['spaces', (size) => `{"a":${' '.repeat(size)}1}`],
    ['spaces behind the end', (size) => `{}${' '.repeat(size)}`],
    ['spaces in a text', (size) => `{"a":"\\t${' '.repeat(size)}b"}`],
    ['escapes', (size) => `["${'\\u00e9\\\\'.repeat(size / 8)}"]`],
    ['digits', (size) => `[${'1'.repeat(size)}]`],
    ['digits with an exponent', (size) => `[1e${'1'.repeat(size)}]`],
    ['one key again and again', (size) => `{${'"a":"b",'.repeat(size / 8)}"c":1}`],
    ['keys on one line', (size) => `{${Array.from({ length: size / 12 }, (_, i) => `"k${i}":"v"`).join()}}`],
    ['a text without end', (size) => `["${'a'.repeat(size)}`],
  ])('JSON with %s', async (_what, make) => {
    const text = make(SIZE)
    expect(await leastMs(() => thereAndBack(json, text), await wayLimit)).toBeLessThan(await wayLimit)
  })

  test.each<[string, (size: number) => string]>([
    ['fields that nobody knows', (size) => Array.from({ length: size / 14 }, (_, i) => `    f${i}: x\n`).join('')],
    [
      'fields that are there twice',
      (size) => Array.from({ length: size / 28 }, (_, i) => `    f${i}: x\n    F${i}: x\n`).join(''),
    ],
    ['a long field', (size) => `    x: ${'y'.repeat(size)}\n`],
    ['nesting', (size) => `    x: ${'[[[[[[[[[[a]]]]]]]]]], '.repeat(size / 24).replace(/^/, '[')}]\n`],
    ['a long version', (size) => `    x: 1\n    Version: ${'1'.repeat(size)}\n`],
  ])('metadata with %s', async (_what, make) => {
    const { text } = await protect('a: b\n')
    const changed = text + make(SIZE)
    const reading = () => open(changed).then(plaintextOf)
    expect(await leastMs(reading, await wayLimit)).toBeLessThan(await wayLimit)
  })

  test.each(['int', 'float', 'bool', 'time', 'comment'])('a long value that somebody made type:%s', async (type) => {
    for (const value of ['1'.repeat(SIZE), `${'1'.repeat(SIZE)}x`, `${' '.repeat(SIZE)}1`, `1.${'1'.repeat(SIZE)}`]) {
      const { text } = await protect(`- "${value}"\n`)
      const changed = text.replace('type:str', `type:${type}`)
      expect(await leastMs(() => open(changed), await wayLimit)).toBeLessThan(await wayLimit)
    }
  })
})

describe('aliases cannot make much of little', () => {
  const often = (what: string, times: number) => Array.from({ length: times }, () => what).join(', ')
  const powers = (levels: number) =>
    Array.from({ length: levels }, (_, i) => `a${i + 1}: &a${i + 1} [${often(`*a${i}`, 10)}]\n`).join('')

  test.each<[string, string]>([
    ['lists of lists', `a0: &a0 [x, y]\n${powers(9)}`],
    [
      'lists of lists that are readable',
      `a0_unencrypted: &a0 [x, y]\n${powers(9).replaceAll(': &', '_unencrypted: &')}`,
    ],
    ['lists of lists in the second document', `a: b\n---\na0: &a0 [x, y]\n${powers(9)}`],
    ['lists of lists of nothing', `a0: &a0 []\n${powers(9)}`],
    ['one secret among many empty lists', `a: &a [x, ${often('[]', 20_000)}]\nb: [${often('*a', 20_000)}]\n`],
    ['a long secret', `a: &a ${'x'.repeat(50_000)}\nb: [${often('*a', 50_000)}]\n`],
    [
      'a long text that is readable',
      `a_unencrypted: &a ${'x'.repeat(50_000)}\nb_unencrypted: [${often('*a', 50_000)}]\n`,
    ],
    ['a long key', `a: &a {${'x'.repeat(1000)}: y}\nb: [${often('*a', 100_000)}]\n`],
    [
      'a chain',
      `a0: &a0 [x]\n${Array.from({ length: 20_000 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]\n`).join('')}`,
    ],
    ['comments', `a_unencrypted: &a\n${'  # c\n'.repeat(2000)}  b: c\nd_unencrypted: [${often('*a', 20_000)}]\n`],
  ])('%s', async (_what, text) => {
    expect(await outcome(() => protect(text))).toBe('FORMAT_TOO_MANY_ALIASES')
  })

  test('in an encrypted text, before its MAC is known to fit', async () => {
    const { text } = await protect('a_unencrypted: &a0 [x, y]\n')
    const changed = text.replace('\nsops:', `\n${powers(9).replaceAll(': &', '_unencrypted: &')}sops:`)
    expect(await outcome(() => open(changed))).toBe('FORMAT_TOO_MANY_ALIASES')
  })

  test('which a file may have many of', async () => {
    const written = await protect(`a: &a {b: x, c: [y]}\nd: [${often('*a', 2000)}]\n`)
    expect(written.whole).toBeUndefined()
  })
})

test('a thousand brackets again and again do not end the process', () => {
  for (let i = 0; i < 50; i++) expect(() => yaml.scan('['.repeat(2000))).toThrow(KmsfileError)
})

describe('names from the prototype are names like others', () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__']

  test.each<[string, Format, string]>([
    ['YAML', yaml, names.map((name) => `${name}:\n  ${name}: {polluted: yes}\n`).join('')],
    [
      'YAML with merge keys',
      yaml,
      'a: &a {__proto__: {polluted: yes}}\nb:\n  <<: *a\n  constructor: {prototype: {polluted: yes}}\n',
    ],
    ['JSON', json, `{${names.map((name) => `"${name}": {"${name}": {"polluted": "yes"}}`).join(', ')}}`],
  ])('in %s', async (_what, format, plain) => {
    const { text, whole } = await protect(plain, { format })
    expect(whole).toBeUndefined()
    const file = await open(text.replace(/^.*kmsfile.*\n/m, ''), { format })
    await plaintextOf(file)

    expect((await plaintextOf(await open(text, { format }))).text).toBe(plain)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test('as selectors', async () => {
    for (const text of names) {
      const selector = { kind: 'encrypted-suffix', text } as const
      const { text: written } = await protect(`${text}: s3cr3t\nother: open\n`, { selector })
      expect(written).toContain('other: open')
      expect(written).not.toContain('s3cr3t')
    }
  })
})
