// Whether time grows with the size of a file, and with nothing more.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { jsonText, yamlText } from './documents.mjs'
import { knowsUsage, medians, takeTurns } from './processes.mjs'
import { growthExponent } from './statistics.mjs'

const MEGABYTES = [1, 2, 4]
const TARGET = 1.1

export async function growth({ place, quick, report }) {
  const { work, kmsfile, recipient } = place
  for (const [format, text] of Object.entries({ yaml: yamlText, json: jsonText })) {
    const files = MEGABYTES.map((size) => `grow${size}.${format}`)
    for (const [i, file] of files.entries()) writeFileSync(join(work, file), text(MEGABYTES[i] * 1e6))
    const turns = { rounds: quick ? 1 : 3, budgetMs: 20_000 }
    const encrypting = files.map((file) => ({
      ...kmsfile('encrypt', '--age', recipient, file),
      output: join(work, `enc.${file}`),
    }))
    const decrypting = files.map((file) => ({ ...kmsfile('decrypt', `enc.${file}`), output: join(work, 'grow.out') }))
    for (const [verb, commands] of Object.entries({ encrypt: encrypting, decrypt: decrypting })) {
      const samples = Object.values(await takeTurns(Object.fromEntries(commands.entries()), place, turns))
      // CPU time, where it is known: other work on the machine meets the long run more often than the short one.
      const measure = knowsUsage ? 'cpuMs' : 'wallMs'
      const times = samples.map((of) => medians(of)[measure])
      report.figure({
        name: `growth of ${verb} ${format.toUpperCase()}, ${MEGABYTES.join(', ')} MB`,
        value: growthExponent(MEGABYTES, times),
        unit: `exponent (${times.map(Math.round).join(', ')} ms ${measure === 'cpuMs' ? 'CPU' : 'wall'})`,
        targets: [{ of: 'value', atMost: TARGET }],
      })
    }
  }
}
