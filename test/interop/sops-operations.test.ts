import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { detectFormat } from '../../src/formats/detect.ts'
import { ROOT_KEY, WHOLE_KEY } from '../../src/formats/format.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { type OpenedFile, plaintextOf } from '../../src/operations/read-secrets.ts'
import type { WriteOptions } from '../../src/operations/write-secrets.ts'
import { ana, ben, eve, identitiesOf, openSealed, sealForAna } from './people.ts'
import { seeded } from './random.ts'
import { hasSops, newDesk } from './sops.ts'
import { SOPS_STEPS, type Step } from './sops-steps.ts'
import { readValues } from './yaml-values.ts'

const DATABASE = `# for everybody
database:
  host: db.internal
  port: 5432
  ratio: 0.5
  password: "p@ss: word"   # rotate it in March
  enabled: true
  since: 2026-01-15
  nothing: ~
hosts:
  - a.example.com
  # the second
  - b.example.com
  - a.example.com
  - {name: c, weight: 3}
note_unencrypted: readable
version_unencrypted: 1.0
text: |
  first line
    second line
`
const ALIASES = `base: &base
  retries: 3
  user: &user app
web:
  <<: *base
  login: *user
list: [*user, x, {y: *base}]
`
const DOCUMENTS = `apiVersion: v1
kind: Secret
stringData: {user: app, password: hunter2}
---
# the second
apiVersion: v1
kind: ConfigMap
data:
  key: value
`
const JSON_TEXT = `{
  "database": {"password": "p\\u00e4ss", "port": 5432, "ratio": 1.50, "tags": ["a", null, true, {"b": ""}]},
  "empty": {}, "note_unencrypted": "readable <b>"
}
`

interface Start {
  readonly name: string
  readonly text: string
  readonly options?: Partial<WriteOptions>
  /** What kmsfile sets; nothing where sops may turn the root from a list into a map. */
  readonly own?: string
}

const FILES: readonly Start[] = [
  { name: 'values.yaml', text: DATABASE, own: 'ours' },
  { name: 'aliases.yaml', text: ALIASES, own: 'ours' },
  { name: 'documents.yaml', text: DOCUMENTS, own: 'ours' },
  { name: 'values.json', text: JSON_TEXT, own: 'ours' },
  {
    name: 'by-key.yaml',
    text: DATABASE,
    own: 'ours',
    options: { selector: { kind: 'encrypted-regex', text: '^(password|hosts|text|ours)$' } },
  },
  {
    name: 'only-encrypted.yaml',
    text: DATABASE,
    own: 'ours',
    options: { selector: { kind: 'encrypted-suffix', text: 'word' }, macOnlyEncrypted: true },
  },
  { name: 'list.yaml', text: '- a: 1\n  b: two\n- three\n- [4, 5]\n' },
  { name: 'whole.yaml', text: '? [a, b]\n: secret\nother: 1\n' },
]
const SEEDS = [1, 2, 3, 4]
const STEPS = 9

/** kmsfile takes the file back: confirms its recipients, sets a value, seals. */
function kmsfileStep(path: string | undefined): Step {
  return {
    name: 'kmsfile',
    writesMac: true,
    async run(desk, file, choices) {
      const confirmed = await desk.kmsfile(['updatekeys', '--yes', file])
      if (confirmed.code !== 0 || path === undefined) return confirmed
      return desk.kmsfile(['set', file, path, `"${choices.below(1000)}"`])
    },
  }
}

// Laws 4 and 8 of the seal.
describe.skipIf(!hasSops)('whatever sops does to a sealed file, it never reads as tampered', () => {
  test.for(FILES.map((file) => [file.name, file] as const))('%s', async ([, file], { task }) => {
    const walks = await Promise.all(SEEDS.map((seed) => walkThrough(file, seed)))

    const refused = walks.flat().filter((done) => !done).length
    expect(refused).toBeLessThan(SEEDS.length)
    task.meta.counts = { steps: walks.flat().length, 'refused by sops': refused }
  })

  test('not even where sops, kmsfile and sops write in one second', async () => {
    const desk = newDesk()
    desk.write('.sops.yaml', `creation_rules:\n  - age: ${ana.recipient}\n`)
    desk.write('a.yaml', 'port: 5432\nuser: app\n')
    await desk.sops(['encrypt', '-i', 'a.yaml'])
    await startOfSecond()
    await desk.sops(['set', 'a.yaml', '["user"]', '"shop"'])
    await desk.kmsfile(['set', 'a.yaml', 'password', '"hunter2"'])
    expect((await openSealed(yaml, desk.read('a.yaml'))).integrity).toBe('sealed')
    // The same bytes to the MAC; to the seal an int that becomes a float.
    await desk.sops(['set', 'a.yaml', '["port"]', '5432'])

    expect((await openSealed(yaml, desk.read('a.yaml'))).integrity).toBe('sops')
  })
})

/** Does one thing after the other to a file, and looks at it after each. False for what sops refused. */
async function walkThrough({ name, text, options, own }: Start, seed: number): Promise<readonly boolean[]> {
  const desk = newDesk(identitiesOf(ana, ben, eve))
  const choices = seeded(seed)
  const format = detectFormat(name)
  const nonces = newNonceBook()
  const ours = kmsfileStep(own)
  const outcomes: boolean[] = []
  let trace = `seed ${seed}`
  desk.write('.sops.yaml', `creation_rules:\n  - age: ${ana.recipient}\n`)
  desk.write(name, (await sealForAna(format, text, options)).text)
  nonces.note(await openSealed(format, desk.read(name)))

  for (let i = 0; i < STEPS; i++) {
    const step = i % 4 === 3 ? ours : choices.oneOf(SOPS_STEPS)
    trace += `, ${step.name}`
    const before = desk.read(name)
    const { integrity } = await openSealed(format, before)
    const { code, stderr } = await step.run(desk, name, choices)
    outcomes.push(code === 0)
    if (code !== 0) {
      // To sops a comment counts as an item of its list, so that a path may lead elsewhere.
      expect(step, `${trace}: ${stderr}`).not.toBe(ours)
      expect(desk.read(name), trace).toBe(before)
      continue
    }
    const file = await openSealed(format, desk.read(name)).catch((error) => {
      throw new Error(`${trace}: ${error.code ?? error}\n${desk.read(name)}`)
    })
    if (step === ours) expect(file.integrity, trace).toBe('sealed')
    else if (!step.writesMac) expect(file.integrity, trace).toBe(integrity)
    nonces.note(file)
    const { stdout } = await desk.sops(['decrypt', name])
    expect(saysSame((await plaintextOf(file)).text, stdout), `${trace}\n${stdout}`).toBe(true)
  }
  expect(nonces.reused).toEqual([])
  return outcomes
}

async function startOfSecond(): Promise<void> {
  while (Date.now() % 1000 > 100) await new Promise(setImmediate)
}

/** Whether a plaintext says what sops prints of the same file; sops shows the keys that stand in for a root. */
function saysSame(text: string, printedBySops: string): boolean {
  const [first] = readValues(printedBySops)
  const entries = (first as { map?: readonly [unknown, unknown][] } | null)?.map ?? []
  const [key, value] = entries[0] ?? []
  if (entries.length === 1 && key === WHOLE_KEY && !isContainer(value) && value !== '') {
    return text === scalarText(value)
  }
  const said = readValues(text)
  const wrapped = entries.length === 1 && key === ROOT_KEY ? [{ map: [[ROOT_KEY, said[0]]] }] : said
  return isDeepStrictEqual(wrapped, readValues(printedBySops))
}

function isContainer(value: unknown): boolean {
  return typeof value === 'object' && value !== null && ('map' in value || 'list' in value)
}

function scalarText(value: unknown): string {
  return typeof value === 'object' && value !== null && 'number' in value ? String(value.number) : String(value)
}

/** Keeps which envelope was made with which nonce, under each data key. */
function newNonceBook() {
  const envelopes = new Map<string, string>()
  const reused: string[] = []
  return {
    reused,
    note({ dataKey, scanned, envelope: { mac } }: OpenedFile) {
      for (const [envelope, nonce = ''] of scanned.text.matchAll(/ENC\[AES256_GCM,data:[^,]*,iv:([^,]*),[^\]]*\]/g)) {
        const id = createHash('sha256').update(dataKey).update(nonce).digest('hex')
        const known = envelopes.get(id) ?? envelope
        if (known !== envelope) reused.push(envelope === mac ? 'the MAC' : envelope)
        envelopes.set(id, envelope)
      }
    },
  }
}
