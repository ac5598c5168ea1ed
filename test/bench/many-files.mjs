// A folder of secrets, as a deployment opens it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { smallYamlText } from './documents.mjs'
import { compare, medians, runOnce, takeTurns } from './processes.mjs'

const FILES = 100

export async function manyFiles({ place, quick, report }) {
  const { work, kmsfile, sopsFile, sopsLabel, recipient } = place
  const names = Array.from({ length: FILES }, (_, i) => `many-${i}.yaml`)
  for (const [i, name] of names.entries()) writeFileSync(join(work, name), smallYamlText(i))
  const encrypted = names.map((name) => join('many', name))
  await runOnce(kmsfile('encrypt', '--age', recipient, '--output-dir', 'many', ...names), place)
  mkdirSync(join(work, 'many-sops'), { recursive: true })
  const commands = {
    kmsfile: kmsfile('decrypt', '--output-dir', 'many-out', ...encrypted),
    sops: sopsFile && sopsLoop(sopsFile, { verb: 'decrypt', folder: 'many-sops', names: encrypted }),
  }
  await runOnce(commands.kmsfile, place)
  if (readFileSync(join(work, 'many-out/many/many-7.yaml'), 'utf8') !== smallYamlText(7)) {
    throw new Error('decrypt gives other bytes')
  }
  const samples = await takeTurns(commands, place, { rounds: quick ? 3 : 9, budgetMs: 20_000 })
  report.row({
    name: `decrypt ${FILES} files of 20 values`,
    ours: medians(samples.kmsfile),
    theirs: samples.sops && medians(samples.sops),
    label: samples.sops === undefined ? sopsLabel : 'sops, one by one',
    ratio: compare(samples.kmsfile, samples.sops),
    targets: [],
  })
}

/** sops takes one file at a time. */
export function sopsLoop(sops, { verb, folder, names, flags = [] }) {
  const script = `for f in "$@"; do ${[`"$SOPS_PROGRAM"`, verb, ...flags].join(' ')} "$f" > "${folder}/\${f##*/}" || exit 1; done`
  return { file: '/bin/sh', args: ['-c', script, 'sops', ...names], env: { SOPS_PROGRAM: sops } }
}
