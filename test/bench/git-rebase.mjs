// A rebase merges the same file once for each commit: what the agent saves where each data key costs a call.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { smallYamlText } from './documents.mjs'
import { gitIn } from './git-repository.mjs'
import { medians, runOnce } from './processes.mjs'
import { KEY_ARN, startSlowKms } from './slow-kms.mjs'

const COMMITS = 50
const DELAY_MS = 30

export async function gitRebase({ place, quick, report }) {
  const kms = await startSlowKms(DELAY_MS)
  try {
    await measure(kms, { place, report, commits: quick ? COMMITS / 10 : COMMITS })
  } finally {
    kms.close()
  }
}

async function measure(kms, { place, report, commits }) {
  const bin = join(place.scratch, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'kmsfile'), `#!/bin/sh\nexec "${process.execPath}" "${place.bin}" "$@"\n`, { mode: 0o755 })
  const env = { ...kms.env, PATH: `${bin}:${place.env.PATH}`, XDG_RUNTIME_DIR: join(place.scratch, 'run') }
  mkdirSync(env.XDG_RUNTIME_DIR, { mode: 0o700 })
  const repository = gitIn(place, 'git-rebase', env)
  const { work, git } = repository
  // Each commit of the branch changes a value of its own; main changes another.
  const numbers = Array.from({ length: commits }, (_, i) => `number_${i}: ${i}\n`).join('')
  writeFileSync(join(work, 'app.enc.yaml'), `${smallYamlText(0)}on_main: 0\n${numbers}`)
  await runOnce(place.kmsfile('encrypt', '-i', '--quiet', '--kms', KEY_ARN, 'app.enc.yaml'), repository)
  writeFileSync(
    join(work, '.kmsfile.yaml'),
    `version: 1\nrules:\n  - files: ["*.enc.yaml"]\n    keys: [{ aws_kms: "${KEY_ARN}" }]\n`,
  )
  await runOnce(place.kmsfile('git', 'install', '--yes', '--no-guard'), repository)
  git('add', '.')
  git('commit', '--quiet', '-m', 'Start')
  git('checkout', '--quiet', '-b', 'topic')
  const set = async (key, value) => {
    writeFileSync(join(place.scratch, 'value.json'), `${value}`)
    const file = join(place.scratch, 'value.json')
    await runOnce(place.kmsfile('set', '--value-file', 'app.enc.yaml', key, file), repository)
    git('commit', '--quiet', '-m', `Set ${key}`, 'app.enc.yaml')
  }
  for (let i = 0; i < commits; i++) await set(`number_${i}`, i + 1000)
  git('checkout', '--quiet', 'main')
  await set('on_main', 1)
  git('checkout', '--quiet', 'topic')
  const tip = git('rev-parse', 'HEAD').toString().trim()

  for (const [name, agent] of [
    ['without agent', '0'],
    ['with agent', '1'],
  ]) {
    // In place: which keys git may ask for is remembered for the repository in which somebody used them.
    git('reset', '--quiet', '--hard', tip)
    const here = { ...repository, env: { ...repository.env, KMSFILE_AGENT: agent } }
    kms.reset()
    const sample = await runOnce({ file: 'git', args: ['rebase', '--quiet', 'main'] }, here)
    const { calls } = kms.counted
    report.figure({ name: `rebase of ${commits} commits, ${name}`, value: medians([sample]).wallMs, unit: 'ms' })
    report.figure({ name: `rebase of ${commits} commits, ${name}: calls`, value: calls, unit: 'calls' })
    if (agent === '1') await runOnce(place.kmsfile('agent', 'stop'), here)
  }
}
