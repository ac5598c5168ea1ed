// `npm run bench`: how fast the installed package is, beside bare node and, where there is one, sops.
//
// --quick        fewer runs, no large files
// --only NAME    one group: start-up, sizes, growth, many-files, key-service, git-checks, git-history, git-rebase, in-process
// --json         prints JSON instead of tables
// --output FILE  writes the JSON to a file too
//
// KMSFILE_SOPS   the sops to compare with; by default the one on PATH or in the CI cache
//
// Times are no test: the exit code says only whether everything ran.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gitChecks } from './git-checks.mjs'
import { gitHistory } from './git-history.mjs'
import { gitRebase } from './git-rebase.mjs'
import { growth } from './growth.mjs'
import { inProcess } from './in-process.mjs'
import { install } from './installation.mjs'
import { keyService } from './key-service.mjs'
import { manyFiles } from './many-files.mjs'
import { knowsUsage } from './processes.mjs'
import { startReport, targetTable } from './report.mjs'
import { sizes } from './sizes.mjs'
import { startUp } from './start-up.mjs'

const BENCHES = {
  'start-up': startUp,
  sizes,
  growth,
  'many-files': manyFiles,
  'key-service': keyService,
  'git-checks': gitChecks,
  'git-history': gitHistory,
  'git-rebase': gitRebase,
  'in-process': inProcess,
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    output: { type: 'string' },
  },
})
const { quick, only, json, output } = values
if (only !== undefined && !Object.hasOwn(BENCHES, only)) {
  console.error(`bench: there is no ${only}; there are ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}
const print = json ? () => {} : (text) => console.log(text)
const scratch = mkdtempSync(join(tmpdir(), 'kmsfile-bench-'))

try {
  const start = Date.now()
  const place = install(scratch)
  const about = {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    load: loadavg()[0],
    packedBytes: place.packedBytes,
    sops: place.sopsFile !== undefined,
    quick,
  }
  print(`Node ${about.node}, ${about.platform}, ${about.cores} x ${about.processor}, load ${about.load.toFixed(1)}`)
  print(
    `package ${Math.round(about.packedBytes / 1024)} KB packed; medians; "pairs" is the median of the ratios turn by turn`,
  )
  if (!about.sops) print('no sops 3.13.3: set KMSFILE_SOPS to compare with it')
  if (!knowsUsage) print('no GNU time: wall time only, no CPU time, no memory')

  const report = startReport({ print })
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (only !== undefined && only !== name) continue
    report.open(name)
    try {
      await bench({ place, quick, report })
    } catch (error) {
      report.note(`failed: ${error.message}`)
      console.error(`bench: ${name}: ${error.message}`)
      process.exitCode = 1
    }
    report.close()
  }
  const seconds = Math.round((Date.now() - start) / 1000)
  print(`\n${targetTable(report.groups)}\n\n${seconds} s, load ${loadavg()[0].toFixed(1)}`)
  const result = `${JSON.stringify({ ...about, seconds, groups: report.groups }, null, 2)}\n`
  if (json) process.stdout.write(result)
  if (output !== undefined) writeFileSync(output, result)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
