import { expect, test } from 'vitest'
import { detectFormat } from '../../src/formats/detect.ts'
import { repairCommas } from '../../src/operations/merge-commas.ts'
import { mergeTexts } from '../../src/operations/merge-text.ts'

const merge = (name: string, base: string, ours: string, theirs: string) =>
  mergeTexts(detectFormat(name), { base, ours, theirs })

const YAML: readonly (readonly [what: string, base: string, ours: string, theirs: string, merged: string])[] = [
  [
    'values on lines that touch',
    'a: 1 # one\nb: 2 # two\n',
    'a: 5 # one\nb: 2 # two\n',
    'a: 1 # one\nb: 6 # two\n',
    'a: 5 # one\nb: 6 # two\n',
  ],
  [
    'a comment and a value on one line',
    '# about a\na: 1 # one\n',
    '# about a\na: 2 # one\n',
    '# about A\na: 1 # ONE\n',
    '# about A\na: 2 # ONE\n',
  ],
  [
    'what both put at the end, with comments and blank lines',
    'a: 1\n',
    'a: 1\n\n# ours\nb: "2"\n',
    "a: 1\n\n# theirs\nc: '3'\n",
    'a: 1\n\n# ours\nb: "2"\n\n# theirs\nc: \'3\'\n',
  ],
  [
    'what one put before a value that the other said something about',
    'a: 1\nb: 2\n',
    'a: 1\n# about b\nb: 2\n',
    'a: 1\n# new\nc: 3\nb: 2\n',
    'a: 1\n# new\nc: 3\n# about b\nb: 2\n',
  ],
  ['a removal beside a change', 'a: 1\nb: 2\nc: 3\n', 'b: 2\nc: 3\n', 'a: 1\nb: 5\nc: 3\n', 'b: 5\nc: 3\n'],
  ['another order of keys', 'a: 1\nb: 2\n', 'b: 2\na: 1\n', 'a: 1\nb: 3\n', 'b: 3\na: 1\n'],
  [
    'values in brackets',
    'a: {x: 1, y: 2} # c\nb: [1, 2]\n',
    'a: {x: 5, y: 2} # c\nb: [1, 2]\n',
    'a: {x: 1, y: 6} # c\nb: [1, 2, 3]\n',
    'a: {x: 5, y: 6} # c\nb: [1, 2, 3]\n',
  ],
  [
    'a key that one side renamed and the other changed',
    'db:\n  x: 1\n  y: 2\n  z: 3\nq: 1\n',
    'database:\n  x: 1\n  y: 2\n  z: 3\nq: 1\n',
    'db:\n  x: 1\n  y: 2\n  z: 9\nq: 1\n',
    'database:\n  x: 1\n  y: 2\n  z: 9\nq: 1\n',
  ],
  [
    'an anchor that one side renamed',
    'base: &b\n  x: 1\nuse: *b\n',
    'base: &c\n  x: 1\nuse: *c\n',
    'base: &b\n  x: 2\nuse: *b\n',
    'base: &c\n  x: 2\nuse: *c\n',
  ],
  [
    'the same key at different places',
    'a: 1\nb: 2\nc: 3\n',
    'n: 7\na: 1\nb: 2\nc: 3\n',
    'a: 1\nb: 2\nc: 3\nn: 7\n',
    'n: 7\na: 1\nb: 2\nc: 3\n',
  ],
  [
    'another layout, beside changes and something new',
    'a:\n  b: 1\n  c: 2\nl: [x]\n',
    'a:\n    b: 1\n    c: 3\nl:\n    - x\n',
    'a:\n  b: 4\n  c: 2\n  d: "x # y"\nl: [x, w]\n',
    'a:\n    b: 4\n    c: 3\n    d: "x # y"\nl:\n    - x\n    - w\n',
  ],
  [
    'lines of a text and a value below it',
    'k: |\n  one\n  two\np: x\n',
    'k: |\n  one\n  TWO\np: x\n',
    'k: |\n  one\n  two\np: y\n',
    'k: |\n  one\n  TWO\np: y\n',
  ],
  [
    'spellings, where they say something new',
    'a: 1.0\nt: 2020-01-01\nb: yes\n',
    'a: 1.0\nt: 2020-01-02\nb: yes\n',
    'a: 1.50\nt: 2020-01-01\nb: true\n',
    'a: 1.50\nt: 2020-01-02\nb: true\n',
  ],
  [
    'items of lists side by side',
    'l:\n  - name: a\n    v: 1\n  - name: b\n    v: 2\n',
    'l:\n  - name: a\n    v: 1\n  - name: b\n    v: 3\n',
    'l:\n  - name: b\n    v: 2\n  - name: c\n    v: 4\n',
    'l:\n  - name: b\n    v: 3\n  - name: c\n    v: 4\n',
  ],
  [
    'documents, several changed at places that touch',
    'a: 1\nb: 1\n---\na: 2\nb: 2\n',
    'a: 1\nb: 5\n---\na: 5\nb: 2\n',
    'a: 6\nb: 1\n---\na: 2\nb: 6\n',
    'a: 6\nb: 5\n---\na: 5\nb: 6\n',
  ],
  [
    'documents in another layout',
    'a: {x: 1}\n---\nb: {y: 1}\n',
    'a:\n  x: 1\n---\nb:\n  y: 1\n',
    'a: {x: 1}\n---\nb: {y: 2, z: 3}\n',
    'a:\n  x: 1\n---\nb:\n  y: 2\n  z: 3\n',
  ],
  [
    'files that both made',
    '',
    'a: 1\n# ours\nb: 2\n',
    'a: 1\n# theirs\nc: 3\n',
    'a: 1\n# ours\nb: 2\n# theirs\nc: 3\n',
  ],
  ['a file without a last line break', 'a: 1\nb: 2', 'a: 5\nb: 2', 'a: 1\nb: 2\nc: 7', 'a: 5\nb: 2\nc: 7'],
  ['carriage returns', 'a: 1\r\nb: 2\r\n', 'a: 5\r\nb: 2\r\n', 'a: 1\r\nb: 6\r\n', 'a: 5\r\nb: 6\r\n'],
  ['a byte order mark', '\ufeffa: 1\nb: 1\n', '\ufeffa: 2\nb: 1\n', 'a: 1\nb: 2\n', 'a: 2\nb: 2\n'],
  // Whoever removes a secret means it.
  [
    'a removal, though the other side moved the value',
    'a: 1\nb: 2\nc: 3\n',
    'b: 2\nc: 3\n',
    'b: 2\nc: 3\na: 1\n',
    'b: 2\nc: 3\n',
  ],
  [
    'a text without a tree',
    '{{ x }}: 1\n? {a: b}\n: 1\nz: 1\ny: 2\n',
    '{{ x }}: 1\n? {a: b}\n: 2\nz: 1\ny: 2\n',
    '{{ x }}: 1\n? {a: b}\n: 1\nz: 1\ny: 3\n',
    '{{ x }}: 1\n? {a: b}\n: 2\nz: 1\ny: 3\n',
  ],
]

test.each(YAML)('merges %s', async (_what, base, ours, theirs, merged) => {
  expect(await merge('a.yaml', base, ours, theirs)).toMatchObject({ text: merged, conflicts: [] })
})

test.each([
  [
    'changes on one line',
    '{"a":1,"b":{"c":2,"d":3}}',
    '{"a":5,"b":{"c":2,"d":3}}',
    '{"a":1,"b":{"c":2,"d":4,"e":[1,2]}}',
    '{"a":5,"b":{"c":2,"d":4,"e":[1,2]}}',
  ],
  [
    'members that both put at the end',
    '{\n  "a": 1\n}\n',
    '{\n  "a": 1,\n  "b": 2\n}\n',
    '{\n  "a": 1,\n  "c": 3\n}\n',
    '{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}\n',
  ],
  [
    'a last member that one removed',
    '{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}\n',
    '{\n  "a": 1,\n  "b": 2\n}\n',
    '{\n  "a": 1,\n  "b": 5,\n  "c": 3\n}\n',
    '{\n  "a": 1,\n  "b": 5\n}\n',
  ],
  [
    'numbers in their spelling',
    '{"a": 1, "b": 1.0}',
    '{"a": 2, "b": 1.0}',
    '{"a": 1, "b": 1.50e3}',
    '{"a": 2, "b": 1.50e3}',
  ],
])('merges JSON: %s', async (_what, base, ours, theirs, merged) => {
  expect(await merge('a.json', base, ours, theirs)).toMatchObject({ text: merged, conflicts: [] })
})

test.each([
  [
    'lines of a text that both changed',
    'k: |\n  1\n  2\n  3\n',
    'k: |\n  one\n  2\n  3\n',
    'k: |\n  1\n  2\n  three\n',
    'k: |\n  one\n  2\n  3\n',
  ],
  [
    'one key with two values, at different places',
    'a: 1\nb: 2\nc: 3\n',
    'n: 7\na: 1\nb: 2\nc: 3\n',
    'a: 1\nb: 2\nc: 3\nn: 8\n',
    'n: 7\na: 1\nb: 2\nc: 3\n',
  ],
  ['a value, beside another that only they changed', 'a: 1\nb: 2\n', 'a: 5\nb: 2\n', 'a: 6\nb: 3\n', 'a: 5\nb: 3\n'],
  ['a text without a tree', '? {a: b}\n: 1\n', '? {a: b}\n: 2\n', '? {a: b}\n: 3\n', '? {a: b}\n: 2\n'],
])('has ours, and all that only theirs changed, where both changed %s', async (_what, base, ours, theirs, text) => {
  const merged = await merge('a.yaml', base, ours, theirs)
  expect(merged).toMatchObject({ text, conflicts: [expect.anything()] })
})

test('gives a text with what was chosen', async () => {
  const texts = { base: 'a: 1 # c\nb:\n  - x\n', ours: 'a: 2 # c\nb:\n  - y\n', theirs: 'a: 0x3 # c\n' }
  const merged = await mergeTexts(detectFormat('a.yaml'), texts, { choices: ['theirs', 'theirs'] })
  expect(merged).toMatchObject({ text: 'a: 0x3 # c\n' })
  const other = await mergeTexts(detectFormat('a.yaml'), texts, { choices: ['ours', 'theirs'] })
  expect(other).toMatchObject({ text: 'a: 2 # c\n' })
})

test('leaves aliases what they are, however much they stand for', async () => {
  const bomb = Array.from({ length: 40 }, (_, i) => `b${i + 1}: &b${i + 1} [*b${i}, *b${i}]\n`).join('')
  const theirs = `a: {x: 1, y: &b0 1}\n${bomb}c: {d: *b40, e: 1}\n`
  expect(await merge('a.yaml', 'a: {x: 1}\n', 'a: {x: 2}\n', theirs)).toMatchObject({
    text: theirs.replace('x: 1', 'x: 2'),
    conflicts: [],
  })
})

test.each([
  ['{"a": 1\n"b": 2}', '{"a": 1,\n"b": 2}'],
  ['{"a": [1,], "b": {},}', '{"a": [1], "b": {}}'],
  ['[1 2, , "x,]" {"a" : true}]', '[1, 2,  "x,]", {"a" : true}]'],
  ['{"a": "\\"1", "b": -1.5e3}', '{"a": "\\"1", "b": -1.5e3}'],
  ['{,"a": 1}', '{"a": 1}'],
])('puts commas where they belong in %j', (text, repaired) => {
  expect(repairCommas(text)).toBe(repaired)
})
