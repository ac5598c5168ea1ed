import { expect, test } from 'vitest'
import { type MergeOptions, mergeTrees } from '../../src/core/merge.ts'
import { agrees } from '../../src/core/merge-agreement.ts'
import { printPath } from '../../src/core/path.ts'
import { json as jsonFormat } from '../../src/formats/json.ts'
import { yaml } from '../../src/formats/yaml.ts'

const documents = (text: string) => (text === '' ? [] : yaml.scan(text).documents)
const merge = (base: string, ours: string, theirs: string, options?: MergeOptions) =>
  mergeTrees({ base: documents(base), ours: documents(ours), theirs: documents(theirs) }, options)
const says = (merged: ReturnType<typeof merge>) =>
  yaml.emit(merged.roots.map((root) => ({ root, comments: [], start: 0, end: 0 }))).trim()
const conflicts = (merged: ReturnType<typeof merge>) => merged.conflicts.map(({ path }) => printPath(path))

test.each([
  ['changes of different values', 'a: 1\nb: 1', 'a: 2\nb: 1', 'a: 1\nb: 2', 'a: 2\nb: 2'],
  ['the same change of both', 'a: 1', 'a: 2', 'a: 2', 'a: 2'],
  ['a removal', 'a: 1\nb: 1', 'b: 1', 'a: 1\nb: 2', 'b: 2'],
  ['keys of both, ours first', 'a: 1', 'a: 1\nb: 1', 'a: 1\nc: 1', 'a: 1\nb: 1\nc: 1'],
  ['maps that both made', 'a: 1', 'a: 1\nm: {x: 1}', 'a: 1\nm: {y: 2}', 'a: 1\nm:\n    x: 1\n    "y": 2'],
  ['a map in the place of a scalar', 'a: 1\nb: 1', 'a: {x: 1}\nb: 1', 'a: 1\nb: 2', 'a:\n    x: 1\nb: 2'],
  ['null and text that is empty', 'a: null\nb: ""', 'a: ""\nb: ""', 'a: null\nb: null', 'a: ""\nb: null'],
  ['types', 'a: 1\nb: "1"', 'a: "1"\nb: "1"', 'a: 1\nb: 1', 'a: "1"\nb: 1'],
  ['another spelling, which is no change', 'a: 16', 'a: 0x10', 'a: 17', 'a: 17'],
  ['another order of keys, which is no change', 'a: 1\nb: 1', 'b: 1\na: 1', 'a: 1\nb: 2', 'a: 1\nb: 2'],
  ['values of a list', 'l: [a, b, c]', 'l: [a, x, b, c]', 'l: [b, c, d]', 'l:\n    - x\n    - b\n    - c\n    - d'],
  ['values that both put at the end', 'l: [a]', 'l: [a, b]', 'l: [a, c]', 'l:\n    - a\n    - b\n    - c'],
  [
    'a value that both put into a list, here and there',
    'l: [a, b]',
    'l: [x, a, b]',
    'l: [a, b, x]',
    'l:\n    - x\n    - a\n    - b',
  ],
  [
    'items that have names',
    'l: [{name: a, v: 1}, {name: b, v: 1}]',
    'l: [{name: b, v: 1}, {name: a, v: 2}]',
    'l: [{name: a, v: 1}, {name: c, v: 3}, {name: b, v: 4}]',
    'l:\n    - name: b\n      v: 4\n    - name: a\n      v: 2\n    - name: c\n      v: 3',
  ],
  [
    'items without names, far from each other',
    'l: [{u: 1}, {u: 2}, {u: 3}]',
    'l: [{u: 9}, {u: 2}, {u: 3}]',
    'l: [{u: 1}, {u: 2}, {u: 8}]',
    'l:\n    - u: 9\n    - u: 2\n    - u: 8',
  ],
  [
    'what an alias says, beside what it refers to',
    'x: &x 1\ny: *x',
    'x: 1\ny: 1',
    'x: &x 1\ny: *x\nz: 2',
    'x: 1\n"y": 1\nz: 2',
  ],
])('merges %s', (_name, base, ours, theirs, result) => {
  const merged = merge(base, ours, theirs)
  expect([conflicts(merged), says(merged)]).toEqual([[], result])
})

test.each([
  ['a value', 'a: 1', 'a: 2', 'a: 3', 'a'],
  ['values of different types', 'a: 1', 'a: "1"', 'a: true', 'a'],
  ['a value that one side removed', 'a: 1\nb: 1', 'b: 1', 'a: 2\nb: 1', 'a'],
  ['a value below a map that one side removed', 'm: {x: 1}\nb: 1', 'b: 1', 'm: {x: 2}\nb: 1', 'm'],
  ['a key that both made', 'a: 1', 'a: 1\nb: 2', 'a: 1\nb: 3', 'b'],
  ['a value of a list that both replaced', 'l: [a]', 'l: [b]', 'l: [c]', 'l'],
  ['items that have no names, side by side', 'l: [{u: 1}, {u: 2}]', 'l: [{u: 9}, {u: 2}]', 'l: [{u: 1}, {u: 8}]', 'l'],
  [
    'the field of an item that has a name',
    'l: [{id: 1, v: 1}]',
    'l: [{id: 1, v: 2}]',
    'l: [{id: 1, v: 3}]',
    '"l"[0].v',
  ],
  [
    'the order of items that have names',
    'l: [{id: 1}, {id: 2}, {id: 3}]',
    'l: [{id: 2}, {id: 1}, {id: 3}]',
    'l: [{id: 1}, {id: 3}, {id: 2}]',
    'l',
  ],
  ['where an alias leads', 'x: &x 1\nz: &z 2\ny: *x', 'x: &x 1\nz: &z 2\ny: *z', 'x: &x 1\nz: &z 2\ny: 3', 'y'],
  ['a list and a map', 'a: 1', 'a: [1]', 'a: {b: 1}', 'a'],
  ['a root', 'hello', 'ours', 'theirs', '.'],
])('leaves it to people where both sides changed %s', (_name, base, ours, theirs, path) => {
  const merged = merge(base, ours, theirs)
  expect(conflicts(merged)).toEqual([path.replaceAll('"', '')])
  const wanted = yaml.emit(documents(ours))
  expect(says(merged)).toBe(wanted.trim())
})

test('takes what was chosen for each conflict, in their order', () => {
  const [base, ours, theirs] = ['a: 1\nb: 1\nc: 1\nd: 1', 'a: 2\nb: 2\nc: 2', 'a: 3\nb: 3\nc: 3\nd: 3']
  const node = { kind: 'leaf', type: 'str', text: 'neither', start: 0, end: 0 } as const
  const merged = merge(base, ours, theirs, { choices: ['theirs', undefined, { node }, 'theirs'] })
  expect([conflicts(merged), says(merged)]).toEqual([['a', 'b', 'c', 'd'], 'a: 3\nb: 2\nc: neither\nd: 3'])
  expect(says(merge(base, ours, theirs, { choices: [{ node: undefined }] }))).toBe('b: 2\nc: 2')
})

test('merges documents by their names, else by their number', () => {
  const resource = (name: string, value: number) => `kind: A\nmetadata: {name: ${name}}\nv: ${value}\n`
  const merged = merge(
    resource('x', 1),
    [resource('y', 2), resource('x', 1)].join('---\n'),
    [resource('x', 5), resource('z', 3)].join('---\n'),
  )
  expect([conflicts(merged), says(merged).match(/v: .*/g)]).toEqual([[], ['v: 2', 'v: 5', 'v: 3']])
  const numbered = merge('a: 1\n---\na: 1', 'a: 2\n---\na: 1', 'a: 1\n---\na: 3')
  expect(says(numbered)).toBe('a: 2\n---\na: 3')
})

test('takes an empty document for an empty map', () => {
  const merged = merge('---\n---\na: 1\n', '---\nb: 1\n---\na: 1\n', '---\n---\na: 2\n')
  expect([conflicts(merged), says(merged)]).toEqual([[], 'b: 1\n---\na: 2'])
})

test('is only bold where it is told to be: with keys that were renamed, and items in the same places', () => {
  const renamed = ['m: {x: 1, y: 1, z: 1}', 'k: {x: 1, y: 1, z: 1}', 'm: {x: 1, y: 1, z: 2}'] as const
  expect(conflicts(merge(...renamed))).toEqual(['m'])
  expect(says(merge(...renamed, { bold: true }))).toBe('k:\n    x: 1\n    "y": 1\n    z: 2')
  const items = ['l: [{u: 1, v: 1}]', 'l: [{u: 2, v: 1}]', 'l: [{u: 1, v: 2}]'] as const
  expect(conflicts(merge(...items))).toEqual(['l'])
  expect(says(merge(...items, { bold: true }))).toBe('l:\n    - u: 2\n      v: 2')
  const swapped = [
    'l: [{u: 1, v: 1}, {u: 2, v: 1}]',
    'l: [{u: 2, v: 1}, {u: 1, v: 1}]',
    'l: [{u: 1, v: 9}, {u: 2, v: 1}]',
  ] as const
  expect(conflicts(merge(...swapped, { bold: true }))).toEqual(['l'])
})

test('merges a map in which a key is repeated as one', () => {
  const json = (text: string) => jsonFormat.scan(text).documents
  const versions = {
    base: json('{"a":1,"a":2,"b":1}'),
    ours: json('{"a":1,"a":3,"b":1}'),
    theirs: json('{"a":1,"a":2,"b":2}'),
  }
  expect(conflicts(mergeTrees(versions))).toEqual(['.'])
})

test.each([
  ['a: 1\nb: {x: 1, y: 2}', 'b: {y: 2, x: 1}\na: 1', true],
  ['a: 1', 'a: "1"', false],
  ['a: 1', 'a: 1\nb: null', false],
  ['a: {}', 'a: []', false],
  ['a: [1, 2]', 'a: [2, 1]', false],
  ['x: &x 1\ny: *x', 'x: &other 1\ny: 1', true],
  ['x: &x 1\nz: &z 1\ny: *x', 'x: &x 1\nz: &z 1\ny: *z', false],
  ['<<: {a: 1}', '"<<": {a: 1}', false],
  ['a: 1', 'a: 1\n---\nb: 1', false],
])('tells whether %j says what %j says', (one, other, same) => {
  const merged = merge(one, one, one)
  expect(agrees(documents(other), merged)).toBe(same)
})
