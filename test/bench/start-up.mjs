// What every call pays. Hooks start us for each commit, textconv for each version of a file.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { smallYamlText } from './documents.mjs'
import { compare, medians, runOnce, takeTurns, usageOfMany } from './processes.mjs'
import { median } from './statistics.mjs'

const SMALL_TARGET = 2.5
const timing = fileURLToPath(new URL('launch-phases.cjs', import.meta.url))

export async function startUp({ place, quick, report }) {
  const { work, kmsfile, sops, sopsLabel, bare, recipient, scratch } = place
  writeFileSync(join(work, 'small.yaml'), smallYamlText())
  await runOnce(
    { ...kmsfile('encrypt', '--age', recipient, 'small.yaml'), output: join(work, 'small.enc.yaml') },
    place,
  )

  const commands = {
    version: kmsfile('--version'),
    decrypt: { ...kmsfile('decrypt', 'small.enc.yaml'), output: join(work, 'small.out') },
    bare,
    sops: sops?.('decrypt', 'small.enc.yaml'),
  }
  const cold = await coldRuns(commands, place, quick ? 3 : 7)
  // The first run writes the code cache, and the second may add what the first did not need.
  for (let i = 0; i < 2; i++) await takeTurns(commands, place, { rounds: 1 })
  if (readFileSync(commands.decrypt.output, 'utf8') !== smallYamlText()) throw new Error('decrypt gives other bytes')
  const warm = await takeTurns(commands, place, { rounds: quick ? 11 : 41, usage: false })

  const usage = {}
  for (const [name, command] of Object.entries(commands)) {
    if (command !== undefined) usage[name] = await usageOfMany(command, place, { times: quick ? 5 : 20 })
  }
  const row = (name, { ours, theirs, label, target }) => {
    const [a, b] = [summary(ours), theirs === undefined ? undefined : summary(theirs)]
    const ratio = compare(ours.samples, theirs?.samples)
    if (ratio !== undefined && a.cpuMs !== undefined && b.cpuMs !== undefined) {
      ratio.cpu = a.cpuMs / b.cpuMs
      ratio.memory = a.peakMb / b.peakMb
    }
    report.row({
      name,
      ours: a,
      theirs: b,
      label,
      ratio,
      targets: target === undefined ? [] : [{ of: 'wall', atMost: target }],
    })
  }
  const side = (name) => ({ samples: warm[name], usage: usage[name] })
  const onNode = { theirs: side('bare'), label: 'node -e 0' }
  row('--version', { ours: side('version'), ...onNode })
  row('decrypt, 20 values', { ours: side('decrypt'), ...onNode, target: SMALL_TARGET })
  row('decrypt, 20 values', { ours: side('decrypt'), theirs: warm.sops && side('sops'), label: sopsLabel })
  row('--version, first run ever', {
    ours: { samples: cold.version },
    theirs: { samples: cold.bare },
    label: 'node -e 0',
  })
  row('decrypt, first run ever', {
    ours: { samples: cold.decrypt },
    theirs: { samples: cold.bare },
    label: 'node -e 0',
  })

  await phases(join(scratch, 'phases.json'), { place, report, times: quick ? 5 : 15 })
}

function summary({ samples, usage }) {
  return { ...medians(samples), ...usage }
}

/** Runs that find no code cache. */
async function coldRuns({ version, decrypt, bare }, place, rounds) {
  const samples = { version: [], decrypt: [], bare: [] }
  for (let i = 0; i < rounds; i++) {
    for (const [name, command] of Object.entries({ version, decrypt, bare })) {
      const env = { XDG_CACHE_HOME: mkdtempSync(join(place.scratch, 'cache-')) }
      samples[name].push(await runOnce({ ...command, env }, place, { usage: false }))
    }
  }
  return samples
}

/** Where the time of a small decryption goes, as seen from inside. */
async function phases(file, { place, report, times }) {
  const runs = []
  for (let i = 0; i < times; i++) {
    await runOnce({ file: process.execPath, args: [timing, file, place.bin, 'decrypt', 'small.enc.yaml'] }, place, {
      usage: false,
    })
    runs.push(JSON.parse(readFileSync(file, 'utf8')))
  }
  for (const name of Object.keys(runs[0])) {
    const [, words, unit] = /^(.*?)(?: \((\w+)\))?$/.exec(name)
    report.figure({
      name: `decrypt, 20 values: ${words}`,
      value: median(runs.map((run) => run[name])),
      unit: unit ?? '',
    })
  }
}
