'use strict'
// Runs kmsfile in this process, and writes where the time went to a file.
// `node launch-phases.cjs RESULT BIN ARGUMENTS...`: flags of node would switch the code cache off.
const fs = require('node:fs')
const vm = require('node:vm')
const { performance } = require('node:perf_hooks')

const [, , result, bin, ...args] = process.argv
process.argv = [process.execPath, bin, ...args]
const { readFileSync, writeFileSync } = fs
const spent = { reading: 0, compiling: 0, files: 0, rejected: 0 }

fs.readFileSync = (...these) => {
  const start = performance.now()
  try {
    return readFileSync(...these)
  } finally {
    spent.reading += performance.now() - start
    spent.files++
  }
}
const { Script } = vm
vm.Script = function TimedScript(...these) {
  const start = performance.now()
  const script = new Script(...these)
  spent.compiling += performance.now() - start
  if (script.cachedDataRejected === true) spent.rejected++
  return script
}

const { bootstrapComplete } = performance.nodeTiming
const start = performance.now()
let loaded = start
process.once('exit', () => {
  const end = performance.now()
  const phases = {
    'node itself (ms)': bootstrapComplete,
    'from there to the bin (ms)': start - bootstrapComplete,
    'until main has run (ms)': loaded - start,
    'until the end (ms)': end - loaded,
    'reading files (ms)': spent.reading,
    'files read (files)': spent.files,
    'compiling (ms)': spent.compiling,
    'refused by V8 (files)': spent.rejected,
  }
  writeFileSync(result, JSON.stringify(phases))
})
require(bin)
loaded = performance.now()
