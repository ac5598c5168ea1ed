import fc from 'fast-check'
import { loadAll, YAML11_SCHEMA } from 'js-yaml'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { KmsfileError } from '../../src/errors.ts'
import type { Edit } from '../../src/formats/format.ts'
import { splice } from '../../src/formats/splice.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { plaintextOf } from '../../src/operations/read-secrets.ts'
import { document, entry, list, map, nastyString, nastyTree, str } from '../formats/yaml-tree.ts'
import { open, protect } from '../operations/secrets.ts'
import { respellings } from './respelling.ts'

/** What readers of both versions of YAML find; undefined where one finds an error. */
const READERS: readonly ((text: string) => unknown)[] = [
  (text) => documentsOf(text, '1.1'),
  (text) => documentsOf(text, '1.2'),
  (text) => loadAll(text.replace(/^\ufeff/, ''), { schema: YAML11_SCHEMA }),
]

function documentsOf(text: string, version: '1.1' | '1.2'): unknown {
  return parseAllDocuments(text, { version, logLevel: 'silent', uniqueKeys: false }).map((each) => {
    if (each.errors.length > 0) throw each.errors[0]
    return each.toJS({ mapAsMap: true, maxAliasCount: -1 })
  })
}

function read(text: string): readonly unknown[] {
  return READERS.map((reader) => {
    try {
      return reader(text)
    } catch {
      return undefined
    }
  })
}

const tree = fc
  .tuple(nastyString, nastyString, nastyTree, nastyTree, nastyString)
  .map(([key, text, secret, readable, other]) =>
    document(
      map(
        entry('a', secret),
        entry('b_unencrypted', list(str(text), readable)),
        ...(key === 'a' || key === 'c' || key === 'b_unencrypted' || key === 'sops' ? [] : [entry(key, str(other))]),
        entry('c', map(entry('x_unencrypted', str(other)), entry('y', str(text)))),
      ),
    ),
  )

/** Up to three edits that do not touch each other. */
const choice = fc.array(fc.nat(), { minLength: 1, maxLength: 3 })

function choose(edits: readonly Edit[], numbers: readonly number[]): readonly Edit[] {
  const chosen: Edit[] = []
  for (const number of numbers) {
    const edit = edits[number % edits.length]
    if (edit === undefined || chosen.some(({ start, end }) => edit.start <= end && edit.end >= start)) continue
    chosen.push(edit)
  }
  return chosen
}

test('whatever is spelled otherwise in a sealed file, what is printed says the same to every reader', async () => {
  const outcomes = { refused: 0, exact: 0, printed: 0 }
  await fc.assert(
    fc.asyncProperty(tree, fc.array(choice, { minLength: 20, maxLength: 20 }), async (made, choices) => {
      const plain = yaml.emit([made])
      const { text, whole } = await protect(plain)
      if (whole !== undefined) return
      const edits = respellings(text)
      const original = read(plain)
      for (const numbers of choices) {
        const chosen = choose(edits, numbers)
        const printed = await print(splice(text, chosen))
        if (printed === undefined) {
          outcomes.refused++
          continue
        }
        outcomes[printed.exact ? 'exact' : 'printed']++
        const found = read(printed.text)
        original.forEach((value, i) => {
          // Some readers refuse a tab before a comment; none takes it for more.
          const isRefusedTab = found[i] === undefined && chosen.some((edit) => edit.text.includes('\t'))
          if (value !== undefined && !isRefusedTab) expect([chosen, found[i]]).toEqual([chosen, value])
        })
      }
    }),
    { numRuns: 100 },
  )
  for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(100)
})

/** Undefined where the text is refused. */
async function print(text: string) {
  try {
    return await plaintextOf(await open(text))
  } catch (error) {
    if (error instanceof KmsfileError) return undefined
    throw error
  }
}
