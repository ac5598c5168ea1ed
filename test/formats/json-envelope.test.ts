import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Edit, FormatError, type Metadata, type Scanned } from '../../src/formats/format.ts'
import { json } from '../../src/formats/json.ts'
import { splice } from '../../src/formats/splice.ts'
import { entriesOf, jsonMapText, jsonText, leavesOf, plainOf, rootOf, shapeOf } from './json-text.ts'

const metadata: Metadata = {
  age: [{ enc: '-----BEGIN AGE-----\n<x>\n', recipient: 'age1' }],
  kms: [],
  mac_only_encrypted: true,
  shamir_threshold: 2,
  version: '3.13.3',
}
const COMPACT =
  '"sops": {"age": [{"enc": "-----BEGIN AGE-----\\n\\u003cx\\u003e\\n", "recipient": "age1"}], "kms": [], ' +
  '"mac_only_encrypted": true, "shamir_threshold": 2, "version": "3.13.3"}'

describe('metadata', () => {
  test.each([
    ['{"a": 1}', `{"a": 1, ${COMPACT}}`],
    ['{}', `{${COMPACT}}`],
    ['  [1, 2]\n', `  {"__root__": [1, 2], ${COMPACT}}\n`],
    ['5', `{"__root__": 5, ${COMPACT}}`],
    ['{"a":1}\n', `{"a":1,${compressed(COMPACT)}}\n`],
    ['{"a":1,"b":{}}', `{"a":1,"b":{},${compressed(COMPACT)}}`],
  ])('of %j on one line stays on the line', (text, expected) => {
    expect(add(text)).toBe(expected)
  })

  test('of a file of many lines is indented as the file is', () => {
    expect(add('{\r\n  "a" : 1\r\n}\r\n', { x: [{ y: 'z' }], e: {} })).toBe(
      [
        '{',
        '  "a" : 1,',
        '  "sops" : {',
        '    "x" : [',
        '      {',
        '        "y" : "z"',
        '      }',
        '    ],',
        '    "e" : {}',
        '  }',
        '}',
        '',
      ].join('\r\n'),
    )
  })

  test.each([
    ['{\n}\n', '{\n\t"sops": {\n\t\t"v": 1\n\t}\n}\n'],
    ['{"a": 1,\n"b": 2}', '{"a": 1,\n"b": 2,\n"sops": {\n\t"v": 1\n}}'],
    ['{\n"a": 1\n}', '{\n"a": 1,\n"sops": {\n"v": 1\n}\n}'],
    ['{"a": {\n  "b": 2}}', '{"a": {\n  "b": 2},\n\t"sops": {\n\t\t"v": 1\n\t}}'],
    ['[\n  1\n]\n', '{\n  "__root__": [\n  1\n],\n  "sops": {\n    "v": 1\n  }\n}\n'],
  ])('of %j goes on lines of its own', (text, expected) => {
    expect(add(text, { v: 1 })).toBe(expected)
  })

  test('is what was given, in its order', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const encrypted = json.scan(add(text))
        const entry = entriesOf(rootOf(encrypted)).at(-1)
        expect(entry?.key).toBe('sops')
        expect(JSON.stringify(entry && plainOf(encrypted.text, entry.value))).toBe(JSON.stringify(metadata))
      }),
    )
  })

  test('can be added and cut again, byte for byte, while the values are concealed', () => {
    fc.assert(
      fc.property(jsonText, fc.boolean(), (text, flip) => {
        const source = json.scan(text)
        fc.pre(!usesReservedName(source))
        const leaves = leavesOf(rootOf(source)).map(({ leaf }) => leaf)
        const concealed = leaves.map((leaf, i) => replace(leaf, json.conceal(source, leaf, `ENC[${i}]`)))
        const around = [json.dress(source), json.addEnvelope(source, metadata, metadata)]
        const encrypted = json.scan(splice(text, [...(flip ? around.reverse() : around).flat(), ...concealed]))

        const revealed = leavesOf(rootOf(encrypted)).flatMap(({ leaf, path }) =>
          path[0] === 'sops'
            ? []
            : [replace(leaf, sourceOf(source, leaves[Number(/^ENC\[(\d+)\]$/.exec(leaf.text)?.[1])]))],
        )
        const bare = [json.undress(encrypted), json.cutEnvelope(encrypted)]
        expect(splice(encrypted.text, [...(flip ? bare.reverse() : bare).flat(), ...revealed])).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })

  test('can be renewed inside the wrapper of a root that is no map', () => {
    const encrypted = json.scan(add(' [1]\n'))
    const without = json.scan(splice(encrypted.text, json.cutEnvelope(encrypted)))
    expect(without.text).toBe(' {"__root__": [1]}\n')
    expect(splice(without.text, json.addEnvelope(without, metadata, metadata))).toBe(encrypted.text)
    expect(splice(without.text, json.undress(without))).toBe(' [1]\n')
  })

  test.each([
    ['{"sops": {"a": 1}, "b": 2}', '{"b": 2}'],
    ['{\n\t"sops": {},\n\t"b": 2\n}\n', '{\n\t"b": 2\n}\n'],
    ['{"a": 1, "sops": {}, "b": 2}', '{"a": 1, "b": 2}'],
    ['{ "sops": {} }', '{ }'],
    [String.raw`{"a": 1 , "\u0073ops" : {} }`, '{"a": 1 }'],
    ['{"a": {"sops": 1}}', '{"a": {"sops": 1}}'],
    ['[{"sops": 1}]', '[{"sops": 1}]'],
  ])('is cut out of %j wherever it stands', (text, expected) => {
    const source = json.scan(text)
    expect(splice(text, json.cutEnvelope(source))).toBe(expected)
  })

  test('that stands first is cut with the wrapper of the root', () => {
    for (const text of [
      '{"sops": {}, "__root__": [1]}',
      '{\n "sops": {},\n "__root__" : [1]\n}',
      '{"__root__":[1],"sops":{}}',
    ]) {
      const source = json.scan(text)
      expect(splice(text, [...json.undress(source), ...json.cutEnvelope(source)])).toBe('[1]')
    }
  })

  test.each([
    '{"__root__": 1, "a": 2, "sops": {}}',
    '{"__root__": 1, "__root__": 2, "sops": {}}',
    '{"a": 1}',
    '{}',
    '[1]',
  ])('%j has no wrapper to take off', (text) => {
    expect(json.undress(json.scan(text))).toEqual([])
  })

  test('that is there twice is refused', () => {
    const source = json.scan('{"sops": {},\n "sops": {}, "sops": {}}')
    for (const cut of [json.cutEnvelope, json.undress]) {
      expect(() => cut(source)).toThrow(FormatError)
      expect(() => cut(source)).toThrow(expect.objectContaining({ code: 'FORMAT_DUPLICATE_KEY', line: 2, column: 2 }))
    }
  })
})

test('cutting leaves every other member as it is, wherever the metadata stands', () => {
  fc.assert(
    fc.property(jsonMapText, fc.nat(4), (text, at) => {
      fc.pre(!usesReservedName(json.scan(text)))
      const members = entriesOf(rootOf(json.scan(text)))
      const parts = members.map(({ keySpan, value }) => text.slice(keySpan.start, value.end))
      parts.splice(at, 0, '"sops" :\n{"mac": 1}')
      const source = json.scan(`{ ${parts.join(' ,\n')} }`)
      const cut = json.scan(splice(source.text, json.cutEnvelope(source)))
      expect(shapeOf(rootOf(cut))).toEqual(shapeOf(rootOf(json.scan(text))))
    }),
  )
})

function add(text: string, envelope: Metadata = metadata): string {
  const source = json.scan(text)
  return splice(text, [...json.dress(source), ...json.addEnvelope(source, envelope, envelope)])
}

function compressed(text: string): string {
  return JSON.stringify(JSON.parse(`{${text}}`))
    .slice(1, -1)
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e')
}

function replace({ start, end }: { start: number; end: number }, text: string): Edit {
  return { start, end, text }
}

function sourceOf(source: Scanned, span: { start: number; end: number } | undefined): string {
  if (span === undefined) throw new Error('an envelope that was not made here')
  return source.text.slice(span.start, span.end)
}

function usesReservedName(source: Scanned): boolean {
  return entriesOf(rootOf(source)).some(({ key }) => key === 'sops' || key === '__root__')
}
