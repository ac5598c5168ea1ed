import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { loadAll } from 'js-yaml'
import { describe, expect, inject, test } from 'vitest'
import { yaml } from '../../src/formats/yaml.ts'
import { plaintextOf } from '../../src/operations/read-secrets.ts'
import { mapConcurrently } from '../../src/operations/workspace.ts'
import type { WriteOptions } from '../../src/operations/write-secrets.ts'
import { hasPython } from './aws-servers.ts'
import { ana, openOrRefuse, sealForAna } from './people.ts'
import { runProgram } from './program.ts'
import { seeded } from './random.ts'
import { type Desk, hasSops, newDesk, PROCESSES } from './sops.ts'
import { edited, respelled } from './spellings.ts'
import { readValues, spelledValues } from './yaml-values.ts'

const HARD = `# every reader takes these alike as they stand
answer: "no"
clock: "1:30"
"1": a key that looks like a number
"yes": a key that looks like a word
octal: 15
ratio: 1.5
flag: true
nothing: null
empty: ""
none: {}
nobody: []
day: "2001-12-14"
bin: "0b1"
literal: |
  line 1
    line 2
folded: >-
  over
  two lines
list: ["on", "~", 'null', plain, 3]
nested:
  - a: {b: "x y", c: 3}
    "on": deep
  - last
answer_unencrypted: "no"
clock_unencrypted: "1:30"
octal_unencrypted: 15
flag_unencrypted: false
nothing_unencrypted: null
list_unencrypted: ["y", 017x, "017"]
map_unencrypted: {"1": a, "off": b}
plain_unencrypted: just text
`

/** What is sealed, with how much of it left readable. */
const SEALED: readonly (readonly [name: string, options: Partial<WriteOptions>])[] = [
  ['nearly all encrypted', {}],
  ['nearly all readable', { selector: { kind: 'encrypted-regex', text: '^(nested|empty)$' } }],
]

const EDITS = 1500
/** Texts that are given to sops, which is a process each. */
const MOST_FOR_SOPS = 100

// Law 2 of the seal. Of a manipulated file either nothing is printed, or what every reader takes for the original.
describe.skipIf(!hasSops || !hasPython).each(SEALED)(
  'whoever spells a sealed file anew changes nothing: %s',
  (_name, options) => {
    test('with quotes, tags, anchors, markers, directives, other numbers', async ({ task }) => {
      const { text } = await sealForAna(yaml, HARD, options)
      task.meta.counts = await tryAll(respelled(text))
    })

    test('with small edits anywhere', async ({ task }) => {
      const { text } = await sealForAna(yaml, HARD, options)
      const choices = seeded(7)
      task.meta.counts = await tryAll(Array.from({ length: EDITS }, () => edited(text, choices)))
    })
  },
)

/** Opens every text, and compares what is printed. */
async function tryAll(texts: Iterable<string>): Promise<Record<string, number>> {
  const counts = { texts: 0, refused: 0, 'printed as it was': 0, 'printed anew': 0 }
  const printedFrom = new Map<string, string>()
  for (const text of texts) {
    counts.texts++
    const file = await openOrRefuse(yaml, text)
    if (file === undefined) {
      counts.refused++
      continue
    }
    expect(file.integrity, text).toBe('sealed')
    const { text: printed, exact } = await plaintextOf(file)
    counts[exact ? 'printed as it was' : 'printed anew']++
    if (!printedFrom.has(printed)) printedFrom.set(printed, text)
  }
  expect(counts['printed as it was']).toBeGreaterThan(0)
  expect(await readOtherwise([HARD, ...printedFrom.keys()])).toEqual([])
  return { ...counts, 'different texts printed': printedFrom.size }
}

/** Of texts that should all say what the first says: those that some reader takes otherwise. */
async function readOtherwise(texts: readonly string[]): Promise<readonly string[]> {
  const desk = newDesk()
  const readers: Readonly<Record<string, readonly unknown[]>> = {
    'YAML 1.1 (PyYAML)': await readByPython(desk, texts),
    'YAML 1.2 (yaml)': texts.map(readValues),
    'YAML 1.2 (js-yaml)': texts.map((text) => loadAll(text)),
    'go-yaml (sops)': await mapConcurrently(
      texts.slice(0, MOST_FOR_SOPS),
      (text, i) => readBySops(desk, text, i),
      PROCESSES,
    ),
  }
  return Object.entries(readers).flatMap(([reader, [original, ...others]]) =>
    others.flatMap((said, i) => (isDeepStrictEqual(said, original) ? [] : [`${reader}:\n${texts[i + 1]}`])),
  )
}

async function readByPython(desk: Desk, texts: readonly string[]): Promise<readonly unknown[]> {
  const script = fileURLToPath(new URL('pyyaml-reader.py', import.meta.url))
  const python = inject('peers').python ?? 'python3'
  const { code, stdout, stderr } = await runProgram(python, [script], {
    cwd: desk.folder,
    input: JSON.stringify(texts),
  })
  expect(code, stderr).toBe(0)
  const [original, ...others]: readonly unknown[] = JSON.parse(stdout)
  // PyYAML refuses a tab at the end of a line. Whoever gets nothing is not deceived.
  return [original, ...others.map((said, i) => (isError(said) && /\t$/m.test(texts[i + 1] ?? '') ? original : said))]
}

function isError(said: unknown): boolean {
  return typeof said === 'object' && said !== null && 'error' in said
}

/** What go-yaml makes of a text: sops prints it anew, everything readable. */
async function readBySops(desk: Desk, text: string, index: number): Promise<unknown> {
  desk.write(`${index}.yaml`, text)
  const flags = ['--age', ana.recipient, '--encrypted-regex', '^no key$']
  const { code, stdout, stderr } = await desk.sops(['encrypt', ...flags, `${index}.yaml`])
  expect(code, `${stderr}\n${text}`).toBe(0)
  return spelledValues(stdout.slice(0, stdout.indexOf('\nsops:') + 1))
}
