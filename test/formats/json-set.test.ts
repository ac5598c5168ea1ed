import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Entry, Node, Path } from '../../src/core/tree.ts'
import type { PlainValue } from '../../src/formats/format.ts'
import { json } from '../../src/formats/json.ts'
import { setJson, unsetJson } from '../../src/formats/json-set.ts'
import { readPlainValue } from '../../src/formats/json-value.ts'
import { splice } from '../../src/formats/splice.ts'
import { entriesOf, jsonText, rootOf, shapeOf } from './json-text.ts'

describe('setting a value', () => {
  test.each([
    ['{"a": 1}', ['a'], '2', '{"a": 2}'],
    ['{"a": 1}', ['b'], '"x"', '{"a": 1, "b": "x"}'],
    ['{"a":1}', ['b'], '"x"', '{"a":1,"b":"x"}'],
    ['{"a":1, "c":2}', ['b'], '[1,{"x":2}]', '{"a":1, "c":2, "b":[1, {"x":2}]}'],
    ['{"a": [1,2]}', ['a', 2], '3', '{"a": [1,2,3]}'],
    ['{"a": [1, 2,3]}', ['a', 3], '4', '{"a": [1, 2,3,4]}'],
    ['{ "a": {} }', ['a', 'b', 'c'], '1', '{ "a": {"b": {"c": 1}} }'],
    ['{"a": 1}', ['b', 0, 'c'], 'null', '{"a": 1, "b": [{"c": null}]}'],
    ['{"a": []}', ['a', 0], 'true', '{"a": [true]}'],
    ['[1]', [1], '1.50e3', '[1, 1.50e3]'],
    ['[1]', [0], '{}', '[{}]'],
    [' 5 ', [], '{"a": [1]}', ' {"a": [1]} '],
    ['{"a": {"b":1}}', ['a', 'c'], '{"d": 2}', '{"a": {"b":1,"c":{"d":2}}}'],
    ['[1\n,2]', [2], '3', '[1\n,2, 3]'],
    ['{"a": {\n "b": 1}}', ['a'], '{"c": 1}', '{"a": {"c": 1}}'],
  ] as [string, Path, string, string][])('in %j at %j keeps to the line', (text, path, value, expected) => {
    expect(set(text, path, value)).toBe(expected)
  })

  test.each([
    ['{}', ['a', 'b'], '1', '{\n\t"a": {\n\t\t"b": 1\n\t}\n}'],
    ['{\n}\n', ['a'], '1', '{\n\t"a": 1\n}\n'],
    ['[ ]', [0], '[]', '[\n\t[]\n]'],
    ['{\n  "a": 1\n}\n', ['b', 'c'], '[1]', '{\n  "a": 1,\n  "b": {\n    "c": [\n      1\n    ]\n  }\n}\n'],
    ['{\n  "a": {}\n}\n', ['a', 'b'], '1', '{\n  "a": {\n    "b": 1\n  }\n}\n'],
    ['{\n  "a": [1]\n}\n', ['a', 1], '2', '{\n  "a": [1, 2]\n}\n'],
    ['{\n  "a": [\n    1\n  ]\n}\n', ['a', 1], '2', '{\n  "a": [\n    1,\n    2\n  ]\n}\n'],
    ['{\r\n    "a":1\r\n}', ['a'], '{"b":2}', '{\r\n    "a":{\r\n        "b":2\r\n    }\r\n}'],
    ['[\n  {\n    "a": 1\n  }\n]', [1], '{"a": 2}', '[\n  {\n    "a": 1\n  },\n  {\n    "a": 2\n  }\n]'],
    ['[\n1\n]', [], '[2]', '[\n2\n]'],
  ] as [string, Path, string, string][])('in %j at %j follows the lines', (text, path, value, expected) => {
    expect(set(text, path, value)).toBe(expected)
  })

  test('spells strings and keys so that no reader takes them for a line break', () => {
    expect(set('{"a": 1}', ['\u2028"'], '"\u0085\\ufeff<é"')).toBe('{"a": 1, "\\u2028\\"": "\\u0085\\ufeff<é"}')
  })

  test.each([
    ['{"a": 1}', ['a', 'b']],
    ['{"a": null}', ['a', 'b']],
    ['{"a": 1}', ['a', 0]],
    ['{"a": {}}', ['a', 0]],
    ['{"a": [1]}', ['a', 'b']],
    ['{"a": [1]}', ['a', 2]],
    ['{"a": [1]}', ['a', 5, 'b']],
    ['{}', ['a', 1]],
    ['5', ['a']],
  ] as [string, Path][])('in %j at %j is refused', (text, path) => {
    expect(() => set(text, path, '1')).toThrow(expect.objectContaining({ code: 'PATH_NOT_FOUND' }))
  })

  test('is refused behind a key that is there twice', () => {
    const refusal = expect.objectContaining({ code: 'FORMAT_DUPLICATE_KEY', line: 1, column: 14 })
    expect(() => set('{"a": {"x":1},"a": 2}', ['a', 'x'], '1')).toThrow(expect.objectContaining({ column: 15 }))
    expect(() => set('{"a": "pass","a": 2}', ['a'], '1')).toThrow(refusal)
    expect(() => unset('{"a": "pass","a": 2}', ['a'])).toThrow(refusal)
  })

  test('names paths, never values', () => {
    expect(() => set('{"a": "hunter2"}', ['a', 'b'], '"hunter3"')).toThrow(
      expect.objectContaining({ message: 'a is no map' }),
    )
  })
})

describe('removing a value', () => {
  test.each([
    ['{"a": 1, "b": 2, "c": 3}', ['a'], '{"b": 2, "c": 3}'],
    ['{"a": 1, "b": 2, "c": 3}', ['b'], '{"a": 1, "c": 3}'],
    ['{"a": 1, "b": 2, "c": 3}', ['c'], '{"a": 1, "b": 2}'],
    ['{\n  "a": 1,\n  "b": 2\n}\n', ['a'], '{\n  "b": 2\n}\n'],
    ['{\n  "a": 1,\n  "b": 2\n}\n', ['b'], '{\n  "a": 1\n}\n'],
    ['{\n  "a": 1\n}\n', ['a'], '{}\n'],
    ['{"a": [ [1] , 2 ]}', ['a', 0, 0], '{"a": [ [] , 2 ]}'],
    ['[1, 2, 3]', [1], '[1, 3]'],
  ] as [string, Path, string][])('from %j at %j takes its comma along', (text, path, expected) => {
    expect(unset(text, path)).toBe(expected)
  })

  test.each([
    ['{"a": 1}', ['b']],
    ['{"a": 1}', ['b', 'c']],
    ['{"a": 1}', ['a', 'b']],
    ['[1]', [1]],
    ['[1]', [2]],
    ['[1]', ['0']],
  ] as [string, Path][])('from %j at %j is refused', (text, path) => {
    expect(() => unset(text, path)).toThrow(expect.objectContaining({ code: 'PATH_NOT_FOUND' }))
  })

  test('of the root is refused', () => {
    expect(() => unset('{}', [])).toThrow(expect.objectContaining({ code: 'PATH_INVALID' }))
  })
})

describe('laws', () => {
  /** A text with one of its nodes, chosen by numbers. */
  const place = fc.tuple(jsonText, fc.array(fc.nat(7), { maxLength: 4 }))
  const value = jsonText.filter((text) => isPlain(text))

  test('one value is replaced, and nothing else', () => {
    fc.assert(
      fc.property(place, value, ([text, choices], replacement) => {
        const root = rootOf(json.scan(text))
        const path = follow(root, choices)
        fc.pre(path !== undefined)
        const changed = set(text, path, replacement)
        expect(rootOf(json.scan(changed))).toSatisfy(isTree(put(shapeOf(root), path, wellShaped(replacement))))
        const node = at(root, path)
        expect(changed.startsWith(text.slice(0, node.start)) && changed.endsWith(text.slice(node.end))).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  test('one value is added, and nothing else', () => {
    fc.assert(
      fc.property(place, fc.string(), value, ([text, choices], name, added) => {
        const root = rootOf(json.scan(text))
        const path = follow(root, choices)
        fc.pre(path !== undefined)
        const container = at(root, path)
        fc.pre(container.kind === 'map' || container.kind === 'list')
        fc.pre(!entriesOf(container).some(({ key }) => key === name))
        const step = container.kind === 'map' ? name : container.items.length
        const changed = set(text, [...path, step], added)
        expect(rootOf(json.scan(changed))).toSatisfy(isTree(put(shapeOf(root), [...path, step], wellShaped(added))))
        if (container.items.length > 0) {
          const end = container.items.map((item) => (item.kind === 'entry' ? item.value : item).end).at(-1) as number
          expect(changed.startsWith(text.slice(0, end)) && changed.endsWith(text.slice(end))).toBe(true)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('one value is removed, and nothing else', () => {
    fc.assert(
      fc.property(place, ([text, choices]) => {
        const root = rootOf(json.scan(text))
        const path = follow(root, choices)
        fc.pre(path !== undefined && path.length > 0)
        const changed = unset(text, path)
        expect(rootOf(json.scan(changed))).toSatisfy(isTree(put(shapeOf(root), path, undefined)))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a value read from the command line', () => {
  test('keeps the digits of numbers and the order of keys', () => {
    expect(readPlainValue('{"b": [1.50, 1e400, null, true], "a": "x\\n", "__proto__": {}}')).toEqual(
      new Map<string, PlainValue>([
        ['b', [{ number: '1.50' }, { number: '1e400' }, null, true]],
        ['a', 'x\n'],
        ['__proto__', new Map()],
      ]),
    )
  })

  test('has no key twice', () => {
    expect(() => readPlainValue('{"a": 1, "\\u0061": 2}')).toThrow(
      expect.objectContaining({ code: 'FORMAT_DUPLICATE_KEY', column: 10 }),
    )
  })
})

function set(text: string, path: Path, value: string): string {
  return splice(text, setJson(json.scan(text), path, readPlainValue(value)))
}

function unset(text: string, path: Path): string {
  return splice(text, unsetJson(json.scan(text), path))
}

function isPlain(text: string): boolean {
  try {
    readPlainValue(text)
    return true
  } catch {
    return false
  }
}

type Shape = ReturnType<typeof shapeOf>
type ShapeOfMap = { map: [string, Shape][] }
type ShapeOfList = { list: Shape[] }

function wellShaped(text: string): Shape {
  return shapeOf(rootOf(json.scan(text)))
}

function isTree(expected: Shape): (node: Node) => boolean {
  return (node) => {
    expect(shapeOf(node)).toEqual(expected)
    return true
  }
}

/** Walks down by choices; undefined where the way leads through a key that is there twice. */
function follow(root: Node, choices: readonly number[]): Path | undefined {
  const path: (string | number)[] = []
  let node = root
  for (const choice of choices) {
    if ((node.kind !== 'map' && node.kind !== 'list') || node.items.length === 0) break
    const index = choice % node.items.length
    const item = node.items[index] as Entry | Node
    path.push(item.kind === 'entry' ? item.key : index)
    if (item.kind === 'entry' && entriesOf(node).filter(({ key }) => key === item.key).length > 1) return undefined
    node = item.kind === 'entry' ? item.value : item
  }
  return path
}

function at(root: Node, path: Path): Node {
  let node = root
  for (const step of path) {
    node =
      typeof step === 'string'
        ? (entriesOf(node).find(({ key }) => key === step) as Entry).value
        : ((node as { items: readonly Node[] }).items[step] as Node)
  }
  return node
}

/** The shape with another one at a path; undefined removes. */
function put(shape: Shape, [step, ...rest]: Path, change: Shape | undefined): Shape {
  if (step === undefined) return change
  if (typeof step === 'number') {
    const { list } = shape as ShapeOfList
    const item = put(list[step], rest, change)
    return { list: [...list.slice(0, step), ...(item === undefined ? [] : [item]), ...list.slice(step + 1)] }
  }
  const { map } = shape as ShapeOfMap
  if (!map.some(([key]) => key === step)) return { map: [...map, [step, change]] }
  return {
    map: map.flatMap(([key, value]) => {
      const item = key === step ? put(value, rest, change) : value
      return item === undefined ? [] : [[key, item]]
    }),
  }
}
