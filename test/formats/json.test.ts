import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Leaf, Node, ScalarType } from '../../src/core/tree.ts'
import type { Scalar } from '../../src/formats/format.ts'
import { json } from '../../src/formats/json.ts'
import { jsonText, leavesOf, rootOf } from './json-text.ts'

const ENVELOPE = 'ENC[AES256_GCM,data:Ab+/=,iv:x,tag:y,type:str]'

describe('a value', () => {
  test('is concealed as a string, letter for letter', () => {
    const source = json.scan('[1]')
    const { leaf } = leavesOf(rootOf(source))[0] as { leaf: Leaf }
    expect(json.conceal(source, leaf, ENVELOPE)).toBe(`"${ENVELOPE}"`)
  })

  test.each([
    ['str', 'a"<\n\u007f\u2028é', '"a\\"<\\n\u007f\u2028é"'],
    ['str', '', '""'],
    ['int', '-12', '-12'],
    ['int', '9223372036854775807', '9223372036854775807'],
    ['float', '1', '1'],
    ['float', '1000000000000000000000', '1e+21'],
    ['float', '0.0000001', '1e-7'],
    ['float', '0.0000000015', '1.5e-9'],
    ['float', '-0', '-0'],
    ['bool', 'True', 'true'],
    ['bool', 'False', 'false'],
    ['time', '2001-12-14T00:00:00Z', '"2001-12-14T00:00:00Z"'],
    ['null', '', 'null'],
  ] as [ScalarType, string, string][])('%s %j is revealed as %s', (type, text, spelling) => {
    expect(reveal({ type, text })).toBe(spelling)
  })

  test.each(['+Inf', '-Inf', 'NaN'])('%s has no spelling in JSON', (text) => {
    expect(() => reveal({ type: 'float', text })).toThrow(expect.objectContaining({ code: 'FORMAT_VALUE' }))
  })

  test('that is revealed is what it was, but for its spelling', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        for (const { leaf } of leavesOf(rootOf(json.scan(text)))) {
          expect(leavesOf(rootOf(json.scan(reveal(leaf))))[0]?.leaf.text).toBe(unsigned(leaf))
        }
      }),
    )
  })

  test('is never an alias', () => {
    const target: Node = { kind: 'leaf', type: 'str', text: '', start: 0, end: 0 }
    const alias = { kind: 'alias', name: 'a', target, start: 0, end: 0 } as const
    expect(() => json.concealAlias(json.scan('{}'), alias, () => undefined, [])).toThrow(TypeError)
  })
})

test('a whole file is one value under a reserved key', () => {
  expect(json.whole(ENVELOPE)).toBe(`{\n\t"__whole__": "${ENVELOPE}"\n}\n`)
})

describe('what is printed from the values', () => {
  test('has the layout and escapes of sops', () => {
    const text = String.raw`{"a":{},"b":[],"c":[1.0,1E21,1e-7,{"d":null}],"<&>\u2028":"é\u007f\/\b\u0001\ud800","e":true}`
    expect(json.emit(json.scan(text).documents)).toBe(
      [
        '{',
        '\t"a": {},',
        '\t"b": [],',
        '\t"c": [',
        '\t\t1,',
        '\t\t1e+21,',
        '\t\t1e-7,',
        '\t\t{',
        '\t\t\t"d": null',
        '\t\t}',
        '\t],',
        '\t"\\u003c\\u0026\\u003e\\u2028": "é\u007f/\\b\\u0001\ufffd",',
        '\t"e": true',
        '}',
        '',
      ].join('\n'),
    )
  })

  test('drops comments and follows aliases', () => {
    const comment = { kind: 'comment', text: ' x', inline: false, start: 0, end: 0 } as const
    const target: Node = { kind: 'leaf', type: 'int', text: '1', start: 0, end: 0 }
    const alias = { kind: 'alias', name: 'a', target, start: 0, end: 0 } as const
    const list: Node = { kind: 'list', flow: false, items: [comment, target, alias], start: 0, end: 0 }
    const value = { kind: 'entry', key: 'a', keySpan: list, keyIsString: true, value: list } as const
    const root: Node = { kind: 'map', flow: false, items: [comment, value, comment], start: 0, end: 0 }
    expect(json.emit([{ root, comments: [comment], start: 0, end: 0 }])).toBe('{\n\t"a": [\n\t\t1,\n\t\t1\n\t]\n}\n')
  })

  test('of nothing is an empty map', () => {
    expect(json.emit([])).toBe('{}\n')
    expect(json.emit([{ root: undefined, comments: [], start: 0, end: 0 }])).toBe('{}\n')
  })

  test('is the first of several documents', () => {
    const [first] = json.scan('1').documents
    const [second] = json.scan('2').documents
    expect(json.emit([first, second].filter((document) => document !== undefined))).toBe('1\n')
  })

  test('has the values and keys of the source', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const root = rootOf(json.scan(text))
        const printed = json.emit(json.scan(text).documents)
        const texts = (node: Node) => leavesOf(node).map(({ leaf, path }) => [path, unsigned(leaf)])
        expect(texts(rootOf(json.scan(printed)))).toEqual(texts(root))
      }),
    )
  })
})

/** The text of a leaf; Go prints the float -0 as `-0`, which is read back as the int 0. */
function unsigned({ type, text }: Leaf): string {
  return type === 'float' && text === '-0' ? '0' : text
}

function reveal(value: Scalar): string {
  return json.reveal(json.scan(`"${ENVELOPE}"`), { kind: 'leaf', type: 'str', text: ENVELOPE, start: 0, end: 0 }, value)
}
