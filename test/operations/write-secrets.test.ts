import { describe, expect, test } from 'vitest'
import type { AwsKmsKey, WrappedKey } from '../../src/core/master-key.ts'
import type { Format } from '../../src/formats/format.ts'
import { json } from '../../src/formats/json.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { plaintextOf } from '../../src/operations/read-secrets.ts'
import { open, protect } from './secrets.ts'

async function comesBack(
  text: string,
  format: Format = yaml,
): Promise<{ readonly whole: string | undefined; readonly text: string }> {
  const written = await protect(text, { format })
  expect(await plaintextOf(await open(written.text, { format }))).toEqual({ text, exact: true })
  return written
}

describe('shows no comment while it is encrypted that stands', () => {
  test.each([
    ['between a core tag and its value', 'a: !!int # s3cr3t\n  3\n'],
    ['between a core tag and a block scalar', 'a: !!str # s3cr3t\n  |\n  b\nc: !!binary # s3cr3t\n  |\n  Zm9v\n'],
    ['between two properties', 'a: &x # s3cr3t\n  !t # s3cr3t\n  b\n'],
    ['between the properties of a list', 'a: &x # s3cr3t\n  !t # s3cr3t\n  - b\n'],
    ['between the properties of a key', '? &x # s3cr3t\n  !t # s3cr3t\n  a\n: b\n'],
    ['between a core tag and a key', '? !!int # s3cr3t\n  1\n: b\n'],
    ['behind a directive', '%TAG !e! tag:x # s3cr3t\n--- # s3cr3t\na: !e!t b\n'],
    ['behind the header of a block scalar', 'a: | # s3cr3t\n  b\n'],
    [
      'behind the header of a block scalar without lines',
      'a: > # s3cr3t\nb: &x |+ # s3cr3t\n\n\nc: d\ne:\n  - >2- # s3cr3t\n',
    ],
    ['behind such a header, with CRLF', 'a: > # s3cr3t\r\nb: c\r\n'],
    ['in what an alias refers to', 'a: &a\n  # s3cr3t\n  x: null\nb: *a\n'],
  ])('%s', async (_what, text) => {
    expect((await comesBack(text)).text).not.toContain('s3cr3t')
  })
})

describe('comes back', () => {
  test.each<[string, string, Format]>([
    ['a file of many documents', 'a: b\n---\n'.repeat(300), yaml],
    ['an alias to an anchor that is there twice', 'a: &x\n  b: &x 1\nc: *x\n', yaml],
    ['half a surrogate pair', 'a: "\\ud800"\n', yaml],
    ['half a surrogate pair in JSON', '{"a": "\\ud800"}', json],
    ['a value that looks like an encrypted one', 'a: "ENC[AES256_GCM,data:x"\n', yaml],
    ['a tag with escapes', 'a: !!%69nt 3\n', yaml],
    ['a tag of a million characters', `a: !${'b'.repeat(1_000_000)} c\n`, yaml],
  ])('%s', async (_what, text, format) => {
    await comesBack(text, format)
  })
})

describe('the byte order mark', () => {
  test('is printed where it was, and nowhere else', async () => {
    for (const format of [yaml, json]) {
      const plain = format === json ? '{"a": "b"}' : 'a: b\n'
      const { text: without } = await comesBack(plain, format)
      const { text: withMark } = await comesBack(`\ufeff${plain}`, format)

      // Anybody can put one in front, and to some readers it is part of the first key.
      expect((await plaintextOf(await open(`\ufeff${without}`, { format }))).text).toBe(plain)
      expect((await plaintextOf(await open(withMark.replace(/^\ufeff/, ''), { format }))).text).toBe(`\ufeff${plain}`)
    }
  })
})

describe('the spelling is the original one, letter for letter, where somebody', () => {
  test.each<[string, (text: string) => string, string]>([
    ['put a comment in front', (text) => `# new\n${text}`, "# new\na: 'x' # c\nb: |\n  y\n"],
    ['put blank lines in front', (text) => `\n\n${text}`, "\n\na: 'x' # c\nb: |\n  y\n"],
    ['took a comment away', (text) => text.replace(/ #ENC.*/, ''), "a: 'x'\nb: |\n  y\n"],
  ])('%s', async (_what, change, expected) => {
    const { text } = await protect("a: 'x' # c\nb: |\n  y\n")
    const changed = change(text)
    expect(changed).not.toBe(text)
    const plaintext = await plaintextOf(await open(changed))
    expect(plaintext.exact).toBe(true)
    expect(plaintext.text).toBe(expected)
  })
})

test.each<[string, Format, string, string, string]>([
  ['entries in braces', yaml, '{a: b, c: d}\n', '{', '{n: 1, m: 2, '],
  ['entries between others in braces', yaml, '{a: b, c: d}\n', ', c', ', n: 1, m: 2, c'],
  ['items in brackets', yaml, 'a: [b, c]\n', 'a: [', 'a: [x, y, '],
  ['items on lines', yaml, 'a:\n- b\n- c\n', '- ', '- x\n- y: {z: 1}\n- '],
  ['entries on lines', yaml, "a:\n  b: 'c'\n", '  b', '  n: 1\n  m: 2\n  b'],
  ['members', json, '{"a": "b", "c": "d"}', '{', '{"n": 1, "m": 2, '],
  ['members between others', json, '{"a": "b", "c": "d"}', ', "c"', ', "n": 1, "m": 2, "c"'],
])('the spelling stays where somebody added by hand %s', async (_what, format, plain, from, to) => {
  const { text } = await protect(plain, { format })
  const file = await open(text.replace(from, to), { format, allowAdded: true })
  expect(await plaintextOf(file)).toEqual({ text: plain.replace(from, to), exact: true })
})

describe('a comment that some reader takes for more than a line', () => {
  test('makes the file one value', async () => {
    for (const character of ['\u0085', '\u2028', '\u2029']) {
      expect((await comesBack(`a: b\n# c${character}admin: true\n`)).whole).toMatch(/comment/)
    }
  })

  // An item of a list and a comment in it are encrypted alike.
  test('is not printed where somebody made it of an item', async () => {
    const { text } = await protect('l:\n- "x\\Ladmin: true"\n- y\n')
    const [item = ''] = /ENC\[[^\]]*\]/.exec(text) ?? []
    const changed = text.replace('- "', `#${item.replace('type:str', 'type:comment')}\n- "`)
    const { text: plain, exact } = await plaintextOf(await open(changed))
    expect(exact).toBe(false)
    expect(plain).not.toContain('\u2028')
  })
})

test('master keys that would not be read back are refused before anything is written', async () => {
  const wrapped = (masterKey: AwsKmsKey): readonly (readonly WrappedKey[])[] => [
    [{ masterKey, wrapped: 'x', createdAt: 'y' }],
  ]
  const strange = wrapped({ type: 'aws-kms', arn: 'arn', encryptionContext: { '<<': 'x' } })
  await expect(protect('a: b\n', { groups: strange })).rejects.toMatchObject({ code: 'ENVELOPE_INVALID' })
  await expect(protect('a', { groups: strange })).rejects.toMatchObject({ code: 'ENVELOPE_INVALID' })

  const fine = wrapped({ type: 'aws-kms', arn: 'arn', profile: 'é\u2028', encryptionContext: { __proto__x: '\n' } })
  const { text } = await protect('a: b\n', { groups: fine })
  expect((await open(text)).envelope.groups).toEqual(fine)
})

test.each(['encrypted-suffix', 'unencrypted-suffix', 'encrypted-regex'] as const)(
  'a selector %s without text, which no reader finds, is refused before anything is written',
  async (kind) => {
    await expect(protect('a: b\n', { selector: { kind, text: '' } })).rejects.toMatchObject({
      code: 'ENVELOPE_INVALID',
    })
  },
)

test('an error names no text that may be a secret', async () => {
  for (const text of [
    'password: *hunter2\n',
    'password: "\\hunter2"\n',
    'password: !!int hunter2\n',
    '{"a": hunter2}',
  ]) {
    const written = protect(text, { format: text.startsWith('{') ? json : yaml })
    const message = await written.then(
      ({ whole }) => whole,
      (error) => `${error.message} ${error.hint} ${error.excerpt}`,
    )
    expect(message).not.toContain('hunter2')
  }
})
