import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { entriesOf, itemsOf } from '../../src/core/merge-identity.ts'
import { mergeLines } from '../../src/core/merge-lines.ts'
import type { ThreeWay } from '../../src/core/merge-sequences.ts'
import type { Node } from '../../src/core/tree.ts'
import { KmsfileError } from '../../src/errors.ts'
import type { Format } from '../../src/formats/format.ts'
import { json } from '../../src/formats/json.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { mergeVersions } from '../../src/operations/merge.ts'
import { mergeTexts } from '../../src/operations/merge-text.ts'
import { plaintextOf } from '../../src/operations/read-secrets.ts'
import { openSource, rewrite, type SourceFile } from '../../src/operations/secrets-file.ts'
import type { Workspace } from '../../src/operations/workspace.ts'
import { scratch } from '../host/scratch.ts'
import { allEnvelopes, noncesOf, team } from '../operations/team.ts'
import { gitMerge } from './git-merge-file.ts'
import { changed, changes, document, type Entry, leaves, printJson, printYaml } from './merge-documents.ts'
import { changedShapes, printShapes, shapeChanges, shapeFile } from './merge-shapes.ts'

/** More of them, for a longer look. */
const RUNS = Number(process.env['KMSFILE_LAW_RUNS'] ?? 300)

/** Two people change one document, each something. */
const edits = fc
  .record({ base: document, ours: changes, theirs: changes })
  .map(({ base, ours, theirs }) => ({ base, ours: changed(base, ours, 'o'), theirs: changed(base, theirs, 't') }))

describe.each([
  ['yaml', yaml, printYaml],
  ['json', json, printJson],
] as const)('in %s', (_name, format, print) => {
  test('a merge is what git makes of the plaintexts, wherever git finds no conflict and no value was changed by both', async () => {
    const folder = scratch()
    let clean = 0
    const law = fc.asyncProperty(edits, async (documents) => {
      const texts = mapThree(documents, (entries) => print(entries))
      const git = gitMerge(folder, texts)
      if (git === undefined || disputed(documents).length > 0) return
      clean++
      expect(await mergeTexts(format, texts)).toMatchObject({ text: git, conflicts: [] })
    })
    await fc.assert(law, { numRuns: RUNS })
    expect(clean).toBeGreaterThan(RUNS / 5)
  })

  test('a merge has of every value what the side says that changed it, and names those that both changed', async () => {
    const law = fc.asyncProperty(edits, async (documents) => {
      const { text, conflicts } = await mergeTexts(
        format,
        mapThree(documents, (entries) => print(entries)),
      )
      const wanted = new Map(oracle(documents))
      // Below a map that one side removed, what the other changed is a conflict of the map.
      const inConflict = (place: string) =>
        conflicts.some(({ path }) => place === path.join('.') || place.startsWith(`${path.join('.')}.`))
      for (const place of disputed(documents)) expect(inConflict(place)).toBe(true)
      const found = leavesOf(format, text)
      const united = unitedLists(documents)
      for (const place of new Set([...wanted.keys(), ...found.keys()])) {
        if (!inConflict(place) && !united.has(place))
          expect([place, found.get(place)]).toEqual([place, wanted.get(place)])
      }
    })
    await fc.assert(law, { numRuns: RUNS })
  })

  test('a merge says the same whichever side it is seen from, but for what is in conflict', async () => {
    const law = fc.asyncProperty(edits, async (documents) => {
      const { base, ours, theirs } = mapThree(documents, (entries) => print(entries))
      const [one, other] = [
        await mergeTexts(format, { base, ours, theirs }),
        await mergeTexts(format, { base, ours: theirs, theirs: ours }),
      ]
      const paths = (merged: typeof one) => merged.conflicts.map(({ path }) => path.join('.')).sort()
      expect(paths(one)).toEqual(paths(other))
      if (one.conflicts.length === 0) {
        const united = unitedLists(documents)
        const values = (merged: typeof one) =>
          [...leavesOf(format, merged.text)].filter(([place]) => !united.has(place)).sort()
        expect(values(one)).toEqual(values(other))
      }
    })
    await fc.assert(law, { numRuns: RUNS })
  })

  test('where one side changed nothing, or both the same, the text of the other is kept to the byte', async () => {
    const law = fc.asyncProperty(document, changes, async (entries, list) => {
      const [base, other] = [print(entries), print(changed(entries, list, 'o'))]
      for (const texts of [
        { base, ours: base, theirs: other },
        { base, ours: other, theirs: base },
        { base, ours: other, theirs: other },
      ]) {
        expect(await mergeTexts(format, texts)).toMatchObject({ text: other, conflicts: [] })
      }
    })
    await fc.assert(law, { numRuns: 100 })
  })
})

test('a merge by lines is that of git, also of texts that repeat themselves', () => {
  const folder = scratch()
  const lines = fc.array(fc.nat(2), { maxLength: 20 })
  const cut = fc.record({ at: fc.nat(100), remove: fc.nat(2), insert: fc.array(fc.nat(2), { maxLength: 2 }) })
  const law = fc.property(
    lines,
    fc.array(cut, { maxLength: 4 }),
    fc.array(cut, { maxLength: 4 }),
    (base, own, other) => {
      const edited = (list: typeof own) =>
        list.reduce<readonly number[]>(
          (text, { at, remove, insert }) => text.toSpliced(at % (text.length + 1), remove, ...insert),
          base,
        )
      const texts = mapThree({ base, ours: edited(own), theirs: edited(other) }, (list) =>
        list.map((n) => `${n}\n`).join(''),
      )
      expect(mergeLines(texts)?.text).toBe(gitMerge(folder, texts))
    },
  )
  fc.assert(law, { numRuns: Math.max(800, RUNS) })
})

/** The same of files of all shapes, with comments, anchors, several documents and both kinds of line breaks. */
const shapes = fc
  .record({ base: shapeFile, ours: shapeChanges, theirs: shapeChanges })
  .map(({ base, ours, theirs }) => ({
    base,
    ours: changedShapes(base, ours, 'o'),
    theirs: changedShapes(base, theirs, 't'),
  }))
  .map((files) => mapThree(files, (file) => printShapes(file)))

test.each([
  ['plain files', edits.map((documents) => mapThree(documents, printYaml))],
  ['files of all shapes', shapes],
])(
  'an encrypted merge of %s decrypts to the merge of the plaintexts; no envelope is new without need, no nonce is used twice',
  async (_name, versions) => {
    const people = team()
    people.rule('keys: [ana, ben]')
    await people.protect('a: 1\n')
    const workspace = people.as()
    const law = fc.asyncProperty(versions, async (plain) => {
      const merged = await mergeTexts(yaml, plain).catch(unlessUnsupported)
      // An alias of one side lost its anchor to the other.
      if (merged === undefined) return
      const texts = await encryptAll(workspace, await people.source(), plain)
      const labels = { base: 'base', ours: 'ours', theirs: 'theirs' }
      const file = await people.source()
      const result = await mergeVersions(workspace, { file, texts, labels })
      const before = Object.values(texts).join()
      const envelopes = [...new Set(allEnvelopes([before, result.text].join()))]
      expect(new Set(noncesOf(envelopes.join('\n'))).size).toBe(envelopes.length)
      if (merged.conflicts.length > 0) {
        expect(result.outcome).toBe('conflicts')
        return
      }
      const opened = await openSource(workspace, { ...file, text: result.text })
      expect(opened.file.integrity).toBe('sealed')
      expect(await plaintextOf(opened.file)).toEqual({ text: merged.text, exact: true })
      // Whatever has a place and a value that a side has, has its bytes.
      const sides = [texts.ours, texts.theirs].map(
        async (text) => (await openSource(workspace, { ...file, text })).file.values,
      )
      const known = new Set(
        (await Promise.all(sides)).flat().map((value) => `${value.associatedData} ${value.type} ${value.text}`),
      )
      for (const { associatedData, type, text, envelope } of opened.file.values) {
        if (known.has(`${associatedData} ${type} ${text}`)) expect(before).toContain(envelope)
      }
    })
    await fc.assert(law, { numRuns: Math.ceil(RUNS / 5) })
  },
)

function unlessUnsupported(error: unknown): undefined {
  if (!(error instanceof KmsfileError) || error.code !== 'FORMAT_UNSUPPORTED') throw error
}

async function encryptAll(
  workspace: Workspace,
  source: SourceFile,
  plain: ThreeWay<string>,
): Promise<ThreeWay<string>> {
  const from = async (text: string, plaintext: string) =>
    (await rewrite(workspace, await openSource(workspace, { ...source, text }), plaintext)).text
  const base = await from(source.text, plain.base)
  return { base, ours: await from(base, plain.ours), theirs: await from(base, plain.theirs) }
}

/** Values that both sides changed, and not alike; lists apart, which are merged by their items. */
function disputed({ base, ours, theirs }: ThreeWay<readonly Entry[]>): readonly string[] {
  const [before, own, other] = [leaves(base), leaves(ours), leaves(theirs)]
  return [...new Set([...own.keys(), ...other.keys(), ...before.keys()])].filter((place) => {
    const [b, o, t] = [before.get(place), own.get(place), other.get(place)]
    return o !== t && b !== o && b !== t && ![b, o, t].every((text) => text?.startsWith('['))
  })
}

/** Lists that both sides changed. */
function unitedLists({ base, ours, theirs }: ThreeWay<readonly Entry[]>): ReadonlySet<string> {
  const [before, own, other] = [leaves(base), leaves(ours), leaves(theirs)]
  const places = [...own.keys()].filter((place) => own.get(place)?.startsWith('['))
  return new Set(
    places.filter((place) => own.get(place) !== before.get(place) && other.get(place) !== before.get(place)),
  )
}

/** What every value is to be, where one side changed it or both alike. */
function* oracle({ base, ours, theirs }: ThreeWay<readonly Entry[]>): Generator<[string, string]> {
  const [before, own, other] = [leaves(base), leaves(ours), leaves(theirs)]
  for (const place of new Set([...own.keys(), ...other.keys()])) {
    const [b, o, t] = [before.get(place), own.get(place), other.get(place)]
    const value = o === t || b === t ? o : t
    if (value !== undefined) yield [place, value]
  }
}

/** Every value of a text by its path, lists as one, those that both sides changed left out. */
function leavesOf(format: Format, text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const visit = (node: Node, path: string): void => {
    if (node.kind === 'map') {
      for (const { key, value } of entriesOf(node)) visit(value, path === '' ? key : `${path}.${key}`)
    } else found.set(path, JSON.stringify(plain(node)))
  }
  for (const { root } of format.scan(text).documents) if (root !== undefined) visit(root, '')
  return found
}

function plain(node: Node): unknown {
  if (node.kind === 'leaf') return node.text.replace(/\n$/, '')
  if (node.kind === 'list') return itemsOf(node).map(plain)
  if (node.kind === 'map') return Object.fromEntries(entriesOf(node).map(({ key, value }) => [key, plain(value)]))
  return undefined
}

function mapThree<T, R>({ base, ours, theirs }: ThreeWay<T>, of: (each: T) => R): ThreeWay<R> {
  return { base: of(base), ours: of(ours), theirs: of(theirs) }
}
