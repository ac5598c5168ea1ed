import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FormatError } from '../../src/formats/format.ts'
import { scanJson } from '../../src/formats/json-scan.ts'
import { hasSharedData, sharedData } from '../shared-data.ts'
import { entriesOf, jsonText, leavesOf, plainOf, rootOf } from './json-text.ts'

const suite = sharedData('corpora/json-test-suite')

describe.skipIf(!hasSharedData)('JSONTestSuite, where the corpora are at hand', () => {
  const files = hasSharedData
    ? readdirSync(suite).map((name) => ({ name, text: decode(readFileSync(join(suite, name))) }))
    : []
  const chosen = (prefix: string) =>
    files.flatMap(({ name, text }) => (name.startsWith(prefix) && text !== undefined ? [{ name, text }] : []))

  test('is complete', () => {
    expect(files.length).toBeGreaterThan(300)
  })

  test.each(chosen('y_'))('accepts $name', ({ text }) => {
    const source = scanJson(text)
    expect(plainOf(source.text, rootOf(source))).toEqual(parse(source.text))
  })

  test.each(chosen('n_'))('refuses $name', ({ text }) => {
    expect(() => scanJson(text)).toThrow(FormatError)
  })

  test.each(chosen('i_').filter(({ name }) => !name.includes('500_nested')))('accepts $name', ({ text }) => {
    const source = scanJson(text)
    expect(plainOf(source.text, rootOf(source))).toEqual(parse(source.text))
  })

  test('refuses 500 levels', () => {
    const deep = chosen('i_').find(({ name }) => name.includes('500_nested'))
    expect(() => scanJson(deep?.text ?? '')).toThrow(expect.objectContaining({ code: 'FORMAT_TOO_DEEP' }))
  })
})

describe('laws', () => {
  test('any text is scanned or refused with a FormatError, as JSON.parse does', () => {
    const soup = fc.string({ unit: fc.constantFrom(...'{}[]:,"\\/truefalsn01-+.eE \n\u0000\u{1f600}\ud800\ufeff') })
    const cut = fc.tuple(jsonText, fc.nat(), fc.nat(3)).map(([text, at, length]) => {
      const start = at % (text.length + 1)
      return text.slice(0, start) + text.slice(start + length)
    })
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), soup, cut), (text) => {
        const oracle = outcome(() => JSON.parse(text.replace(/^\ufeff/, '')))
        const ours = outcome(() => scanJson(text))
        expect(ours.value !== undefined).toBe(oracle.value !== undefined)
        if (ours.value === undefined) expect(ours.error).toBeInstanceOf(FormatError)
      }),
      { numRuns: 3000 },
    )
  })

  test('values are those of JSON.parse', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        expect(plainOf(text, rootOf(scanJson(text)))).toEqual(parse(text))
      }),
      { numRuns: 1000 },
    )
  })

  test('between the leaves and keys there is only white space and punctuation', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const root = rootOf(scanJson(text))
        const spans = [...leavesOf(root).map(({ leaf }) => leaf), ...keySpans(root)].sort((a, b) => a.start - b.start)
        let at = 0
        let between = ''
        for (const { start, end } of spans) {
          expect(start).toBeGreaterThanOrEqual(at)
          between += text.slice(at, start)
          at = end
        }
        expect(between + text.slice(at)).toMatch(/^[\s{}[\]:,]*$/)
        expect(text.slice(root.start, root.end)).toBe(text.trim())
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a scan', () => {
  test('gives types, texts and places', () => {
    const source = scanJson('{"a": [1.50, true], "b\\n": null}')
    expect(source).toEqual({
      text: '{"a": [1.50, true], "b\\n": null}',
      bom: false,
      eol: '\n',
      documents: [
        {
          start: 0,
          end: 32,
          comments: [],
          root: {
            kind: 'map',
            flow: true,
            start: 0,
            end: 32,
            items: [
              {
                kind: 'entry',
                key: 'a',
                keySpan: { start: 1, end: 4 },
                keyIsString: true,
                value: {
                  kind: 'list',
                  flow: true,
                  start: 6,
                  end: 18,
                  items: [
                    { kind: 'leaf', type: 'float', text: '1.5', start: 7, end: 11 },
                    { kind: 'leaf', type: 'bool', text: 'True', start: 13, end: 17 },
                  ],
                },
              },
              {
                kind: 'entry',
                key: 'b\n',
                keySpan: { start: 20, end: 25 },
                keyIsString: true,
                value: { kind: 'leaf', type: 'null', text: '', start: 27, end: 31 },
              },
            ],
          },
        },
      ],
    })
  })

  test('takes a byte order mark off, and counts from behind it', () => {
    const source = scanJson('\ufeff{"a":1}')
    expect(source).toMatchObject({ text: '{"a":1}', bom: true })
    expect(rootOf(source)).toMatchObject({ start: 0, end: 7 })
  })

  test.each([
    ['{\r\n}\n', '\r\n'],
    ['{\n}\r\n', '\n'],
    ['{}', '\n'],
    ['\n{}', '\n'],
  ])('of %j finds the first line break', (text, eol) => {
    expect(scanJson(text).eol).toBe(eol)
  })

  test('keeps keys that are there twice', () => {
    expect(entriesOf(rootOf(scanJson('{"a":1,"a":2}'))).map(({ key }) => key)).toEqual(['a', 'a'])
  })

  test('reads half surrogate pairs as Go does', () => {
    const root = rootOf(scanJson(String.raw`{"\ud800": "\ud800\ud83d\ude00\udc00"}`))
    expect(entriesOf(root)[0]).toMatchObject({ key: '\ufffd', value: { text: '\ufffd😀\ufffd' } })
  })

  test('replaces half surrogate pairs that no UTF-8 text can hold', () => {
    const root = rootOf(scanJson('{"\ud800": "\ud83d\ude00\ud83d"}'))
    expect(entriesOf(root)[0]).toMatchObject({ key: '\ufffd', value: { text: '😀\ufffd' } })
  })

  test('goes 200 levels deep and no further', () => {
    const nest = (levels: number) => `${'[{"a":'.repeat(levels / 2)}1${'}]'.repeat(levels / 2)}`
    expect(() => scanJson(nest(200))).not.toThrow()
    expect(() => scanJson(nest(202))).toThrow(
      expect.objectContaining({ code: 'FORMAT_TOO_DEEP', line: 1, column: 601 }),
    )
  })

  test('of a million brackets ends at the limit', () => {
    expect(() => scanJson('['.repeat(1_000_000))).toThrow(expect.objectContaining({ code: 'FORMAT_TOO_DEEP' }))
  })
})

describe('a refusal', () => {
  test.each([
    ['', 1, 1, 'the text is empty'],
    ['\n ', 2, 2, 'the text is empty'],
    ['{"a": 1', 1, 8, 'the text ends too early: expected a comma or }'],
    ['{"a":', 1, 6, 'the text ends too early: expected a value'],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3, 'expected a comma or }'],
    ['[1 2]', 1, 4, 'expected a comma or ]'],
    ['[1}', 1, 3, 'expected a comma or ]'],
    ['{\n  "a": 1,\n}', 2, 9, 'trailing comma'],
    ['[1, ]', 1, 3, 'trailing comma'],
    ['[,1]', 1, 2, 'expected a value'],
    ['{,}', 1, 2, 'expected a key in double quotes'],
    ['{a: 1}', 1, 2, 'expected a key in double quotes'],
    ["{'a': 1}", 1, 2, 'single quotes are not JSON'],
    ['{"a" 1}', 1, 6, 'expected a colon after the key'],
    ['// x\n{}', 1, 1, 'comments are not JSON'],
    ['{} // x', 1, 4, 'comments are not JSON'],
    ['{ /* x */ }', 1, 3, 'comments are not JSON'],
    ['{"a": 1, # x\n}', 1, 10, 'comments are not JSON'],
    ['{"a": 1} {', 1, 10, 'text after the end of the JSON value'],
    ['[NaN]', 1, 2, 'expected a value'],
    ['[+1]', 1, 2, 'a number with a plus sign'],
    ['[.5]', 1, 2, 'a number without a digit before the decimal point'],
    ['[1.]', 1, 4, 'a decimal point without digits after it'],
    ['[-]', 1, 3, 'a minus sign without digits'],
    ['[1e+]', 1, 5, 'an exponent without digits'],
    ['[01]', 1, 2, 'a number with a leading zero'],
    ['["a\tb"]', 1, 4, 'a control character in a string, which must be escaped'],
    ['["a', 1, 2, 'a string is not closed'],
    ['["a\\', 1, 4, 'not an escape of JSON'],
    ['["\\x41"]', 1, 3, 'not an escape of JSON'],
    ['["\\u12"]', 1, 3, '\\u needs four hexadecimal digits'],
    ['\ufeff\ufeff{}', 1, 1, 'a byte order mark inside the text'],
  ])('of %j says where and what', (text, line, column, message) => {
    expect(() => scanJson(text)).toThrow(expect.objectContaining({ code: 'FORMAT_SYNTAX', message, line, column }))
  })

  test('of comments says what to do', () => {
    expect(() => scanJson('{ // x\n}')).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/remove the comments/i) }),
    )
  })
})

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** What `JSON.parse` says, with half surrogate pairs replaced. */
function parse(text: string): unknown {
  return wellFormed(JSON.parse(text))
}

function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\p{Cs}/gu, '\ufffd')
  if (Array.isArray(value)) return value.map(wellFormed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [wellFormed(key), wellFormed(item)]))
}

function outcome(run: () => unknown): { value?: { is: unknown }; error?: unknown } {
  try {
    return { value: { is: run() } }
  } catch (error) {
    return { error }
  }
}

function keySpans(node: ReturnType<typeof rootOf>): { start: number; end: number }[] {
  if (node.kind === 'list') return node.items.flatMap((item) => keySpans(item as typeof node))
  return entriesOf(node).flatMap(({ keySpan, value }) => [keySpan, ...keySpans(value)])
}
