// Files under keys of a service that takes its time: waiting for many answers at once is what saves it.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { smallYamlText } from './documents.mjs'
import { sopsLoop } from './many-files.mjs'
import { compare, medians, runOnce, takeTurns } from './processes.mjs'
import { KEY_ARN, startSlowKms } from './slow-kms.mjs'

const DELAY_MS = 30
const FILES = 500

export async function keyService({ place, quick, report }) {
  const kms = await startSlowKms(DELAY_MS)
  try {
    await measure(kms, { place, quick, report })
  } finally {
    kms.close()
  }
}

async function measure(kms, { place, quick, report }) {
  const { work, kmsfile, sopsFile } = place
  const { env, counted } = kms
  const names = Array.from({ length: FILES }, (_, i) => `kms-${i}.yaml`)
  for (const [i, name] of names.entries()) writeFileSync(join(work, name), smallYamlText(i))
  const encrypted = names.map((name) => join('kms', name))
  const encrypt = { ...kmsfile('encrypt', '--kms', KEY_ARN, '--output-dir', 'kms', ...names), env }
  const decrypt = { ...kmsfile('decrypt', '--output-dir', 'kms-out', ...encrypted), env }
  for (const folder of ['kms-sops', 'kms-sops-enc']) mkdirSync(join(work, folder), { recursive: true })
  const inLoop = (options) => {
    if (sopsFile === undefined || quick) return undefined
    const loop = sopsLoop(sopsFile, options)
    return { ...loop, env: { ...env, ...loop.env } }
  }

  // Both fill the code cache, and show the calls of one run.
  const calls = {}
  for (const [verb, command] of Object.entries({ encrypt, decrypt })) {
    kms.reset()
    await runOnce(command, place)
    calls[verb] = { ...counted }
  }
  if (readFileSync(join(work, 'kms-out/kms/kms-7.yaml'), 'utf8') !== smallYamlText(7)) {
    throw new Error('decrypt gives other bytes')
  }
  const turns = { rounds: quick ? 2 : 5, budgetMs: 30_000 }
  const samples = {
    encrypt: await takeTurns({ kmsfile: encrypt }, place, turns),
    decrypt: await takeTurns(
      { kmsfile: decrypt, sops: inLoop({ verb: 'decrypt', folder: 'kms-sops', names: encrypted }) },
      place,
      turns,
    ),
  }
  for (const [verb, of] of Object.entries(samples)) {
    report.row({
      name: `${verb} ${FILES} files, KMS ${DELAY_MS} ms`,
      ours: medians(of.kmsfile),
      theirs: of.sops && medians(of.sops),
      label: of.sops === undefined ? '-' : 'sops, one by one',
      ratio: compare(of.kmsfile, of.sops),
      targets: [],
    })
    report.figure({ name: `${verb} ${FILES} files: calls`, value: calls[verb].calls, unit: 'calls' })
    report.figure({ name: `${verb} ${FILES} files: at the same time`, value: calls[verb].most, unit: 'calls' })
  }

  copyFileSync(join(work, 'kms/kms-0.yaml'), join(work, 'kms/copy.yaml'))
  kms.reset()
  await runOnce({ ...kmsfile('decrypt', '--output-dir', 'kms-out', 'kms/kms-0.yaml', 'kms/copy.yaml'), env }, place)
  report.figure({ name: 'decrypt a file and its copy: calls', value: counted.calls, unit: 'calls' })
  kms.reset()
  for (let i = 0; i < 2; i++) await runOnce({ ...kmsfile('decrypt', 'kms/kms-0.yaml'), env }, place)
  report.figure({ name: 'decrypt a file in two processes: calls', value: counted.calls, unit: 'calls' })
}
