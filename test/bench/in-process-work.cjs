'use strict'
// `node in-process-work.cjs BUNDLE FILE RECIPIENT TIMES`: prints figures as JSON.
const { readFileSync } = require('node:fs')
const { basename, extname } = require('node:path')
const { performance } = require('node:perf_hooks')

const [, , bundle, file, recipient, times] = process.argv
const { yaml, json, openSession } = require(bundle)
const format = extname(file) === '.json' ? json : yaml
const figures = []

main()

async function main() {
  const text = readFileSync(file, 'utf8')
  const session = openSession({ flags: { keys: [{ type: 'age', recipient }] } })
  const fileName = basename(file)
  const encrypted = await session.encryptText(text, { fileName })
  const values = encrypted.split('ENC[AES256_GCM,').length - 1

  await rate('scan plaintext', 'MB/s', () => format.scan(text), text.length / 1e6)
  await rate('scan encrypted text', 'MB/s', () => format.scan(encrypted), encrypted.length / 1e6)
  await rate('encrypt', 'values/s', () => session.encryptText(text, { fileName }), values)
  await rate('decrypt', 'values/s', () => session.decryptText(encrypted, { fileName }), values)
  await session.close()
  process.stdout.write(JSON.stringify(figures))
}

/** How much of something is done a second: the median of runs after two that only warm up. */
async function rate(name, unit, work, amount) {
  const seconds = []
  for (let i = 0; i < Number(times) + 2; i++) {
    const start = performance.now()
    await work()
    seconds.push((performance.now() - start) / 1000)
  }
  const warm = seconds.slice(2).sort((a, b) => a - b)
  figures.push({ name, value: amount / warm[warm.length >> 1], unit })
}
