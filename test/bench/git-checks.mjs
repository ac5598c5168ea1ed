// What a commit waits for: one check of the whole index, as the hook makes it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { smallYamlText } from './documents.mjs'
import { gitIn } from './git-repository.mjs'
import { medians, runOnce, takeTurns } from './processes.mjs'

const ENTRIES = 10_000
const MANAGED = 2_000

export async function gitChecks({ place, quick, report }) {
  const entries = quick ? ENTRIES / 10 : ENTRIES
  const managed = quick ? MANAGED / 10 : MANAGED
  const repository = gitIn(place, 'git-checks')
  const { work } = repository
  mkdirSync(join(work, 'secrets'))
  const names = Array.from({ length: managed }, (_, i) => `secrets/${i}.yaml`)
  for (const [i, name] of names.entries()) writeFileSync(join(work, name), smallYamlText(i))
  await runOnce(place.kmsfile('init', '--no-guard'), repository)
  await runOnce(place.kmsfile('encrypt', '-i', '--quiet', 'secrets'), repository)
  for (let i = 0; i < entries - managed; i++) {
    if (i % 100 === 0) mkdirSync(join(work, `src/${i / 100}`), { recursive: true })
    writeFileSync(join(work, `src/${Math.floor(i / 100)}/${i}.txt`), `file ${i}\n`)
  }
  repository.git('add', '.')
  repository.git('-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '-m', 'Start')

  const hook = place.kmsfile('git', 'hook', 'pre-commit')
  const cache = join(work, '.git/kmsfile')
  const samples = { empty: [], warm: [] }
  await runOnce(hook, repository)
  for (let round = 0; round < (quick ? 3 : 9); round++) {
    rmSync(cache, { recursive: true, force: true })
    samples.empty.push(await runOnce(hook, repository))
    samples.warm.push(await runOnce(hook, repository))
  }
  const { bare } = await takeTurns({ bare: place.bare }, place, { rounds: 9 })
  for (const [name, atMost] of [
    ['empty', 500],
    ['warm', 250],
  ]) {
    report.row({
      name: `pre-commit, ${entries} entries, ${managed} managed, ${name} cache`,
      ours: medians(samples[name]),
      theirs: medians(bare),
      label: 'bare node',
      ratio: { wall: medians(samples[name]).wallMs / medians(bare).wallMs },
      targets: [],
    })
    report.figure({
      name: `pre-commit, ${name} cache`,
      value: medians(samples[name]).wallMs,
      unit: 'ms',
      targets: quick ? [] : [{ of: 'value', atMost }],
    })
  }
  report.figure({
    name: 'pre-commit: git processes',
    value: await gitProcesses(hook, repository, cache),
    unit: 'processes',
    targets: [{ of: 'value', atMost: 3 }],
  })
}

/** git says itself what was started. */
async function gitProcesses(command, repository, cache) {
  rmSync(cache, { recursive: true, force: true })
  const trace = join(repository.scratch, 'trace.json')
  rmSync(trace, { force: true })
  await runOnce({ ...command, env: { GIT_TRACE2_EVENT: trace } }, repository)
  const events = readFileSync(trace, 'utf8').trim().split('\n')
  return events.filter((line) => JSON.parse(line).event === 'start').length
}
