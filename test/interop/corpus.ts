import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Format } from '../../src/formats/format.ts'
import { json } from '../../src/formats/json.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { hasSharedData, sharedData } from '../shared-data.ts'

/** A plaintext of others. */
export interface Plaintext {
  /** Where it is from, as the tables of exceptions name it. */
  readonly name: string
  readonly format: Format
  readonly bytes: Uint8Array
}

/** Plaintexts from one place. */
export interface Corpus {
  readonly source: string
  /** False where the data of others is not there, which is a failure in CI. */
  readonly atHand: boolean
  plaintexts(): readonly Plaintext[]
}

const fixtures = fileURLToPath(new URL('../../fixtures', import.meta.url))
const all = () => true

const jsonSuite = corpus('json', sharedData('corpora/json-test-suite'), (name) => /^[yi]_/.test(name))

/** Everything that both programs are tried on. */
export const corpora: readonly Corpus[] = [
  // Made to be read by everybody: every value that sops knows, comments, aliases, several documents.
  corpus('vectors', sharedData('vectors/in'), all),
  corpus('fixtures', fixtures, all),
  // The invalid cases too: nobody says that sops finds them invalid.
  corpus('suite', sharedData('corpora/yaml-test-suite'), (name) => name.endsWith('/in.yaml')),
  corpus('kubernetes', sharedData('corpora/kubernetes-examples'), all),
  // What JSON parsers must accept, and what they may.
  jsonSuite,
  // sops takes an object only, so each once more as a member of one.
  { ...jsonSuite, source: 'json-member', plaintexts: () => jsonSuite.plaintexts().map(asMember) },
]

/** Every `step`-th plaintext of some sources, for what is too long to do with all. */
export function sampleOf(sources: Readonly<Record<string, number>>): readonly Plaintext[] {
  const chosen = corpora.filter(({ source, atHand }) => atHand && source in sources)
  return chosen.flatMap(({ source, plaintexts }) => plaintexts().filter((_, i) => i % (sources[source] ?? 1) === 0))
}

function asMember({ name, format, bytes }: Plaintext): Plaintext {
  const member = Buffer.concat([Buffer.from('{"member": '), bytes, Buffer.from('}\n')])
  return { name: name.replace('json/', 'json-member/'), format, bytes: new Uint8Array(member) }
}

function corpus(source: string, folder: string, isOne: (name: string) => boolean): Corpus {
  const atHand = folder === fixtures || hasSharedData
  return { source, atHand, plaintexts: () => plaintextsIn(folder, source, isOne) }
}

function plaintextsIn(folder: string, source: string, isOne: (name: string) => boolean): Plaintext[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return names.flatMap((name) => {
    const path = join(folder, name)
    if (!/\.(?:ya?ml|json)$/.test(name) || !isOne(name) || !statSync(path).isFile()) return []
    const format = name.endsWith('.json') ? json : yaml
    return [{ name: `${source}/${name.replace('/in.yaml', '')}`, format, bytes: new Uint8Array(readFileSync(path)) }]
  })
}
