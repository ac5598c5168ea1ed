// The same code without the cost of a process: how fast the scanners and the operations are once V8 knows them.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { jsonText, yamlText } from './documents.mjs'
import { root } from './installation.mjs'
import { runOnce } from './processes.mjs'

const work = fileURLToPath(new URL('in-process-work.cjs', import.meta.url))

export async function inProcess({ place, quick, report }) {
  const bundle = join(place.scratch, 'in-process.cjs')
  await build({
    absWorkingDir: root,
    stdin: {
      contents: [
        "export { yaml } from './src/formats/yaml.ts'",
        "export { json } from './src/formats/json.ts'",
        "export { openSession } from './src/index.ts'",
      ].join('\n'),
      resolveDir: root,
    },
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'cjs',
    outfile: bundle,
    logLevel: 'error',
  })
  for (const [format, text] of Object.entries({ yaml: yamlText, json: jsonText })) {
    const file = join(place.work, `inside.${format}`)
    const output = join(place.scratch, 'in-process.json')
    writeFileSync(file, text(1e6))
    const args = [work, bundle, file, place.recipient, quick ? '3' : '9']
    const figures = await runToJson({ file: process.execPath, args, output }, place)
    for (const { name, value, unit } of figures)
      report.figure({ name: `${format.toUpperCase()} 1 MB: ${name}`, value, unit })
  }
}

async function runToJson(command, place) {
  const { readFileSync } = await import('node:fs')
  await runOnce(command, place, { usage: false })
  return JSON.parse(readFileSync(command.output, 'utf8'))
}
