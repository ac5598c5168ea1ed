import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { entriesOf, hasDoubles, itemsOf } from '../../src/core/merge-identity.ts'
import type { ThreeWay } from '../../src/core/merge-sequences.ts'
import type { Node } from '../../src/core/tree.ts'
import { KmsfileError } from '../../src/errors.ts'
import type { Format } from '../../src/formats/format.ts'
import { json } from '../../src/formats/json.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { type MergedText, mergeTexts } from '../../src/operations/merge-text.ts'
import { scratch } from '../host/scratch.ts'
import { gitMerge } from './git-merge-file.ts'
import {
  changedShapes,
  commentsOf,
  type Layout,
  printShapes,
  printShapesJson,
  shapeChanges,
  shapeFile,
} from './merge-shapes.ts'

/** More of them, for a longer look. */
const RUNS = Number(process.env['KMSFILE_LAW_RUNS'] ?? 300)

/** Two people change one file, each something, anywhere, at the same places too. */
const edits = fc
  .record({ base: shapeFile, ours: shapeChanges, theirs: shapeChanges })
  .map(({ base, ours, theirs }) => ({
    base,
    ours: changedShapes(base, ours, 'o'),
    theirs: changedShapes(base, theirs, 't'),
  }))

const WIDE: Layout = { step: '    ', flush: true }

describe.each([
  ['yaml', yaml, printShapes],
  ['json', json, printShapesJson],
] as const)('in %s', (_name, format, print) => {
  test('a merge is what git makes of the plaintexts, wherever git finds no conflict and its text says what both sides want', async () => {
    const folder = scratch()
    let clean = 0
    const law = fc.asyncProperty(edits, async (files) => {
      const texts = mapThree(files, (file) => print(file))
      const git = gitMerge(folder, texts)
      const wanted = git === undefined ? undefined : leavesOf(format, git)
      if (git === undefined || wanted === undefined) return
      const { disputed, united, decided } = judge(format, texts)
      if (disputed.length > 0) return
      const places = [...decided.keys(), ...wanted.keys()].filter(
        (place) => ![...united].some((each) => isBelow(place, each)),
      )
      if (places.some((place) => wanted.get(place) !== decided.get(place))) return
      clean++
      const merged = await merge(format, texts)
      if (merged === undefined) return
      // In a list that both sides changed, items without names cannot always be told apart.
      if (merged.conflicts.length > 0) {
        for (const { path, document } of merged.conflicts)
          expect([...united]).toContain(nearest(united, document, path))
      } else if (merged.text !== git) expect([texts, merged.text]).toEqual([texts, git])
    })
    await fc.assert(law, { numRuns: RUNS })
    expect(clean).toBeGreaterThan(RUNS / 5)
  })

  test.each<[string, Layout | undefined]>([
    ['as both sides lay it out', undefined],
    ['though one side laid it out anew', WIDE],
  ])(
    'a merge has of every value what the side says that changed it, and every comment that a side added, %s',
    async (_name, layout) => {
      const law = fc.asyncProperty(edits, async (files) => {
        const texts = {
          ...mapThree(files, (file) => print(file)),
          ...(layout && { ours: print(files.ours, layout) }),
        }
        const merged = await merge(format, texts)
        if (merged === undefined) return
        const { disputed, united, decided, decidedExpanded } = judge(format, texts)
        const inConflict = (place: string) =>
          merged.conflicts.some(({ document, path }) => isBelow(place, placeOf(document, path)))
        for (const place of disputed) expect([place, inConflict(place) || united.has(place)]).toEqual([place, true])
        const found = leavesOf(format, merged.text)
        const expanded = leavesOf(format, merged.text, true)
        for (const place of new Set([...decided.keys(), ...(found?.keys() ?? [])])) {
          // What both sides emptied.
          if (found?.get(place) === '{}' && !decided.has(place)) continue
          if (inConflict(place) || [...united, ...disputed].some((each) => isBelow(place, each))) continue
          // An alias on one side, and what it refers to on the other.
          if (expanded?.get(place) === decidedExpanded.get(place)) continue
          expect([place, found?.get(place)]).toEqual([place, decided.get(place)])
        }
        if (merged.conflicts.length > 0 || format.name === 'json') return
        const [base, ours, theirs] = [files.base, files.ours, files.theirs].map(commentsOf) as [
          string[],
          string[],
          string[],
        ]
        const there = merged.text.match(/# [ot]\d+/g)?.map((text) => text.slice(2)) ?? []
        for (const comment of [...ours, ...theirs]) {
          if (!base.includes(comment) && /^[ot]/.test(comment)) expect(there).toContain(comment)
        }
      })
      await fc.assert(law, { numRuns: RUNS })
    },
  )

  test('a merge says the same whichever side it is seen from, but for what is in conflict', async () => {
    const law = fc.asyncProperty(edits, async (files) => {
      const { base, ours, theirs } = mapThree(files, (file) => print(file))
      const one = await merge(format, { base, ours, theirs })
      const other = await merge(format, { base, ours: theirs, theirs: ours })
      if (one === undefined || other === undefined) return
      const paths = (merged: MergedText) => merged.conflicts.map(({ document, path }) => placeOf(document, path)).sort()
      expect(new Set(paths(one).map(withoutIndex))).toEqual(new Set(paths(other).map(withoutIndex)))
      if (one.conflicts.length > 0) return
      const { united } = judge(format, { base, ours, theirs })
      const values = (merged: MergedText) =>
        [...(leavesOf(format, merged.text, true) ?? [])].filter(([place]) => !united.has(place)).sort()
      expect(values(one)).toEqual(values(other))
    })
    await fc.assert(law, { numRuns: RUNS })
  })
})

/** Undefined where an alias of one side lost its anchor to the other: no text can say that. */
async function merge(format: Format, texts: ThreeWay<string>): Promise<MergedText | undefined> {
  try {
    return await mergeTexts(format, texts)
  } catch (error) {
    if (error instanceof KmsfileError && error.code === 'FORMAT_UNSUPPORTED' && texts.base.includes('&a'))
      return undefined
    throw error
  }
}

/** What is to become of every value; lists are one value each, and so is what is a map on one side alone. */
function judge(format: Format, texts: ThreeWay<string>) {
  const roots = mapThree(texts, (text) => rootsOf(format, text))
  const decided = new Map<string, string>()
  const decidedExpanded = new Map<string, string>()
  const disputed: string[] = []
  const united = new Set<string>()
  const decide = (node: Node | undefined, place: string): void => {
    if (node === undefined) return
    for (const [below, value] of leavesIn(node, place)) decided.set(below, value)
    for (const [below, value] of leavesIn(node, place, true)) decidedExpanded.set(below, value)
  }
  const visit = ({ base, ours, theirs }: ThreeWay<Node | undefined>, place: string): void => {
    if (isSame(ours, theirs) || isSame(base, theirs)) decide(ours, place)
    else if (isSame(base, ours)) decide(theirs, place)
    else if (ours?.kind === 'map' && theirs?.kind === 'map') {
      const maps = mapThree({ base, ours, theirs }, (node) =>
        node?.kind === 'map' ? new Map(entriesOf(node).map(({ key, value }) => [key, value])) : new Map<string, Node>(),
      )
      for (const key of new Set([...maps.base.keys(), ...maps.ours.keys(), ...maps.theirs.keys()])) {
        visit(
          mapThree(maps, (map) => map.get(key)),
          `${place}.${key}`,
        )
      }
    } else if (ours?.kind === 'list' && theirs?.kind === 'list') united.add(place)
    else disputed.push(place)
  }
  for (let i = 0; i < Math.max(roots.ours.length, roots.theirs.length); i++)
    visit(
      mapThree(roots, (each) => each[i]),
      `${i}`,
    )
  return { decided, decidedExpanded, disputed, united }
}

function isSame(a: Node | undefined, b: Node | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  // The order of keys counts for nothing; an alias says the same as what it refers to.
  const expanded = (a.kind === 'alias') !== (b.kind === 'alias')
  const [own, other] = [a, b].map((node) => JSON.stringify([...leavesIn(node, '', expanded)].sort()))
  return own === other
}

function placeOf(document: number, path: readonly (string | number)[]): string {
  return [document, ...path].join('.')
}

function withoutIndex(place: string): string {
  return place.replace(/(?<=\..*)\.\d+(?=\.|$)/g, '')
}

function isBelow(place: string, above: string): boolean {
  return place === above || place.startsWith(`${above}.`)
}

function nearest(
  places: ReadonlySet<string>,
  document: number,
  path: readonly (string | number)[],
): string | undefined {
  const place = placeOf(document, path)
  return [...places].find((each) => isBelow(place, each) || isBelow(each, place))
}

/** Every value by its place; undefined for a text that cannot be read. `expanded`: aliases are what they refer to. */
function leavesOf(format: Format, text: string, expanded = false): ReadonlyMap<string, string> | undefined {
  try {
    return new Map(
      rootsOf(format, text).flatMap((root, i) => (root === undefined ? [] : [...leavesIn(root, `${i}`, expanded)])),
    )
  } catch (error) {
    if (error instanceof KmsfileError) return undefined
    throw error
  }
}

function rootsOf(format: Format, text: string): readonly (Node | undefined)[] {
  return format.scan(text).documents.map(({ root }) => root)
}

function leavesIn(node: Node, place: string, expanded = false): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const visit = (each: Node, at: string): void => {
    // Which of two counts is for every reader to say.
    if (each.kind === 'map' && hasDoubles(each)) found.set(`${at}: doubles`, '')
    if (each.kind === 'map' && (each.items.length > 0 || at === place)) {
      for (const { key, value } of entriesOf(each)) visit(value, `${at}.${key}`)
    } else found.set(at, JSON.stringify(plain(each, expanded)))
  }
  visit(node, place)
  return found
}

function plain(node: Node, expanded: boolean): unknown {
  if (node.kind === 'leaf') return `${node.type} ${node.text}`
  if (node.kind === 'list') return itemsOf(node).map((item) => plain(item, expanded))
  if (node.kind === 'alias') return expanded ? plain(node.target, true) : `*${node.name}`
  return Object.fromEntries(entriesOf(node).map(({ key, value }) => [key, plain(value, expanded)]))
}

function mapThree<T, R>({ base, ours, theirs }: ThreeWay<T>, of: (each: T) => R): ThreeWay<R> {
  return { base: of(base), ours: of(ours), theirs: of(theirs) }
}
