import { describe, expect, test } from 'vitest'
import { compileSelector, DEFAULT_SELECTOR, type Selector } from '../../src/core/selection.ts'
import type { Document, Node } from '../../src/core/tree.ts'
import { MAX_EXPANDED_NODES, walk } from '../../src/core/walk.ts'
import { scanYaml } from '../../src/formats/yaml-scan.ts'
import { alias, document, entry, list, map, str } from '../formats/yaml-tree.ts'

async function met(documents: readonly Document[], selector: Selector = DEFAULT_SELECTOR): Promise<string[]> {
  const seen: string[] = []
  walk(
    documents,
    {
      startDocument: (index) => seen.push(`document ${index}`),
      endDocument: () => seen.push('end'),
      startMap: ({ secret }, empty) => seen.push(`{${secret ? '!' : ''}${empty ? ' empty' : ''}`),
      key: (key) => seen.push(`${key}:`),
      endMap: () => seen.push('}'),
      startList: ({ secret }, empty) => seen.push(`[${secret ? '!' : ''}${empty ? ' empty' : ''}`),
      endList: () => seen.push(']'),
      leaf: ({ text }, { secret, associatedData, aliased }) =>
        seen.push(`${text}${secret ? '!' : ''}${aliased ? '*' : ''} at ${associatedData}`),
      comment: ({ text }, { secret, associatedData }) => seen.push(`#${text}${secret ? '!' : ''} at ${associatedData}`),
    },
    { selection: await compileSelector(selector), skipRootKey: 'sops' },
  )
  return seen
}

const yaml = (text: string) => scanYaml(text).documents

test('meets everything in the order of the text, with the keys on the way', async () => {
  const text = '# top\na: {b: 1, c: [x, {d: y}, []]}\ne_unencrypted:\n  # in e\n  - z\n  - {}\n'
  expect(await met(yaml(text))).toEqual([
    'document 0',
    '# top! at :',
    ...['{!', 'a:', '{!', 'b:', '1! at a:b:', 'c:', '[!', 'x! at a:c:', '{!', 'd:', 'y! at a:c:d:', '}'],
    ...['[! empty', ']', ']', '}', 'e_unencrypted:', '[', '# in e at e_unencrypted:', 'z at e_unencrypted:'],
    ...['{ empty', '}', ']', '}', 'end'],
  ])
})

test('leaves out the entry of a name in the root of each document, and only there', async () => {
  const seen = await met(yaml('sops: {a: 1}\nb: {sops: 2}\n---\nsops: 3\n'))
  expect(seen.filter((each) => each.endsWith(':') || / at /.test(each))).toEqual(['b:', 'sops:', '2! at b:sops:'])
})

test('meets aliases as what they refer to, at their own place', async () => {
  const seen = await met(yaml('a: &a [x, {k: y}]\nb: *a\nc_unencrypted: *a\n'))
  expect(seen.filter((each) => / at /.test(each))).toEqual([
    ...['x! at a:', 'y! at a:k:', 'x!* at b:', 'y!* at b:k:', 'x* at c_unencrypted:', 'y* at c_unencrypted:k:'],
  ])
})

test.each([
  ['unencrypted-suffix', 'b', ['a', 'x'], false],
  ['encrypted-suffix', 'b', ['x'], true],
  ['unencrypted-regex', '^b$', ['a', 'x'], false],
  ['encrypted-regex', '^(a|b)$', ['a', 'b', 'x'], true],
] as const)('a match of %s anywhere on a path decides for all below', async (kind, text, _keys, below) => {
  const seen = await met(yaml('b:\n  x:\n    - y: deep\n'), { kind, text })
  expect(seen).toContain(`deep${below ? '!' : ''} at b:x:y:`)
})

describe('the expansion of aliases', () => {
  const selection = compileSelector(DEFAULT_SELECTOR)

  async function leavesOf(root: Node): Promise<number> {
    let count = 0
    walk([document(root)], { leaf: () => count++ }, { selection: await selection })
    return count
  }

  /** A list of the last alias, of which each refers to a list of `width` aliases to the one before. */
  function bomb(depth: number, width: number): Node {
    let node: Node = list(str('x'))
    const lists: Node[] = [node]
    for (let i = 0; i < depth; i++) {
      const target = node
      node = list(...Array.from({ length: width }, () => alias(target)))
      lists.push(node)
    }
    return list(...lists)
  }

  test('is refused beyond a limit, before it costs anything', async () => {
    await expect(leavesOf(bomb(40, 2))).rejects.toMatchObject({ code: 'FORMAT_TOO_MANY_ALIASES' })
    await expect(leavesOf(bomb(9, 9))).rejects.toMatchObject({ code: 'FORMAT_TOO_MANY_ALIASES' })
    await expect(leavesOf(bomb(3000, 1))).rejects.toMatchObject({ code: 'FORMAT_TOO_MANY_ALIASES' })
  })

  test('counts what stands in lists that hold nothing', async () => {
    const empties = list(...Array.from({ length: 1000 }, () => list()))
    const root = list(empties, ...Array.from({ length: 1000 }, () => alias(empties)))
    await expect(leavesOf(root)).rejects.toMatchObject({ code: 'FORMAT_TOO_MANY_ALIASES' })
  })

  test('counts long texts and long keys as many', async () => {
    const long = str('x'.repeat(1_000_000))
    const often = (node: Node) => list(node, ...Array.from({ length: 100 }, () => alias(node)))
    await expect(leavesOf(often(long))).rejects.toMatchObject({ code: 'FORMAT_TOO_MANY_ALIASES' })
    await expect(leavesOf(often(map(entry(long.text, str('x')))))).rejects.toMatchObject({
      code: 'FORMAT_TOO_MANY_ALIASES',
    })
  })

  test('may be large where it is not larger than that', async () => {
    const target = list(str('x'), str('y'))
    const root = list(target, ...Array.from({ length: MAX_EXPANDED_NODES / 3 - 1 }, () => alias(target)))
    expect(await leavesOf(root)).toBe(2 * (root.items.length - 1) + 2)
  })

  test('counts for the whole file, not for each document', async () => {
    const target = list(...Array.from({ length: 999 }, () => str('x')))
    const root = list(target, ...Array.from({ length: 150 }, () => alias(target)))
    const visitor = { leaf: () => {} }
    const options = { selection: await selection }
    expect(() => walk([document(root)], visitor, options)).not.toThrow()
    expect(() => walk([document(root), document(root)], visitor, options)).toThrow(
      expect.objectContaining({ code: 'FORMAT_TOO_MANY_ALIASES' }),
    )
  })
})
