// Large files, beside sops, which does the same to the same file.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { flatJsonText, jsonText, yamlText } from './documents.mjs'
import { compare, medians, runOnce, takeTurns } from './processes.mjs'

const MEGABYTE = 1e6
const LARGE = [
  { of: 'wall', atMost: 0.35 },
  { of: 'memory', atMost: 0.5 },
]

const DOCUMENTS = [
  { name: 'YAML 1 MB', file: '1.yaml', text: () => yamlText(MEGABYTE), decrypt: wall(0.5), encrypt: wall(0.7) },
  { name: 'JSON 1 MB', file: '1.json', text: () => jsonText(MEGABYTE), decrypt: [], encrypt: [] },
  {
    name: 'JSON 20,000 keys',
    file: 'flat.json',
    text: () => flatJsonText(20_000),
    decrypt: wall(0.1),
    encrypt: wall(0.1),
    large: true,
  },
  {
    name: 'YAML 10 MB',
    file: '10.yaml',
    text: () => yamlText(10 * MEGABYTE),
    decrypt: LARGE,
    encrypt: LARGE,
    large: true,
  },
  {
    name: 'JSON 10 MB',
    file: '10.json',
    text: () => jsonText(10 * MEGABYTE),
    decrypt: LARGE,
    encrypt: LARGE,
    large: true,
  },
]

export async function sizes({ place, quick, report }) {
  for (const document of DOCUMENTS) {
    // sops alone takes half a minute for each of these.
    if (quick && document.large) report.note(`${document.name}: not in --quick`)
    else await measure(document, { place, quick, report })
  }
}

async function measure({ name, file, text, large = false, ...targets }, { place, quick, report }) {
  const { work, kmsfile, sops, sopsLabel, recipient } = place
  const plaintext = text()
  writeFileSync(join(work, file), plaintext)
  const path = (prefix) => join(work, `${prefix}.${file}`)
  const turns = large ? { rounds: 5, budgetMs: 25_000 } : { rounds: quick ? 3 : 7, budgetMs: quick ? 8000 : 15_000 }

  const encrypted = await takeTurns(
    {
      kmsfile: { ...kmsfile('encrypt', '--age', recipient, file), output: path('enc') },
      sops: sops && { ...sops('encrypt', '--age', recipient, file), output: path('sops') },
    },
    place,
    turns,
  )
  // Warms the code cache up, and proves that there is something to measure.
  await runOnce({ ...kmsfile('decrypt', `enc.${file}`), output: path('out') }, place)
  if (readFileSync(path('out'), 'utf8') !== plaintext) throw new Error(`${name}: decrypt gives other bytes`)
  const decrypted = await takeTurns(
    {
      kmsfile: { ...kmsfile('decrypt', `enc.${file}`), output: path('out') },
      sops: sops && { ...sops('decrypt', `enc.${file}`), output: path('out') },
    },
    place,
    turns,
  )
  for (const [verb, samples] of Object.entries({ encrypt: encrypted, decrypt: decrypted })) {
    report.row({
      name: `${verb} ${name}`,
      ours: medians(samples.kmsfile),
      theirs: samples.sops && medians(samples.sops),
      label: sopsLabel,
      ratio: compare(samples.kmsfile, samples.sops),
      targets: targets[verb],
    })
  }
}

function wall(atMost) {
  return [{ of: 'wall', atMost }]
}
