import { describe, expect, test } from 'vitest'
import type { Path } from '../../src/core/tree.ts'
import type { PlainValue } from '../../src/formats/format.ts'
import { readPlainValue } from '../../src/formats/json-value.ts'
import { splice } from '../../src/formats/splice.ts'
import { setYaml, unsetYaml } from '../../src/formats/yaml-edit.ts'
import { scanYaml } from '../../src/formats/yaml-scan.ts'

type Case = [text: string, path: Path, value: string, expected: string]
type Removal = [text: string, path: Path, expected: string]

describe('setting a scalar', () => {
  test.each([
    ['a: 1 # c\nb: 2\n', ['a'], '"x"', 'a: x # c\nb: 2\n'],
    ["a: 'x'\n", ['a'], '"5"', "a: '5'\n"],
    ["a: 'x'\n", ['a'], '"it\'s"', "a: 'it''s'\n"],
    ["a: 'x'\n", ['a'], '"\\u0007"', 'a: "\\a"\n'],
    ['a: "x"\n', ['a'], '"y"', 'a: "y"\n'],
    ['a: "x"\n', ['a'], '5', 'a: 5\n'],
    ['a: x\n', ['a'], '"5"', 'a: "5"\n'],
    ['a: x\n', ['a'], '"no"', 'a: "no"\n'],
    ['a: x\n', ['a'], '""', 'a: ""\n'],
    ['a: x\n', ['a'], 'null', 'a: null\n'],
    ['a: x\n', ['a'], '1.50', 'a: 1.50\n'],
    ['a:   x\t# c\n', ['a'], 'true', 'a:   true\t# c\n'],
    ['a: plain of\n  two lines # c\nb: 1\n', ['a'], '"x"', 'a: x # c\nb: 1\n'],
    ['a:\n  # c\n  x # d\n', ['a'], '"z"', 'a:\n  # c\n  z # d\n'],
    ['x: {a: 1, b: [c]}\n', ['x', 'b', 0], '"d, e"', 'x: {a: 1, b: ["d, e"]}\n'],
    ['x: {"a": "b"}\n', ['x', 'a'], '"c"', 'x: {"a": "c"}\n'],
    ['- a\n- b # c\n', [1], '"x"', '- a\n- x # c\n'],
    ['--- x # c\n', [], '"z"', '--- z # c\n'],
  ] as Case[])('in %j at %j keeps its style if that can hold the value', (text, path, value, expected) => {
    expect(set(text, path, value)).toBe(expected)
  })

  test.each([
    ['a: x # c\nb: 1\n', ['a'], '"l\\nm"', 'a: |- # c\n  l\n  m\nb: 1\n'],
    ['a: "x"\n', ['a'], '"l\\nm\\n"', 'a: |\n  l\n  m\n'],
    ['a: "x\\ny"\n', ['a'], '"l\\nm\\n"', 'a: "l\\nm\\n"\n'],
    ['a: |  # c\n    x\n\nb: 1\n', ['a'], '"l\\nm"', 'a: |-  # c\n    l\n    m\n\nb: 1\n'],
    ['a: |\n  x\n', ['a'], '"one"', 'a: one\n'],
    ['a: >-\n  x\n', ['a'], '" l\\nm\\n"', 'a: |2\n   l\n  m\n'],
    ['a:\n    b: x\n', ['a', 'b'], '"l\\nm"', 'a:\n    b: |-\n        l\n        m\n'],
    ['- x\n', [0], '"l\\nm"', '- |-\n  l\n  m\n'],
    ['a:\r\n  b: x\r\n', ['a', 'b'], '"l\\nm\\n"', 'a:\r\n  b: |\r\n    l\r\n    m\r\n'],
    ['a:\n  below\nb: 1\n', ['a'], '"l\\nm"', 'a: |-\n  l\n  m\nb: 1\n'],
    ['a: {b: x}\n', ['a', 'b'], '"l\\nm"', 'a: {b: "l\\nm"}\n'],
    ['a: x', ['a'], '"l\\nm\\n"', 'a: "l\\nm\\n"'],
    ['a: x\n', ['a'], '"l \\nm"', 'a: "l \\nm"\n'],
    // The comment would be a line of the block.
    ['a: x\n    # c\n', ['a'], '"l\\nm"', 'a: "l\\nm"\n    # c\n'],
    ['x\n', [], '"l\\nm"', '|-\n  l\n  m\n'],
  ] as Case[])('in %j at %j makes several lines a block where one can stand', (text, path, value, expected) => {
    expect(set(text, path, value)).toBe(expected)
  })

  test.each([
    ['a: &k !!int 3 # c\nb: *k\n', ['a'], '"x"', 'a: &k x # c\nb: *k\n'],
    ['a: !!int 3\n', ['a'], '"x"', 'a: x\n'],
    ['a: !!int 3\n', ['a'], '4', 'a: !!int 4\n'],
    ['a: !!int 3\n', ['a'], '"9223372036854775808"', 'a: "9223372036854775808"\n'],
    ['a: !!str 3\n', ['a'], '4', 'a: 4\n'],
    ['a: !!str 3\n', ['a'], '"4"', 'a: !!str "4"\n'],
    ['a: !!float 3\n', ['a'], '4', 'a: 4\n'],
    ['a: !!binary aGk=\n', ['a'], '"ho"', 'a: ho\n'],
    ['a: !vault x\n', ['a'], '"z"', 'a: !vault z\n'],
    ['a: !vault x\n', ['a'], 'true', 'a: true\n'],
    ['- !!str x\n', [0], '{"a": 1}', '- a: 1\n'],
    ['a: &k\n  b: 1\nc: *k\n', ['a'], '"x"', 'a: &k x\nc: *k\n'],
    ['a: !!map\n  b: 1\n', ['a'], '{"c": 2}', 'a: !!map\n  c: 2\n'],
    ['a: !!map\n  b: 1\n', ['a'], '[2]', 'a:\n  - 2\n'],
    ['a: !!null # c\n', ['a'], '5', 'a: 5 # c\n'],
  ] as Case[])('in %j at %j keeps the anchor, and the tag if it fits', (text, path, value, expected) => {
    expect(set(text, path, value)).toBe(expected)
  })

  test.each([
    ['a:\nb: 1\n', ['a'], '"x"', 'a: x\nb: 1\n'],
    ['a: # c\n', ['a'], '"x"', 'a: x # c\n'],
    ['a: # c\n', ['a'], '"l\\nm"', 'a: |- # c\n  l\n  m\n'],
    ['a: &k # c\nb: *k\n', ['a'], '"x"', 'a: &k x # c\nb: *k\n'],
    ['a: # c\n', ['a', 'b'], '"x"', 'a: # c\n  b: x\n'],
    ['-\n- # c\n', [0], '"x"', '- x\n- # c\n'],
    ['-\n- # c\n', [0, 'a'], '"x"', '- a: x\n- # c\n'],
    ['-\n- # c\n', [1, 'a'], '"x"', '-\n- # c\n  a: x\n'],
    ['? a\n? b\n', ['a'], '"x"', '? a\n: x\n? b\n'],
    ['? a # c\n', ['a'], '{"b": 1}', '? a # c\n:\n  b: 1\n'],
    ['{a, b: 1}\n', ['a'], '"x"', '{a: x, b: 1}\n'],
  ] as Case[])('in %j at %j fills the empty place', (text, path, value, expected) => {
    expect(set(text, path, value)).toBe(expected)
  })

  test('to what it is already changes nothing', () => {
    const text = 'a: plain of\n  two lines\nb: 0x10\n'
    expect(setYaml(scanYaml(text), ['a'], 'plain of two lines')).toEqual([])
    expect(setYaml(scanYaml(text), ['b'], { number: '16' })).toEqual([])
  })
})

describe('setting a collection', () => {
  test.each([
    ['a: x # c\n', ['a'], '{"p": 1, "q": [1, {"z": 2}]}', 'a: # c\n  p: 1\n  q:\n    - 1\n    - z: 2\n'],
    ['l:\n- 1\na: x\n', ['a'], '[1, [2, 3], {"c": {"d": []}}]', 'l:\n- 1\na:\n- 1\n- - 2\n  - 3\n- c:\n    d: []\n'],
    ['m:\n    n: 1\na: x\n', ['a'], '{"b": {}, "c": [1]}', 'm:\n    n: 1\na:\n    b: {}\n    c:\n        - 1\n'],
    ['a: {b: 1} # c\n', ['a'], '{"d": "l\\nm"}', 'a: # c\n  d: |-\n    l\n    m\n'],
    ['x: [{a: 1}]\n', ['x', 0], '{"b": ["c"], "d e": "f: g"}', 'x: [{b: [c], d e: "f: g"}]\n'],
    ['- x\n- y # c\n', [0], '{"a": 1, "b": 2}', '- a: 1\n  b: 2\n- y # c\n'],
    ['- x\n- y # c\n', [1], '{"a": 1, "b": 2}', '- x\n- # c\n  a: 1\n  b: 2\n'],
    ['a: "x\n  y" # c\n', ['a'], '[1]', 'a: # c\n  - 1\n'],
    ['a: | # c\n  x\n', ['a'], '[1]', 'a: # c\n  - 1\n'],
    ['--- x\n', [], '{"a": 1}', '---\na: 1\n'],
    ['x', [], '{"a": 1}', 'a: 1'],
  ] as Case[])('in %j at %j in the place of something else', (text, path, value, expected) => {
    expect(set(text, path, value)).toBe(expected)
  })

  test.each([
    ['a: # k\n  # h\n  b: 1 # i\n  # t\nc: 2\n', ['a'], 'null', 'a: null # k\nc: 2\n'],
    ['a:\n   b: 1\nc: 2\n', ['a'], '{"x": 1, "z": 2}', 'a:\n   x: 1\n   z: 2\nc: 2\n'],
    ['a:\n- 1\n# c\nb: 2\n', ['a'], '[3]', 'a:\n- 3\n# c\nb: 2\n'],
    ['a:\n- 1\nb: 2\n', ['a'], '{"x": 1}', 'a:\n  x: 1\nb: 2\n'],
    ['- a: 1\n  b: 2 # c\n- 3\n', [0], '"x"', '- x\n- 3\n'],
    ['- a: 1\n  b: 2\n- 3\n', [0], '[1, 2]', '- - 1\n  - 2\n- 3\n'],
    ['# h\na: 1\nb: 2\n# t\n', [], '{"c": 3}', '# h\nc: 3\n# t\n'],
  ] as Case[])('in %j at %j replaces all of the old one', (text, path, value, expected) => {
    expect(set(text, path, value)).toBe(expected)
  })
})

describe('adding a key', () => {
  test.each([
    ['a: 1\n# end\n', ['b'], '"x"', 'a: 1\nb: x\n# end\n'],
    ['a: 1', ['b'], '"x"', 'a: 1\nb: x'],
    ['a: 1\r\n', ['b'], '"x"', 'a: 1\r\nb: x\r\n'],
    [
      'a:\n    b: 1 # i\n    # in a\n\n# end\n',
      ['c', 'd'],
      '"x"',
      'a:\n    b: 1 # i\n    # in a\nc:\n    d: x\n\n# end\n',
    ],
    ['a:\n  b: 1 # i\nc: 2\n', ['a', 'd'], '"x"', 'a:\n  b: 1 # i\n  d: x\nc: 2\n'],
    ['- a: 1\n- 2\n', [0, 'b'], '"x"', '- a: 1\n  b: x\n- 2\n'],
    ['a: |+\n  x\n\n', ['b'], '"x"', 'a: |+\n  x\n\nb: x\n'],
    ['a: |\n  x\n\n\n# end\n', ['b'], '"x"', 'a: |\n  x\nb: x\n\n\n# end\n'],
    ['a: |\n', ['b'], '"x"', 'a: |\nb: x\n'],
    ['a: |\n\n\n', ['b'], '"x"', 'a: |\nb: x\n\n\n'],
    ['a: |+\n', ['b'], '"x"', 'a: |+\nb: x\n'],
    ['a: |+\n\n', ['b'], '"x"', 'a: |+\n\nb: x\n'],
    ['a: 1 # c\n  # d\n# e\n', ['b'], '"x"', 'a: 1 # c\n  # d\nb: x\n# e\n'],
    ['? a\n: b\n', ['c'], '"x"', '? a\n: b\nc: x\n'],
    ['a: 1\n...\n', ['b'], '"x"', 'a: 1\nb: x\n...\n'],
    ['a: 1\n', ['y', 'a: b'], '"x"', 'a: 1\n"y":\n  "a: b": x\n'],
    ['a: 1\n', ['<<'], '"x"', 'a: 1\n!!str "<<": x\n'],
    ['a: 1\n', ['b', 0, 'c'], '"x"', 'a: 1\nb:\n  - c: x\n'],
  ] as Case[])('in %j at %j follows the last one', (text, path, value, expected) => {
    expect(set(text, path, value)).toBe(expected)
  })

  test.each([
    ['{a: 1}\n', ['b'], '"x"', '{a: 1, b: x}\n'],
    ['{"a":1}\n', ['b'], '"x"', '{"a":1, "b": "x"}\n'],
    ['x: {a: 1,}\n', ['x', 'b'], '{"c": 2}', 'x: {a: 1, b: {c: 2},}\n'],
    ['{\n  a: 1,\n  b: 2, # c\n}\n', ['d'], '3', '{\n  a: 1,\n  b: 2, # c\n  d: 3,\n}\n'],
    ['{\n  a: 1,\n  b: 2 # c\n}\n', ['d'], '3', '{\n  a: 1,\n  b: 2, # c\n  d: 3\n}\n'],
    ['[a: b]\n', [0, 'c'], '1', '[{a: b, c: 1}]\n'],
    ['x: [a, {}]\n', ['x', 1, 'b'], '"c"', 'x: [a, {b: c}]\n'],
    ['x: [a, { # c\n }]\n', ['x', 1, 'b'], '"c"', 'x: [a, { # c\n b: c}]\n'],
  ] as Case[])('in %j at %j stays between the braces', (text, path, value, expected) => {
    expect(set(text, path, value)).toBe(expected)
  })

  test.each([
    ['a: {}\n', ['a', 'b'], '"x"', 'a:\n  b: x\n'],
    ['a: &k {} # c\nd: *k\n', ['a', 'b'], '"x"', 'a: &k # c\n  b: x\nd: *k\n'],
    ['- {}\n', [0, 'b'], '"x"', '- b: x\n'],
    ['{}\n', ['a'], '1', 'a: 1\n'],
    ['--- {}\n', ['a'], '1', '--- {a: 1}\n'],
    ['a: []\n', ['a', 0], '"x"', 'a:\n  - x\n'],
    ['', ['a'], '1', 'a: 1\n'],
    ['# c', ['a'], '1', '# c\na: 1'],
    ['# c\n\n', ['a', 'b'], '1', '# c\n\na:\n  b: 1\n'],
    ['---\n...\n', ['a'], '1', '---\na: 1\n...\n'],
    ['---', [0], '"x"', '---\n- x'],
    ['', [], '"l\\nm"', '|-\n  l\n  m\n'],
  ] as Case[])('in %j at %j fills what is empty', (text, path, value, expected) => {
    expect(set(text, path, value)).toBe(expected)
  })

  test.each(['a, b', 'a]', 'a}', '[a', '{a', 'a?b', 'a:b', '-a', '#a', '*a', 'a # b'])(
    'spells %j so that it stays in one piece between braces',
    (text) => {
      expect(set('{a: 1}\n', ['b'], JSON.stringify(text))).toBe(`{a: 1, b: ${JSON.stringify(text)}}\n`)
      expect(set('[a]\n', [0], JSON.stringify(text))).toBe(`[${JSON.stringify(text)}]\n`)
    },
  )

  test('is possible with a key of any length', () => {
    const key = 'k'.repeat(2000)
    expect(set('a: 1\n', [key], '2')).toBe(`a: 1\n? ${key}\n: 2\n`)
    expect(set('{a: 1}\n', [key], '2')).toBe(`{a: 1, ? ${key} : 2}\n`)
  })

  // go-yaml ends the text before it without a line break, whatever its header says.
  test('tells a block scalar at the open end of a file that it ends there', () => {
    expect(set('a: |\n  x', ['b'], '1')).toBe('a: |-\n  x\nb: 1')
    expect(set('a:\n  - |2+\n    x', ['b'], '1')).toBe('a:\n  - |2-\n    x\nb: 1')
  })
})

describe('adding an item', () => {
  test.each([
    ['- a\n# end\n', [1], '"b"', '- a\n- b\n# end\n'],
    ['-   a: 1\n', [1], '{"b": 2, "c": 3}', '-   a: 1\n-   b: 2\n    c: 3\n'],
    ['x:\n- 1\ny: 2\n', ['x', 1], '[3]', 'x:\n- 1\n- - 3\ny: 2\n'],
    ['x:\n  - 1\n  # c\ny: 2\n', ['x', 1], '5', 'x:\n  - 1\n  - 5\n  # c\ny: 2\n'],
    ['- - a\n', [0, 1], '"b"', '- - a\n  - b\n'],
    ['[a]\n', [1], '"b"', '[a, b]\n'],
    ['[\n  a,\n]\n', [1], '"b"', '[\n  a,\n  b,\n]\n'],
    ['- a\n', [1, 0, 0], '"b"', '- a\n- - - b\n'],
  ] as Case[])('in %j at %j follows the last one', (text, path, value, expected) => {
    expect(set(text, path, value)).toBe(expected)
  })
})

describe('several documents', () => {
  test.each([
    ['a: 1\n---\nb: 1\n', ['b'], '2', 'a: 1\n---\nb: 2\n'],
    ['a: 1\n---\na: 2\n', ['a'], '3', 'a: 3\n---\na: 2\n'],
    ['a: 1\n---\nb: 1\n', ['c'], '2', 'a: 1\nc: 2\n---\nb: 1\n'],
    ['---\n---\nb: {}\n', ['b', 'c'], '2', '---\n---\nb:\n  c: 2\n'],
    ['a: 1\n---\n- 1\n', [0], '2', 'a: 1\n---\n- 2\n'],
    ['- 1\n---\n- 1\n- 2\n', [1], '3', '- 1\n- 3\n---\n- 1\n- 2\n'],
  ] as Case[])('%j: %j is in the one that has the key', (text, path, value, expected) => {
    expect(set(text, path, value)).toBe(expected)
  })

  test('that share a key none of which is the first are refused', () => {
    const text = 'a: 1\n---\nb: 1\n---\nb: 2\n'
    expect(() => set(text, ['b'], '3')).toThrow(expect.objectContaining({ code: 'PATH_NOT_FOUND' }))
    expect(() => unset(text, ['b'])).toThrow(expect.objectContaining({ code: 'PATH_NOT_FOUND' }))
  })
})

describe('removing a value', () => {
  test.each([
    ['a: 1\nb: 2\n', ['a'], 'b: 2\n'],
    ['a: 1\nb: 2', ['b'], 'a: 1'],
    ['a: 1\n# about b\nb: 2 # i\n# end\n', ['b'], 'a: 1\n# about b\n# end\n'],
    ['a:\n  b: |\n    x\n\n  # t\nc: 1\n', ['a'], 'c: 1\n'],
    ['a: |\n  x\n\nb: 1\n', ['a'], '\nb: 1\n'],
    ['a: |+\n  x\n\nb: 1\n', ['a'], 'b: 1\n'],
    ['? a\n: b\n? c\n', ['a'], '? c\n'],
    ['&k a: 1\n!!str b: 2\n', ['b'], '&k a: 1\n'],
    ['- a: 1 # c\n  b: 2\n', [0, 'a'], '- b: 2\n'],
    ['- a: 1\n  # about b\n  b: 2\n', [0, 'a'], '- # about b\n  b: 2\n'],
    ['- - 1\n  - 2\n', [0, 0], '- - 2\n'],
    ['- 1\n-\n  # c\n  - 2\n- 3\n', [1], '- 1\n- 3\n'],
    ['a: 1\r\nb: 2\r\n', ['b'], 'a: 1\r\n'],
    ['a: &x 1\nb: *x\n', ['b'], 'a: &x 1\n'],
  ] as Removal[])('from %j at %j takes its lines along', (text, path, expected) => {
    expect(unset(text, path)).toBe(expected)
  })

  test.each([
    ['# h\na: 1 # i\n# t\n', ['a'], '# h\n{}\n# t\n'],
    ['x:\n  # h\n  a: 1 # i\n  # t\ny: 1\n', ['x', 'a'], 'x: {}\n  # h\n  # t\ny: 1\n'],
    ['x: &q # c\n  a: 1\n', ['x', 'a'], 'x: &q {} # c\n'],
    ['x:\r\n- 1\r\n', ['x', 0], 'x: []\r\n'],
    ['- a: 1\n', [0, 'a'], '- {}\n'],
    ['- a: 1', [0], '[]'],
    ['[a: 1, ? b : 2]\n', [1, 'b'], '[a: 1, {}]\n'],
  ] as Removal[])('from %j at %j leaves empty brackets behind the last one', (text, path, expected) => {
    expect(unset(text, path)).toBe(expected)
  })

  test.each([
    ['{a: 1, b: 2, c: 3}', ['a'], '{b: 2, c: 3}'],
    ['{a: 1, b: 2, c: 3}', ['b'], '{a: 1, c: 3}'],
    ['{a: 1, b: 2, c: 3}', ['c'], '{a: 1, b: 2}'],
    ['[a, b,]', [1], '[a,]'],
    ['[ a, ]', [0], '[]'],
    ['[\n  a, # A\n  b, # B\n  c # C\n]', [1], '[\n  a, # A\n  c # C\n]'],
    ['[\n  a, # A\n  b, # B\n  c # C\n]', [2], '[\n  a, # A\n  b # B\n]'],
    ['[\n  # h\n  a, # A\n]', [0], '[\n  # h\n   # A\n]'],
    ['[a, b,\n  c]', [1], '[a,\n  c]'],
    ['[a # c\n , b]', [0], '[ # c\n  b]'],
    ['[a: 1, ? b : 2]', [1], '[a: 1]'],
  ] as Removal[])('from %j at %j takes its comma along', (text, path, expected) => {
    expect(unset(text, path)).toBe(expected)
  })

  test('keeps what a block scalar in front of it says', () => {
    expect(unset('a: |+\n  x\nb: 1\n\nc: 1\n', ['b'])).toBe('a: |+\n  x\nc: 1\n')
    expect(unset('a: |\n  x\nb: 1', ['b'])).toBe('a: |\n  x\n')
  })
})

describe('a change is refused', () => {
  test.each([
    ['a: 1\n', ['a', 'b']],
    ['a: null\n', ['a', 'b']],
    ['a: 1\n', ['a', 0]],
    ['a: {}\n', ['a', 0]],
    ['a: [1]\n', ['a', 'b']],
    ['a: [1]\n', ['a', 2]],
    ['a: []\n', ['a', 0, 1]],
    ['a:\n', ['a', 1]],
    ['', [1]],
    ['- a\n', [-1]],
    ['a: 1\n', ['b', 1]],
    ['x\n', ['a']],
  ] as [string, Path][])('in %j where nothing can be at %j', (text, path) => {
    expect(() => set(text, path, '1')).toThrow(expect.objectContaining({ code: 'PATH_NOT_FOUND' }))
  })

  test.each([
    ['a: 1\n', ['b']],
    ['a: 1\n', ['a', 'b']],
    ['a:\n', ['a', 'b']],
    ['a: [1]\n', ['a', 1]],
    ['', ['a']],
  ] as [string, Path][])('in %j where nothing is at %j', (text, path) => {
    expect(() => unset(text, path)).toThrow(expect.objectContaining({ code: 'PATH_NOT_FOUND' }))
  })

  test('to the root, which cannot be removed', () => {
    expect(() => unset('a: 1\n', [])).toThrow(expect.objectContaining({ code: 'PATH_INVALID' }))
  })

  test('through an alias, with the place of its anchor', () => {
    const refusal = expect.objectContaining({
      code: 'PATH_NOT_FOUND',
      hint: expect.stringContaining('a[0].d') as string,
    })
    const text = 'a:\n  - &x\n    d: 1\nb:\n  c: *x\n'
    expect(() => set(text, ['b', 'c', 'd'], '1')).toThrow(refusal)
    expect(() => unset(text, ['b', 'c', 'd'])).toThrow(refusal)
  })

  test.each([
    ['a: &x 1\nb: *x\n', ['a']],
    ['&x a: 1\nb: *x\n', ['a']],
    ['a:\n  c: [&x 1]\nb: *x\n', ['a', 'c', 0]],
    ['a:\n  c: [&x 1]\nb: *x\n', ['a']],
  ] as [string, Path][])('in %j if an alias refers to what is at %j', (text, path) => {
    const refusal = expect.objectContaining({ code: 'FORMAT_VALUE' })
    expect(() => unset(text, path)).toThrow(refusal)
    if (path.length === 1 && text.includes('[')) expect(() => set(text, path, '1')).toThrow(refusal)
  })

  test('if a merge key would get what is no map', () => {
    const refusal = expect.objectContaining({ code: 'FORMAT_VALUE' })
    const text = 'a: &x\n  b: 1\nc:\n  <<: *x\n'
    expect(() => set(text, ['a'], '1')).toThrow(refusal)
    expect(() => set(text, ['c', '<<'], '1')).toThrow(refusal)
    expect(set(text, ['c', '<<'], '{}')).toBe('a: &x\n  b: 1\nc:\n  <<: {}\n')
  })

  test('if another value would swallow a comment', () => {
    const text = 'a: |\n  x\nb: 1\n   # c\n'
    expect(() => unset(text, ['b'])).toThrow(expect.objectContaining({ code: 'FORMAT_UNSUPPORTED' }))
  })

  test('if the result is nested too deep', () => {
    const path = Array.from({ length: 250 }, () => 'a')
    expect(() => set('a: {}\n', path, '1')).toThrow(expect.objectContaining({ code: 'FORMAT_TOO_DEEP' }))
  })

  test('without a word of the values', () => {
    const text = 'a: hunter2\nb: |\n  hunter2\nc: 1\n   # hunter2\n'
    for (const change of [() => set(text, ['a', 'b'], '"hunter3"'), () => unset(text, ['c'])]) {
      expect(change).toThrow(expect.not.objectContaining({ message: expect.stringContaining('hunter') as string }))
    }
  })
})

function set(text: string, path: Path, value: string): string {
  return splice(text, setYaml(scanYaml(text), path, readPlainValue(value) as PlainValue))
}

function unset(text: string, path: Path): string {
  return splice(text, unsetYaml(scanYaml(text), path))
}
