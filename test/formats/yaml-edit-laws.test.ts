import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MapNode, Node, Path } from '../../src/core/tree.ts'
import { KmsfileError } from '../../src/errors.ts'
import type { Edit, PlainValue, Scanned } from '../../src/formats/format.ts'
import { splice } from '../../src/formats/splice.ts'
import { setYaml, unsetYaml } from '../../src/formats/yaml-edit.ts'
import { scanYaml } from '../../src/formats/yaml-scan.ts'
import { hasSharedData, sharedData } from '../shared-data.ts'
import {
  oracleScalarShape,
  oracleShapes,
  plainScalarShape,
  putShape,
  type Shape,
  shapeOfPlain,
  shapesOf,
} from './yaml-shape.ts'
import { yamlText } from './yaml-text.ts'
import { nastyString } from './yaml-tree.ts'

/** One node of a text: where the document, the path and the lines of its entry are. */
interface Spot {
  readonly document: number
  readonly path: Path
  readonly node: Node
  /** The entry's lines are in this range: from behind what stands in front of it to the end of its last line. */
  readonly from: number
  readonly to: number
}

/** Only where tabs stand for spaces a text may have no place for a value; removing one may be impossible elsewhere too. */
const REFUSALS = ['PATH_NOT_FOUND', 'FORMAT_VALUE']
const UNSUPPORTED = [...REFUSALS, 'FORMAT_UNSUPPORTED']

const scalar: fc.Arbitrary<PlainValue> = fc.oneof(
  nastyString,
  fc.constantFrom<PlainValue>('x', '5', 'two\nlines', 'three\n\nlines\n', ' a\nb', 'true', '', null, true, false),
  fc.integer().map((number) => ({ number: String(number) })),
  fc.constantFrom({ number: '1.5' }, { number: '-0.25' }),
)
const value = fc.letrec<{ value: PlainValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small', withCrossShrink: true },
    { arbitrary: scalar, weight: 3 },
    { arbitrary: fc.array(tie('value'), { maxLength: 3 }), weight: 1 },
    {
      arbitrary: fc
        .uniqueArray(fc.tuple(fc.oneof(nastyString, fc.constantFrom('k', 'l')), tie('value')), {
          maxLength: 3,
          selector: ([key]) => key,
        })
        .map((entries) => new Map(entries)),
      weight: 1,
    },
  ),
})).value

describe('laws', () => {
  const options = { numRuns: 500 }

  test('one value is replaced, and nothing else', () => {
    fc.assert(
      fc.property(yamlText, fc.nat(), value, (text, choice, replacement) => {
        const source = scanYaml(text)
        const spot = choose(source, choice)
        fc.pre(spot !== undefined)
        replace(source, spot, replacement)
      }),
      options,
    )
  })

  test('one value is added, and removing it gives the text back', () => {
    fc.assert(
      fc.property(yamlText, fc.nat(), fc.oneof(nastyString, fc.constant('new')), value, (text, choice, name, added) => {
        const source = scanYaml(text)
        const spot = choose(source, choice, ({ kind }) => kind === 'map' || kind === 'list')
        fc.pre(spot !== undefined)
        add(source, spot, name, added)
      }),
      options,
    )
  })

  test('one value is removed, and nothing else', () => {
    fc.assert(
      fc.property(yamlText, fc.nat(), (text, choice) => {
        const source = scanYaml(text)
        const spot = choose(source, choice)
        fc.pre(spot !== undefined && spot.path.length > 0)
        remove(source, spot)
      }),
      options,
    )
  })
})

describe.skipIf(!hasSharedData)('files of others, where the corpora are at hand', () => {
  test('take every kind of change anywhere', () => {
    const files = [
      ...yamlFiles(sharedData('corpora/kubernetes-examples')),
      ...yamlFiles(sharedData('corpora/yaml-test-suite')),
    ]
    expect(files.length).toBeGreaterThan(300)
    const done = files.flatMap((file) => changeSome(readFileSync(file, 'utf8')))
    expect(done.length).toBeGreaterThan(1000)
    expect(done.filter((isDone) => isDone).length / done.length).toBeGreaterThan(0.97)
  })
})

const VALUES: readonly PlainValue[] = [
  'new',
  '5',
  'two\nlines\n',
  { number: '5' },
  ['x', new Map([['k', 'v']])],
  new Map([['k', 'v']]),
]

/** Which changes were made; those that were not are refused. */
function changeSome(text: string): boolean[] {
  let source: Scanned
  try {
    source = scanYaml(text)
  } catch {
    return []
  }
  const spots = spotsOf(source)
  // A few of each text, other ones in each.
  const step = Math.max(1, Math.floor(spots.length / 4))
  return spots.flatMap((spot, i) => {
    if (i % step !== text.length % step) return []
    const another = VALUES[(i + text.length) % VALUES.length] as PlainValue
    const done = [replace(source, spot, another)]
    if (spot.path.length > 0) done.push(remove(source, spot))
    if (spot.node.kind === 'map' || spot.node.kind === 'list') done.push(add(source, spot, 'a new key', another))
    return done
  })
}

/** These say whether the change was made; it may only be refused with a code. */
function replace(source: Scanned, spot: Spot, replacement: PlainValue): boolean {
  const changed = attempt(source, (text) => setYaml(text, spot.path, replacement))
  if (changed === undefined) return false
  expectChange(source.text, changed, spot, { path: spot.path, value: replacement })
  expectUntouched(source.text, changed, spot)
  return true
}

function add(source: Scanned, spot: Spot, name: string, added: PlainValue): boolean {
  const step = spot.node.kind === 'list' ? contentsOf(spot.node).length : name
  if (contentsOf(spot.node).some(([key]) => key === step)) return false
  // Then it is no new key.
  const others = source.documents.slice(1)
  if (spot.path.length === 0 && others.some(({ root }) => root && contentsOf(root).some(([key]) => key === step)))
    return false
  const path = [...spot.path, step]
  const changed = attempt(source, (text) => setYaml(text, path, added))
  if (changed === undefined) return false
  // A new key at the top goes to the first document, whichever was chosen.
  const document = path.length === 1 ? 0 : spot.document
  expectChange(source.text, changed, { document }, { path, value: added })
  const isBlock = spot.node.kind !== 'leaf' && !(spot.node as MapNode).flow
  if (isBlock && source.text.endsWith('\n')) expectInserted(source.text, changed)
  const removed = attempt(scanYaml(changed), (text) => unsetYaml(text, path))
  if (restores(source.text, spot)) expect(removed).toBe(source.text)
  return true
}

function remove(source: Scanned, spot: Spot): boolean {
  const changed = attempt(source, (text) => unsetYaml(text, spot.path), UNSUPPORTED)
  if (changed === undefined) return false
  expectChange(source.text, changed, spot, { path: spot.path, value: undefined })
  // A comma may stand on a line of its own.
  if (!/^\s*,/m.test(source.text)) expectUntouched(source.text, changed, spot)
  return true
}

function attempt(source: Scanned, edits: (source: Scanned) => Edit[], refusals = REFUSALS): string | undefined {
  try {
    return splice(source.text, edits(source))
  } catch (error) {
    if (!(error instanceof KmsfileError)) throw error
    expect(source.text.includes('\t') ? UNSUPPORTED : refusals, source.text).toContain(error.code)
    return undefined
  }
}

function expectChange(
  text: string,
  changed: string,
  { document }: Pick<Spot, 'document'>,
  { path, value: to }: { path: Path; value: PlainValue | undefined },
): void {
  const expected = (shapes: readonly (Shape | undefined)[], scalarOf: (value: PlainValue) => Shape) =>
    shapes.map((shape, i) =>
      i === document ? putShape(shape, path, to === undefined ? to : shapeOfPlain(to, scalarOf)) : shape,
    )
  const place = JSON.stringify({ text, changed, path })
  expect(shapesOf(scanYaml(changed)), place).toEqual(expected(shapesOf(scanYaml(text)), plainScalarShape))
  // Without a final line break the two disagree on what a block scalar before it is; and the oracle checks sets and tabs.
  if (!text.endsWith('\n') || /^\t|!!(?:set|omap|pairs)/m.test(text)) return
  for (const version of ['1.1', '1.2'] as const) {
    const before = oracleShapes(text, version)
    if (before === undefined) continue
    expect(oracleShapes(changed, version), place).toEqual(expected(before, oracleScalarShape))
  }
}

function expectUntouched(text: string, changed: string, { from, to }: Spot): void {
  // The null of a key without a colon stands behind the white space that follows.
  expect(changed.startsWith(text.slice(0, from).trimEnd()), JSON.stringify({ text, changed, from })).toBe(true)
  // Blank lines may go with what stood in front of them.
  const rest = text.slice(to).trimStart()
  expect(changed.endsWith(rest), JSON.stringify({ text, changed, rest })).toBe(true)
}

function expectInserted(text: string, changed: string): void {
  let same = 0
  while (same < text.length && text.charAt(same) === changed.charAt(same)) same++
  expect(changed.endsWith(text.slice(same)), JSON.stringify({ text, changed })).toBe(true)
}

/** Whether what was added to a map or list leaves no trace once it is gone. */
function restores(text: string, { node }: Spot): boolean {
  const isOpen = !text.endsWith('\n')
  const isSpaced = contentsOf(node).length === 0 && node.end - node.start > 2
  const isPair = node.kind === 'map' && node.flow && text.charAt(node.start) !== '{'
  // An indented comment behind it may become one of the new entry's.
  const isFollowed = /^[^\n]*\n\s*[ \t]#/.test(text.slice(node.end))
  return !(isOpen || isSpaced || isPair || isFollowed)
}

function choose(source: Scanned, choice: number, suits: (node: Node) => boolean = () => true): Spot | undefined {
  const spots = spotsOf(source).filter(({ node }) => suits(node))
  return spots[choice % spots.length]
}

/** Every node that a path leads to. */
function spotsOf({ text, documents }: Scanned): Spot[] {
  const firstKeys = new Set<string | number>()
  return documents
    .flatMap(({ root, start }, document) => {
      if (root === undefined) return []
      const whole: Spot = { document, path: [], node: root, from: Math.min(start, root.start), to: text.length }
      const spots = document === 0 ? [whole] : []
      for (const [key, node, from] of contentsOf(root)) {
        const isFirst = !firstKeys.has(key)
        if (isFirst) spots.push(...below(document, [key], node, from ?? start))
      }
      for (const [key] of contentsOf(root)) firstKeys.add(key)
      return spots
    })
    .filter(({ path, document }) => {
      const elsewhere = documents.filter(
        ({ root }, i) => i > 0 && root !== undefined && contentsOf(root).some(([key]) => key === path[0]),
      )
      const isList = typeof path[0] === 'number' && documents[0]?.root?.kind === 'list'
      return document === 0 || (elsewhere.length === 1 && !isList)
    })

  function below(document: number, path: Path, node: Node, from: number): Spot[] {
    const here: Spot = { document, path, node, from, to: extentOf(node) }
    return [
      here,
      ...contentsOf(node).flatMap(([key, value, start]) => below(document, [...path, key], value, start ?? from)),
    ]
  }

  /** The end of the line on which a node ends, comments that are part of it included. */
  function extentOf(node: Node): number {
    let end = node.end
    if (node.kind === 'map' || node.kind === 'list') {
      for (const item of node.items) {
        end = Math.max(
          end,
          item.kind === 'entry' ? extentOf(item.value) : item.kind === 'comment' ? item.end : extentOf(item),
        )
      }
    }
    const next = text.indexOf('\n', end)
    return next === -1 ? text.length : next
  }
}

/** Key and value of each entry or item, with the end of the one before. */
function contentsOf(node: Node): [key: string | number, value: Node, from: number | undefined][] {
  if (node.kind !== 'map' && node.kind !== 'list') return []
  let before: Node | undefined
  let index = 0
  return (node.items as readonly (Node | { kind: 'entry'; key: string; value: Node } | { kind: 'comment' })[]).flatMap(
    (item) => {
      if (item.kind === 'comment') return []
      const own = item.kind === 'entry' ? item.value : (item as Node)
      const from = before?.end
      before = own
      return [[item.kind === 'entry' ? item.key : index++, own, from] as [string | number, Node, number | undefined]]
    },
  )
}

function yamlFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => `${folder}/${name}`)
}
