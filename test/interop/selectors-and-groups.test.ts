import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { SELECTOR_FIELDS } from '../../src/core/envelope.ts'
import type { KeyGroup } from '../../src/core/master-key.ts'
import type { Selector } from '../../src/core/selection.ts'
import { plaintextOf } from '../../src/operations/read-secrets.ts'
import { mapConcurrently } from '../../src/operations/workspace.ts'
import type { WriteOptions } from '../../src/operations/write-secrets.ts'
import { type Plaintext, sampleOf } from './corpus.ts'
import { ana, ben, eve, freshKeyFor, identitiesOf, openOrRefuse, sealOrRefuse } from './people.ts'
import { type Desk, hasSops, newDesk, PROCESSES } from './sops.ts'
import { commentsOf, encryptedPaths, readSame, spelledValues } from './yaml-values.ts'

/** The same choice in the words of both programs. */
interface Variant {
  readonly name: string
  /** The rule of `.sops.yaml`, but for who can read. */
  readonly rule: string
  readonly options: Partial<WriteOptions>
}

const bySelector = (kind: Selector['kind'], text: string): Variant => ({
  name: `${kind}: ${text}`,
  rule: `${SELECTOR_FIELDS[kind]}: '${text}'`,
  options: { selector: { kind, text } },
})
const onlyEncrypted = ({ name, rule, options }: Variant): Variant => ({
  name: `${name}, mac-only-encrypted`,
  rule: `${rule}\n    mac_only_encrypted: true`,
  options: { ...options, macOnlyEncrypted: true },
})

const VARIANTS: readonly Variant[] = [
  bySelector('encrypted-regex', '^(data|pass|key|sec|l$|spec|a$)|[Nn]ame'),
  bySelector('unencrypted-regex', '^(kind|apiVersion|metadata|a$)|_'),
  bySelector('encrypted-suffix', 'e'),
  bySelector('unencrypted-suffix', 's'),
  onlyEncrypted(bySelector('encrypted-regex', '[aeiou]$')),
  onlyEncrypted(bySelector('unencrypted-suffix', '_unencrypted')),
]

const PEOPLE = [ana, ben, eve]
const THRESHOLD = 2
const GROUPS = PEOPLE.map(({ recipient }): KeyGroup => [{ type: 'age', recipient }])
const SHAMIR = `shamir_threshold: ${THRESHOLD}
    key_groups: [${PEOPLE.map(({ recipient }) => `{age: [${recipient}]}`).join(', ')}]`

const SAMPLE = { vectors: 1, fixtures: 12, kubernetes: 12, suite: 11, 'json-member': 25 }

describe.skipIf(!hasSops)('both programs make the same of every selector and of key groups', () => {
  test.for(VARIANTS.map((variant) => [variant.name, variant] as const))('%s', async ([, variant], { task }) => {
    task.meta.counts = { files: await compareAll(variant) }
  })

  test('two of three key groups', async ({ task }) => {
    const { groups } = await freshKeyFor(GROUPS, THRESHOLD)
    expect(groups.map((group) => group.length)).toEqual([1, 1, 1])
    const options = async () => ({ ...(await freshKeyFor(GROUPS, THRESHOLD)), threshold: THRESHOLD })

    task.meta.counts = { files: await compareAll({ name: 'shamir', rule: SHAMIR, options: await options() }) }
  })
})

/** Encrypts every file of the sample with both, and returns how many there were. */
async function compareAll({ rule, options }: Variant): Promise<number> {
  const desk = newDesk()
  const keys = rule.includes('key_groups') ? '' : `\n    age: ${ana.recipient}`
  desk.write('.sops.yaml', `creation_rules:\n  - ${rule}${keys}\n`)
  const outcomes = await mapConcurrently(sample(), (one, i) => compare(desk, options, { ...one, index: i }), PROCESSES)
  const compared = outcomes.filter((outcome) => outcome !== undefined)
  expect(Object.fromEntries(compared.filter(([, differences]) => differences.length > 0))).toEqual({})
  expect(compared.length).toBeGreaterThan(40)
  return compared.length
}

/** Valid YAML, and without an integer of which sops loses digits: such files are in the tables of the other tests. */
function sample(): readonly Plaintext[] {
  return sampleOf(SAMPLE).flatMap((one) => {
    const text = Buffer.from(one.bytes)
      .toString('utf8')
      .replace(/^hugefloat: .*\n/m, '')
    const isValid = parseAllDocuments(text, { uniqueKeys: false }).every(({ errors }) => errors.length === 0)
    return isValid ? [{ ...one, bytes: Buffer.from(text) }] : []
  })
}

/** The name of a file and what differs; undefined where one of the two does not encrypt it value by value. */
async function compare(
  desk: Desk,
  options: Partial<WriteOptions>,
  { name, format, bytes, index }: Plaintext & { readonly index: number },
): Promise<readonly [name: string, differences: readonly string[]] | undefined> {
  const file = (kind: string) => `${kind}-${index}.${format.name}`
  const env = identitiesOf(ana, ben)
  desk.write(file('plain'), bytes)
  const { code, stdout: own } = await desk.sops(['encrypt', file('plain')])
  if (code !== 0) return undefined
  const sealed = await sealOrRefuse(format, bytes, options)
  if (sealed === undefined || sealed.whole !== undefined) return undefined
  desk.write(file('sops'), own)
  desk.write(file('kmsfile'), sealed.text)
  const ofOwn = await desk.sops(['decrypt', file('sops')], { env })
  const ofOurs = await desk.sops(['decrypt', file('kmsfile')], { env })
  const opened = await openOrRefuse(format, own)
  const text = opened && (await plaintextOf(opened)).text
  const checks = {
    'sops does not open it': ofOwn.code === 0 && ofOurs.code === 0,
    'sops reads other values': isDeepStrictEqual(spelledValues(ofOwn.stdout), spelledValues(ofOurs.stdout)),
    'kmsfile does not open it': text !== undefined,
    'kmsfile reads other values': readSame(text ?? '', ofOwn.stdout),
    'kmsfile reads other comments': isDeepStrictEqual(commentsOf(text ?? ''), commentsOf(ofOwn.stdout)),
    'other values are encrypted': isDeepStrictEqual(encryptedPaths(own), encryptedPaths(sealed.text)),
  }
  return [name, Object.entries(checks).flatMap(([difference, same]) => (same ? [] : [difference]))]
}
