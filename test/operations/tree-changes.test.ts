import { expect, test } from 'vitest'
import { json } from '../../src/formats/json.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { compareTrees, leavesOf, printPlace } from '../../src/operations/tree-changes.ts'

test.each<[string, string, string, string[]]>([
  ['the same', 'a: 1\n', 'a: 1\n', []],
  ['a comment', 'a: 1\n', '# x\na: 1\n', []],
  ['what an alias refers to', 'a: &x {b: 1}\nc: *x\n', 'a: &x {b: 2}\nc: *x\n', ['changed a.b', 'changed c.b']],
  ['an alias that is written out', 'a: &x 1\nb: *x\n', 'a: &x 1\nb: 1\n', []],
  ['empty containers of two kinds', 'a: {}\n', 'a: []\n', ['retyped a']],
  ['an empty map and null', 'a: {}\n', 'a: null\n', ['retyped a']],
  ['a number and its digits', 'a: 1\n', 'a: "1"\n', ['retyped a']],
  ['a value that is put into a list', 'a: 1\n', 'a: [1]\n', ['moved a[0] < a']],
  ['a list in another list', 'a: [1, 2]\n', 'a: [[1, 2]]\n', ['moved a[0][0] < a[0]', 'moved a[0][1] < a[1]']],
  ['one of two like values', 'a: 1\nb: 1\n', 'c: 1\n', ['removed a', 'removed b', 'added c']],
  ['another document', 'a: 1\n---\nb: 2\n', 'a: 1\n---\nb: 3\n', ['changed b (document 2)']],
  ['a value in another document', 'a: 1\nb: 2\n---\nc: 3\n', 'a: 1\n---\nc: 3\nb: 2\n', ['moved b (document 2) < b']],
  ['an empty document', '---\n', '--- {}\n', []],
  ['a root that is no map', '- a\n', '- b\n', ['changed [0]']],
  ['the order of keys below', 'a: {b: 1, c: 2}\n', 'a: {c: 2, b: 1}\n', ['reordered a']],
  ['a key between others', 'a: 1\nb: 2\n', 'a: 1\nx: 3\nb: 2\n', ['added x']],
  ['keys with a dot', 'a.b: 1\n', 'a: {b: 1}\n', ['moved a.b < "a.b"']],
])('tells apart %s', (_, before, after, expected) => {
  expect(compared(before, after)).toEqual(expected)
})

test('spelling counts where both texts are known', () => {
  const [before, after] = [yaml.scan('a: "x"\n"b": 1\n'), yaml.scan('a: x\nb: 1\n')]
  expect(compareTrees(before, after).map(({ kind }) => kind)).toEqual(['respelled', 'respelled'])
  expect(compareTrees({ documents: before.documents }, after)).toEqual([])
})

test('leaves have their places, in the order of the text', () => {
  const { documents } = json.scan('{"a": [{"b": 1}, null], "c": {}}')
  expect(leavesOf(documents).map((value) => `${printPlace(value)} ${value.type}`)).toEqual(['a[0].b int', 'a[1] null'])
})

function compared(before: string, after: string): readonly string[] {
  const [a, b] = [yaml.scan(before).documents, yaml.scan(after).documents]
  return compareTrees({ documents: a }, { documents: b }).map((change) => {
    const from = change.kind === 'moved' ? ` < ${printPlace(change.from)}` : ''
    return `${change.kind} ${printPlace(change)}${from}`
  })
}
