import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Document } from '../../src/core/tree.ts'
import { detectFormat } from '../../src/formats/detect.ts'
import { changeId, MAX_CHANGES, treeDifferences, type ValueChange } from '../../src/git/show/show-tree.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const documentsOf = (value: Json): readonly Document[] => detectFormat('x.json').scan(JSON.stringify(value)).documents
const yamlOf = (text: string): readonly Document[] => detectFormat('x.yaml').scan(text).documents
const between = (before: Json, after: Json) => treeDifferences(documentsOf(before), documentsOf(after))

const { tree: JSON_TREE } = fc.letrec<{ tree: Json; leaf: Json; list: Json[]; map: { [key: string]: Json } }>(
  (tie) => ({
    leaf: fc.constantFrom<Json>(null, true, 0, 1, '', 'a', 'long enough', 'another text'),
    list: fc.array(tie('tree'), { maxLength: 4 }),
    map: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'name'), tie('tree'), { maxKeys: 4 }),
    tree: fc.oneof({ depthSize: 'small', maxDepth: 3 }, tie('leaf'), tie('list'), tie('map')),
  }),
)
const MAP = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), JSON_TREE, { maxKeys: 4 })

/** The same, with the keys of all maps in one order. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key] as Json)]),
  )
}

const at = (value: Json, { path }: Pick<ValueChange, 'path'>) =>
  path.reduce<unknown>((node, step) => (node as Record<string, unknown>)?.[step], value)

describe('of any two trees', () => {
  test('nothing differs where they are the same, and something where they are not', () => {
    fc.assert(
      fc.property(MAP, MAP, (before, after) => {
        expect(between(before, before)).toEqual([])
        const isSame = JSON.stringify(before) === JSON.stringify(after)
        expect(between(before, after).length === 0).toBe(isSame)
        const isSameButForOrder = JSON.stringify(sorted(before)) === JSON.stringify(sorted(after))
        expect(between(before, after).every(({ kind }) => kind === 'reordered')).toBe(isSameButForOrder)
      }),
    )
  })

  test('every difference is where it says', () => {
    fc.assert(
      fc.property(MAP, MAP, (before, after) => {
        for (const change of between(before, after)) {
          if (change.kind !== 'removed') expect(at(after, change)).not.toBe(undefined)
          if (change.kind === 'removed') expect(at(before, change)).not.toBe(undefined)
          if (change.kind === 'moved') expect(at(before, change.from)).not.toBe(undefined)
        }
      }),
    )
  })

  test('what is added one way is removed the other way', () => {
    fc.assert(
      fc.property(MAP, MAP, (before, after) => {
        const ids = (changes: readonly ValueChange[], kind: string) =>
          changes
            .filter((change) => change.kind === kind)
            .map(changeId)
            .sort()
        // Where nothing moved: of several items that are the same, either may be the one that stayed.
        const [there, back] = [between(before, after), between(after, before)]
        if ([...there, ...back].some(({ kind }) => kind === 'moved')) return
        expect(there.length).toBe(back.length)
        expect(ids(there, 'reordered')).toEqual(ids(back, 'reordered'))
      }),
    )
  })
})

test('aliases that stand for more values than there is memory are given up', () => {
  const level = (n: number) => `l${n}: &l${n} [${Array.from({ length: 9 }, () => `*l${n - 1}`).join(', ')}]\n`
  const bomb = (value: string) => `l0: &l0 [${value}]\n${Array.from({ length: 9 }, (_, i) => level(i + 1)).join('')}`
  const [before, after] = [yamlOf(bomb('one')), yamlOf(bomb('two'))]
  expect(treeDifferences(before, before)).toEqual([])
  expect(treeDifferences(yamlOf('a: 1\n'), after).length).toBe(MAX_CHANGES)
  // What an anchor is for has changed where it stands, and nowhere else.
  expect(treeDifferences(before, after)).toMatchObject([{ kind: 'changed', path: ['l0', 0] }])
})

test('long lists that are the same over and over are compared in time that is linear in them', () => {
  const list = (item: string) => Array.from({ length: 60_000 }, () => item)
  expect(between({ a: ['x', ...list('same'), 'y'] }, { a: ['y', ...list('same'), 'x'] })).toMatchObject([
    { kind: 'moved', path: ['a', 0] },
    { kind: 'moved', path: ['a', 60_001] },
  ])
  expect(
    between({ a: [...list('same'), ...list('other')] }, { a: [...list('new'), ...list('same')] }).length,
  ).toBeGreaterThan(0)
})
