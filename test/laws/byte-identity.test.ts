import { existsSync, readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileSelector, DEFAULT_SELECTOR, type Selector } from '../../src/core/selection.ts'
import { KmsfileError } from '../../src/errors.ts'
import type { Format } from '../../src/formats/format.ts'
import { json } from '../../src/formats/json.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { plaintextOf } from '../../src/operations/read-secrets.ts'
import type { WriteOptions, WrittenFile } from '../../src/operations/write-secrets.ts'
import { jsonMapText, jsonText } from '../formats/json-text.ts'
import { yamlText } from '../formats/yaml-text.ts'
import { open, protect } from '../operations/secrets.ts'
import { hasSharedData, sharedData } from '../shared-data.ts'
import { renderYaml } from './render-yaml.ts'
import { yamlShape } from './yaml-documents.ts'

/** What the format itself refuses: text that it does not allow, and what no reader agrees about. */
const REFUSALS: readonly string[] = [
  'FORMAT_SYNTAX',
  'FORMAT_DUPLICATE_KEY',
  'FORMAT_TOO_DEEP',
  'FORMAT_TOO_MANY_ALIASES',
]

function isRefusal(code: string, selector: Selector = DEFAULT_SELECTOR): boolean {
  // Comments that sops would read elsewhere.
  return REFUSALS.includes(code) || (code === 'FORMAT_VALUE' && selector.kind.endsWith('comment-regex'))
}

/** Encrypts and decrypts; what comes back is the text, byte for byte. The code of the refusal where there is one. */
async function comesBack(
  text: string,
  options: Partial<WriteOptions> & { format?: Format } = {},
): Promise<WrittenFile | string> {
  const written = await protect(text, options).catch((error) => {
    if (error instanceof KmsfileError && isRefusal(error.code, options.selector)) return error.code
    throw error
  })
  if (typeof written === 'string') return written
  const { format = yaml } = options
  const plaintext = await plaintextOf(await open(written.text, { format }))
  expect(plaintext.text).toBe(text)
  expect(plaintext.exact).toBe(true)
  return written
}

describe('any YAML text comes back byte for byte, and shows no secret while it is encrypted', () => {
  test.each<[string, Selector, boolean, number]>([
    ['by default', DEFAULT_SELECTOR, false, 250],
    ['with an encrypted suffix', { kind: 'encrypted-suffix', text: 'pass' }, false, 120],
    ['with an encrypted regex', { kind: 'encrypted-regex', text: '^(sec_.*|a|q)$' }, true, 120],
    ['with an unencrypted regex', { kind: 'unencrypted-regex', text: '^[a-d]$' }, false, 120],
    ['with an unencrypted suffix', { kind: 'unencrypted-suffix', text: 'b' }, true, 120],
  ])('%s', async (_what, selector, macOnlyEncrypted, numRuns) => {
    const selection = await compileSelector(selector)
    let inPlace = 0
    await fc.assert(
      fc.asyncProperty(yamlShape, async (shape) => {
        const { text, secrets, comments } = renderYaml(shape, selection)
        const written = await comesBack(text, { selector, macOnlyEncrypted })
        if (typeof written === 'string') return
        if (written.whole === undefined) inPlace++
        expect(secrets.filter((token) => written.text.includes(token))).toEqual([])
        // Which container a comment belongs to is a convention; where everything is secret it does not matter.
        if (selector === DEFAULT_SELECTOR && !text.includes('_unencrypted')) {
          expect(comments.filter((token) => written.text.includes(token))).toEqual([])
        }
      }),
      { numRuns },
    )
    expect(inPlace).toBeGreaterThan(numRuns / 4)
  })

  test('of another generator', async () => {
    await fc.assert(
      fc.asyncProperty(yamlText, async (text) => void (await comesBack(text))),
      { numRuns: 100 },
    )
  })

  test('which is any text at all', async () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.constantFrom(
        ...[
          'a: ',
          'b',
          '- ',
          '\n',
          '\n  ',
          '? ',
          '# c',
          '"',
          "'",
          '|',
          '>-',
          '&a ',
          '*a',
          '!t ',
          '[',
          ']',
          '{',
          '}',
          ', ',
          '---',
          '...',
          '\r\n',
          '\t',
          '%',
        ],
      ),
    )
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join('')).toString())
    await fc.assert(
      fc.asyncProperty(text, async (made) => void (await comesBack(made))),
      { numRuns: 400 },
    )
  })
})

describe('any YAML text comes back where comments say what is encrypted, or is refused', () => {
  test.each(['encrypted-comment-regex', 'unencrypted-comment-regex'] as const)('%s', async (kind) => {
    const selector = { kind, text: 'c0mm3nt\\d*[05]x' }
    const selection = await compileSelector(selector)
    let inPlace = 0
    await fc.assert(
      fc.asyncProperty(yamlShape, async (shape) => {
        const written = await comesBack(renderYaml(shape, selection).text, { selector })
        if (typeof written === 'object' && written.whole === undefined) inPlace++
      }),
      { numRuns: 100 },
    )
    expect(inPlace).toBeGreaterThan(20)
  })
})

describe('any JSON text comes back byte for byte, and shows no secret while it is encrypted', () => {
  test.each([
    ['a map', jsonMapText, DEFAULT_SELECTOR],
    ['anything', jsonText, DEFAULT_SELECTOR],
    ['a map, with a regex', jsonMapText, { kind: 'encrypted-regex', text: '^(a|b)' } as const],
  ])('%s', async (_what, texts, selector) => {
    const bom = fc.nat(5).map((luck) => (luck === 0 ? '\ufeff' : ''))
    await fc.assert(
      fc.asyncProperty(bom, texts, async (mark, text) => {
        expect(typeof (await comesBack(mark + text, { format: json, selector }))).toBe('object')
      }),
      { numRuns: 120 },
    )
  })

  test('a token in each value', async () => {
    let count = 0
    const token = fc.constant(() => `s3cr3t${++count}x`)
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        { arbitrary: token, weight: 3 },
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', ''), tie('value'), { maxKeys: 4 }),
      ),
    })).value
    await fc.assert(
      fc.asyncProperty(value, fc.constantFrom(undefined, 2, '\t'), async (made, indent) => {
        count = 0
        const text =
          JSON.stringify(made, (_key, inner) => (typeof inner === 'function' ? inner() : inner), indent) ?? '""'
        const written = await comesBack(text, { format: json })
        expect(typeof written === 'string' ? written : written.text).not.toMatch(/s3cr3t\d+x/)
      }),
      { numRuns: 120 },
    )
  })
})

/** Every text that editors and git make of a text. */
const VARIANTS: readonly (readonly [string, (text: string) => string])[] = [
  ['as it is', (text) => text],
  ['with CRLF', (text) => text.replace(/\r?\n/g, '\r\n')],
  ['with a byte order mark', (text) => `\ufeff${text}`],
  ['without a final line break', (text) => text.replace(/\n$/, '')],
  ['with spaces at the end of each line', (text) => text.replace(/$/gm, '  ')],
  ['with a tab at the end of each line', (text) => text.replace(/$/gm, '\t')],
  ['with blank lines', (text) => text.replace(/\n/g, '\n\n')],
  ['with lines of spaces', (text) => text.replace(/\n/g, '\n   \n')],
  ['with a comment behind each line', (text) => text.replace(/\n/g, ' # c0mm3nt\n')],
  ['with CRLF and LF', (text) => text.replace(/\n/g, (_, offset: number) => (offset % 2 === 0 ? '\r\n' : '\n'))],
]

describe.skipIf(!hasSharedData)('every file of the corpora comes back, where they are at hand', () => {
  const yamls = hasSharedData ? ['yaml-test-suite', 'kubernetes-examples'].flatMap(yamlFiles) : []
  const jsons = hasSharedData ? filesBelow('json-test-suite', /\.json$/) : []

  test.each(VARIANTS)('YAML %s', async (variant, change) => {
    // Every file once as it is, and each of the others in a quarter of its variants.
    const index = VARIANTS.findIndex(([name]) => name === variant)
    const sample = index === 0 ? yamls : yamls.filter((_, i) => i % 4 === index % 4)
    const counts = new Map<string, number>()
    for (const [name, text] of sample) {
      const written = await comesBack(change(text))
      const outcome = typeof written === 'string' ? written : written.whole === undefined ? 'in place' : 'whole'
      if (index === 0 && outcome.startsWith('FORMAT')) expect([name, outcome]).toEqual([name, refusalOf(name)])
      if (typeof written !== 'string') expect(written.text).not.toContain('c0mm3nt')
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
    }
    expect(counts.get('in place')).toBeGreaterThan(sample.length * 0.5)
    expect((counts.get('FORMAT_SYNTAX') ?? 0) / sample.length).toBeLessThan(0.25)
  })

  test.each(VARIANTS.slice(0, 3))('JSON %s', async (variant, change) => {
    const outcomes = new Map<string, string>()
    for (const [name, text] of jsons) {
      const written = await comesBack(change(text), { format: json })
      outcomes.set(name, typeof written === 'string' ? written : 'read')
    }
    const of = (prefix: string) =>
      new Set([...outcomes].filter(([name]) => name.includes(`/${prefix}`)).map(([, outcome]) => outcome))
    expect(of('y_')).toEqual(new Set(['read']))
    if (variant === 'as it is') expect(of('n_')).toEqual(new Set(['FORMAT_SYNTAX', 'FORMAT_TOO_DEEP']))
  })

  function yamlFiles(folder: string): readonly (readonly [string, string])[] {
    return filesBelow(folder, folder === 'yaml-test-suite' ? /in\.yaml$/ : /\.ya?ml$/)
  }
})

/** How a file of the corpora may be refused: by the suite's own word, or because a key is there twice. */
function refusalOf(name: string): string | undefined {
  const marker = name.replace(/(^|\/)in\.yaml$/, '$1error')
  if (marker !== name && existsSync(sharedData(`corpora/${marker}`))) return 'FORMAT_SYNTAX'
  const twice = /openshift-origin\/(etcd-|openshift-)\w*-?controller|quobyte-admin-secret|scaleio\/sc-pvc/
  return twice.test(name) ? 'FORMAT_DUPLICATE_KEY' : undefined
}

/** The files of a corpus that are UTF-8, with their names. */
function filesBelow(folder: string, pattern: RegExp): readonly (readonly [string, string])[] {
  return readdirSync(sharedData(`corpora/${folder}`), { recursive: true, encoding: 'utf8' })
    .filter((path) => pattern.test(path) && !/^(name|tags)\//.test(path))
    .map((path) => [`${folder}/${path}`, readFileSync(sharedData(`corpora/${folder}/${path}`))] as const)
    .flatMap(([name, bytes]) =>
      Buffer.from(bytes.toString()).equals(bytes) ? [[name, bytes.toString()] as const] : [],
    )
}
