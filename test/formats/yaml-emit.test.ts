import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { CORE_SCHEMA, load, YAML11_SCHEMA } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import type { Leaf, Node } from '../../src/core/tree.ts'
import { emitYaml } from '../../src/formats/yaml-emit.ts'
import { doubleQuoted, literalBlock, plainIsSafe, singleQuoted } from '../../src/formats/yaml-emit-scalar.ts'
import { plainSpelling } from '../../src/formats/yaml-emit-typed.ts'
import { scanYaml } from '../../src/formats/yaml-scan.ts'
import { hasSharedData, sharedData } from '../shared-data.ts'
import { alias, comment, document, entry, leaf, list, map, nastyString, nastyTree, str } from './yaml-tree.ts'

const emit = (root: Node) => emitYaml([document(root)])

interface Reader {
  readonly name: string
  readonly read: (text: string) => unknown
  /** YAML 1.2 has no times: they are strings. */
  readonly times: boolean
  /** Whether it tells integers from floats. */
  readonly integers: boolean
}

const asMaps = { intAsBigInt: true, mapAsMap: true, uniqueKeys: false } as const
const READERS: readonly Reader[] = [
  {
    name: 'yaml, 1.2 core',
    read: (text) => parse(text, { version: '1.2', schema: 'core', ...asMaps }),
    times: false,
    integers: true,
  },
  {
    name: 'yaml, 1.1',
    read: (text) => parse(text, { version: '1.1', merge: true, ...asMaps }),
    times: true,
    integers: true,
  },
  { name: 'js-yaml, core', read: (text) => load(text, { schema: CORE_SCHEMA }), times: false, integers: false },
  { name: 'js-yaml, 1.1', read: (text) => load(text, { schema: YAML11_SCHEMA }), times: true, integers: false },
]

describe.each(READERS)('$name', (reader) => {
  test('finds the values and types of any tree', () => {
    fc.assert(
      fc.property(nastyTree, (tree) => {
        expect(found(reader.read(emit(tree)))).toEqual(wanted(tree, reader))
      }),
      { numRuns: 300 },
    )
  })
  test('finds any string, as value, key and item', () => {
    fc.assert(
      fc.property(nastyString, (text) => {
        const tree = list(str(text), map(entry(text, list(list(str(text))))), list(map(entry('a', str(text)))))
        expect(found(reader.read(emit(tree)))).toEqual(wanted(tree, reader))
      }),
      { numRuns: 1000 },
    )
  })
})

test('our own scanner finds the same trees', () => {
  fc.assert(
    fc.property(nastyTree, (tree) => {
      const [scanned] = scanYaml(emit(tree)).documents
      expect(stripped(scanned?.root)).toEqual(stripped(tree))
    }),
    { numRuns: 1000 },
  )
})

describe('layout', () => {
  test('is that of sops', () => {
    const tree = map(
      comment(' top'),
      entry('str', str('hello')),
      entry('nested', map(comment(' inner'), entry('a', map(entry('b', str('secret')), comment(' last'))))),
      entry(
        'list',
        list(
          str('a'),
          leaf('int', '1'),
          list(str('x'), list(str('y'))),
          comment(' above'),
          map(entry('k', str('v')), entry('l', list(leaf('null', '')))),
        ),
      ),
      entry('multi', str('line1\n  line2\n')),
      entry('kept', str(' indented\n\n')),
      entry('colon', str('a: b')),
      entry('empty', str('')),
      entry('none', map()),
      entry('nothing', list()),
    )
    expect(emit(tree)).toBe(`# top
str: hello
nested:
    # inner
    a:
        b: secret
        # last
list:
    - a
    - 1
    - - x
      - - "y"
    # above
    - k: v
      l:
        - null
multi: |
    line1
      line2
kept: |4+
     indented

colon: 'a: b'
empty: ""
none: {}
nothing: []
`)
  })

  test('documents are separated, and one without a root is an empty map', () => {
    const documents = [
      document(map(entry('a', leaf('bool', 'True')))),
      document(undefined, comment(' none')),
      document(list(str('x'))),
      document(str('a: b')),
    ]
    const text = emitYaml(documents)
    expect(text).toBe("a: true\n---\n# none\n{}\n---\n- x\n---\n'a: b'\n")
    expect(parseAllDocuments(text).map((parsed) => parsed.toJS())).toEqual([{ a: true }, {}, ['x'], 'a: b'])
  })

  test('comments of a document stay before and after its root', () => {
    const root = { ...map(entry('a', str('b'))), start: 5 }
    expect(emitYaml([document(root, comment(' before', { at: 0 }), comment(' after', { at: 9 }))])).toBe(
      '# before\na: b\n# after\n',
    )
  })

  test('an inline comment stays on the line of its key', () => {
    const items = [
      entry('a', str('b')),
      comment(' of a', { inline: true, at: 1 }),
      // What stands behind `list:` is read before its entry is complete.
      comment(' of the list', { inline: true, at: 9 }),
      { ...entry('list', list(str('x'), comment(' of x', { inline: true }))), keySpan: { start: 5, end: 6 } },
      entry('text', str('1\n2')),
      comment(' of the text', { inline: true }),
    ]
    expect(emit(map(...items))).toBe(`a: b # of a
list: # of the list
    - x # of x
text: |- # of the text
    1
    2
`)
  })

  test('what starts an item of a list with a comment has it above its dash', () => {
    const item = map(comment(' one'), entry('a', str('b')))
    expect(emit(map(entry('l', list(item, list(comment(' two'), list(item))))))).toBe(`l:
    # one
    - a: b
    # two
    # one
    - - - a: b
`)
  })

  test('comments in an empty map or list stay behind it', () => {
    expect(emit(map(comment(' root')))).toBe('{}\n# root\n')
    expect(emit(map(entry('a', list(comment(' none'))), entry('b', str('c'))))).toBe('a: []\n    # none\nb: c\n')
  })

  test('a long key is explicit', () => {
    const long = 'k'.repeat(129)
    expect(emit(list(map(entry(long, map(entry('a', str('b')))), entry('c', str('d')))))).toBe(`- ? ${long}
  :
    a: b
  c: d
`)
  })
})

describe.skipIf(!hasSharedData)('prints what sops printed, where the vectors are at hand', () => {
  const vector = (name: string) => readFileSync(sharedData(`vectors/plain/${name}.yaml`), 'utf8')
  const printed = (text: string) => emitYaml(scanYaml(text).documents)

  test.each(['3.13.2.listcomment', '3.13.2.maconly', '3.13.2.multidoc', '3.13.2.shamir', '3.8.1.multidoc'])(
    '%s',
    (name) => {
      expect(printed(vector(name))).toBe(vector(name))
    },
  )
  test('but for floats without a period and words that are numbers in Rust', () => {
    const text = vector('3.13.2.types')
    expect(printed(text)).toBe(text.replace('1e+21', '1.0e+21').replace(/^inf:/m, '"inf":'))
  })
  test('but for merge keys', () => {
    const text = vector('3.13.2.anchors')
    expect(printed(text)).toBe(text.replace('!!merge <<', '<<'))
  })
})

describe('what a comment holds', () => {
  test.each(['\r', '\u0085', '\u2028', '\u2029', '\ufeff', '\0'])('never ends it: %j', (character) => {
    const text = emit(map(comment(` a${character}b: 1`), entry('c', str('d'))))
    expect(text).toBe('# a\ufffdb: 1\nc: d\n')
  })
  test('becomes several where it has several lines', () => {
    const text = emit(map(entry('c', str('d')), comment(' a\nb: 1', { inline: true })))
    expect(text).toBe('c: d\n# a\n#b: 1\n')
  })
})

describe('merge keys', () => {
  test('are literal keys for every reader', () => {
    const text = emit(map(entry('<<', map(entry('a', str('b'))))))
    expect(text).toBe('!!str "<<":\n    a: b\n')
    expect(parse(text, { version: '1.1', merge: true })).toEqual({ '<<': { a: 'b' } })
    expect(load(text, { schema: YAML11_SCHEMA })).toEqual({ '<<': { a: 'b' } })
  })
})

describe('aliases', () => {
  test('are expanded', () => {
    const target = map(entry('x', list(str('y'))))
    expect(emit(map(entry('a', target), entry('b', alias(target)), entry('c', list(alias(target)))))).toBe(`a:
    x:
        - "y"
b:
    x:
        - "y"
c:
    - x:
        - "y"
`)
  })
  test('cannot make a small text a huge one', () => {
    let bomb: Node = list(str('x'))
    for (let i = 0; i < 9; i++) bomb = list(...Array.from({ length: 9 }, () => alias(bomb)))
    expect(() => emit(bomb)).toThrow(expect.objectContaining({ code: 'FORMAT_TOO_MANY_ALIASES' }))

    const large = str('x'.repeat(1_000_000))
    expect(() => emit(list(...Array.from({ length: 300 }, () => alias(large))))).toThrow(
      expect.objectContaining({ code: 'FILE_TOO_LARGE' }),
    )
  })
  test('count, and what stands once does not', () => {
    const once = Array.from({ length: 200_001 }, () => str('x'))
    expect(emit({ ...list(), items: [alias(str('a')), ...once] })).toHaveLength(4 * 200_002)
  })
  test('cannot lead deeper than the scanner goes, nor in circles', () => {
    let deep: Node = list()
    for (let i = 0; i < 199; i++) deep = list(alias(deep))
    expect(emit(deep)).toContain('- []')
    expect(() => emit(list(deep))).toThrow(expect.objectContaining({ code: 'FORMAT_TOO_DEEP' }))

    const circle = list()
    Object.assign(circle, { items: [alias(circle)] })
    expect(() => emit(circle)).toThrow(expect.objectContaining({ code: 'FORMAT_TOO_DEEP' }))
  })
})

describe('a value that is not what Go prints', () => {
  test.each(['int', 'float', 'bool', 'time'] as const)('of type %s stands in quotes', (type) => {
    expect(emit(map(entry('a', leaf(type, '1\nadmin: true'))))).toBe('a: "1\\nadmin: true"\n')
  })
})

describe('spelling of numbers', () => {
  test.each([
    ['float', '3', '3.0'],
    ['float', '-0', '-0.0'],
    ['float', '1.5', '1.5'],
    ['float', '100000000000000000000', '100000000000000000000.0'],
    ['float', '1000000000000000000000', '1.0e+21'],
    ['float', '-1234500000000000000000000', '-1.2345e+24'],
    ['float', '0.0001', '0.0001'],
    ['float', '0.0000000015', '1.5e-09'],
    ['float', '+Inf', '.inf'],
    ['float', '-Inf', '-.inf'],
    ['float', 'NaN', '.nan'],
    ['int', '-9223372036854775808', '-9223372036854775808'],
    ['int', '007', undefined],
    ['str', 'x', undefined],
  ] as const)('%s %s is %s', (type, text, spelled) => {
    expect(plainSpelling(type, text)).toBe(spelled)
  })
})

describe('plain', () => {
  test.each([
    'a',
    'a b',
    'a:b',
    'x#y',
    '-x',
    '10.0.0.1',
    '1.2.3',
    '10m',
    'é',
    '日本',
    'https://example.com/?a=b',
    '😀',
  ])('%s may be', (text) => {
    expect(plainIsSafe(text)).toBe(true)
  })
  test.each([
    '',
    ' a',
    'a ',
    'a: b',
    'a:',
    'a #b',
    '- a',
    '-',
    '---',
    '*a',
    '&a',
    '%a',
    '@a',
    '`a',
    'a\tb',
    'no',
    'Y',
    'null',
    '~',
    '=',
    '<<',
    '1',
    '0_b1',
    '1,000',
    '1:30',
    '2020-01-02',
    '.5',
    'e5',
    ':a',
    'a\u2028b',
    '\u3000a',
  ])('%j may not be', (text) => {
    expect(plainIsSafe(text)).toBe(false)
  })
})

describe('quotes', () => {
  test('double ones hold anything on one line', () => {
    expect(doubleQuoted('a"\\\n\t\0\x1b\u0085\u2028\ufeff\x7f\ud800😀é')).toBe(
      '"a\\"\\\\\\n\\t\\0\\e\\N\\L\\uFEFF\\x7F\ufffd😀é"',
    )
  })
  test('single ones hold what is printable, otherwise they are double', () => {
    expect(singleQuoted("it's")).toBe("'it''s'")
    expect(singleQuoted('a\nb')).toBe('"a\\nb"')
  })
})

describe('literal blocks', () => {
  test.each([
    ['a\nb\n', '|\n  a\n  b'],
    ['a\n\nb', '|-\n  a\n\n  b'],
    ['a\n\n', '|+\n  a\n'],
    [' a\nb\n', '|2\n   a\n  b'],
    ['\na\n', '|2\n\n  a'],
  ])('%j', (text, block) => {
    expect(literalBlock(text, 2)).toBe(block)
  })
  test.each(['', '\n', '\n\n', 'a \nb', 'a\n ', '\ta\nb', 'a\rb\n', 'a\u2028\n', ' \n'])('cannot hold %j', (text) => {
    expect(literalBlock(text, 2)).toBeUndefined()
  })
  test('count their indentation from the parent, and have none that is too wide for a digit', () => {
    expect(literalBlock(' a\n', 8, 6)).toBe('|2\n         a')
    expect(literalBlock(' a\n', 12, 2)).toBeUndefined()
    expect(literalBlock('a\n', 12, 2)).toBe('|\n            a')
  })
})

/** A tree as a reader hands it over; maps as pairs in the order of their keys. */
function wanted(node: Node, reader: Reader): unknown {
  switch (node.kind) {
    case 'alias':
      return wanted(node.target, reader)
    case 'list':
      return node.items.flatMap((item) => (item.kind === 'comment' ? [] : [wanted(item, reader)]))
    case 'map':
      return pairs(
        node.items.flatMap((item) => (item.kind === 'comment' ? [] : [[item.key, wanted(item.value, reader)]])),
      )
    default:
      return wantedValue(node, reader)
  }
}

function wantedValue({ type, text }: Leaf, { times, integers }: Reader): unknown {
  switch (type) {
    case 'str':
      return text
    case 'null':
      return null
    case 'bool':
      return text === 'True'
    case 'int':
      return integers ? BigInt(text) : Number(text)
    case 'float':
      return Number(text.replace('Inf', 'Infinity'))
    case 'time':
      return times ? new Date(text) : text
    default:
      return type satisfies never
  }
}

function found(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(found)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value)
  return pairs(entries.map(([key, of]) => [key, found(of)]))
}

function pairs(entries: unknown[][]): unknown {
  return { pairs: entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)) }
}

/** A tree without comments and places. */
function stripped(node: Node | undefined): unknown {
  switch (node?.kind) {
    case 'leaf':
      return [node.type, node.text]
    case 'list':
      return node.items.flatMap((item) => (item.kind === 'comment' ? [] : [stripped(item)]))
    case 'map':
      return {
        entries: node.items.flatMap((item) =>
          item.kind === 'comment' ? [] : [[item.key, item.keyIsString, stripped(item.value)]],
        ),
      }
    default:
      return node
  }
}
