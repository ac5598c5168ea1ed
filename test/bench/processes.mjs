// Whole processes, measured in turns: A B A B. A machine gets slower and faster while one measures; what runs side by
// side meets the same of it, and their ratio says more than either.
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { median } from './statistics.mjs'

/** GNU time, which tells CPU time and peak memory of a child; undefined where there is none. */
const timeProgram = ['/usr/bin/time', 'gtime'].find(
  (file) => spawnSync(file, ['-f', '%U %S %M', process.execPath, '-e', '0'], { encoding: 'utf8' }).status === 0,
)

/** Whether CPU time and peak memory are known. */
export const knowsUsage = timeProgram !== undefined

/**
 * Runs a command to its end. CPU time comes in steps of 10 ms.
 *
 * @throws Error if it fails
 */
export async function runOnce({ file, args, env, output }, { work, scratch, env: base }, { usage = true } = {}) {
  const wrapped = usage && timeProgram !== undefined
  const report = join(scratch, 'time.txt')
  const errors = join(scratch, 'stderr.txt')
  const [program, words] = wrapped ? [timeProgram, ['-o', report, '-f', '%U %S %M', file, ...args]] : [file, args]
  const stdout = output === undefined ? 'ignore' : openSync(output, 'w')
  const stderr = openSync(errors, 'w')
  const start = process.hrtime.bigint()
  const code = await new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd: work, env: { ...base, ...env }, stdio: ['ignore', stdout, stderr] })
    child.once('error', reject)
    child.once('exit', (status, signal) => resolve(status ?? signal))
  })
  const wallMs = Number(process.hrtime.bigint() - start) / 1e6
  for (const fd of [stdout, stderr]) if (typeof fd === 'number') closeSync(fd)
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}: ${readFileSync(errors, 'utf8')}`)
  if (!wrapped) return { wallMs }
  const [user, system, kilobytes] = readFileSync(report, 'utf8').trim().split('\n').at(-1).split(' ').map(Number)
  return { wallMs, cpuMs: (user + system) * 1000, peakMb: kilobytes / 1024 }
}

/**
 * Runs commands in turns until `rounds` are done or `budgetMs` is over; one round at least. Those that are undefined
 * are left out.
 *
 * Gives the samples of each, in the order of the rounds.
 */
export async function takeTurns(commands, place, { rounds, budgetMs = Number.POSITIVE_INFINITY, usage = true }) {
  const turns = Object.entries(commands).filter(([, command]) => command !== undefined)
  const samples = Object.fromEntries(turns.map(([name]) => [name, []]))
  const start = Date.now()
  for (let round = 0; round < rounds; round++) {
    const spent = Date.now() - start
    if (round > 0 && spent + spent / round > budgetMs) break
    for (const [name, command] of turns) samples[name].push(await runOnce(command, place, { usage }))
  }
  return samples
}

/**
 * CPU time and peak memory of a command that is too short for steps of 10 ms: the mean of many runs in a row.
 */
export async function usageOfMany({ file, args, env }, place, { times }) {
  if (timeProgram === undefined) return {}
  const loop = ['-c', 'n=$1; shift; while [ "$n" -gt 0 ]; do "$@" || exit 1; n=$((n-1)); done', 'loop', `${times}`]
  const { cpuMs, peakMb } = await runOnce({ file: '/bin/sh', args: [...loop, file, ...args], env }, place)
  return { cpuMs: cpuMs / times, peakMb }
}

/** The medians of some samples. */
export function medians(samples) {
  const of = (name) => (samples[0]?.[name] === undefined ? undefined : median(samples.map((sample) => sample[name])))
  return { wallMs: of('wallMs'), cpuMs: of('cpuMs'), peakMb: of('peakMb'), runs: samples.length }
}

/** How `ours` compares with `theirs`: ratios of the medians, and of wall time the median of the ratios pair by pair. */
export function compare(ours, theirs) {
  if (theirs === undefined) return undefined
  const [a, b] = [medians(ours), medians(theirs)]
  const ratio = (name) => (a[name] === undefined || b[name] === undefined ? undefined : a[name] / b[name])
  return {
    wall: ratio('wallMs'),
    pairs: median(ours.map(({ wallMs }, i) => wallMs / theirs[i].wallMs)),
    cpu: ratio('cpuMs'),
    memory: ratio('peakMb'),
  }
}
