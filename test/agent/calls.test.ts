import { setMaxListeners } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { hostIn, scratch } from '../host/scratch.ts'
import { ARN, awsMachine, OTHER_ARN } from '../keys/aws-machine.ts'

const COUNT = 40

/** A machine without an agent, and files with a data key each and copies of one of them. */
async function machineWithFiles({ keys = [ARN] }: { keys?: readonly string[] } = {}) {
  const { kms } = await awsMachine()
  const folder = scratch()
  const host = hostIn(folder)
  // As the real one has it: many files are worked on at the same time.
  setMaxListeners(0, host.signal)
  const own = { ...host, env: { ...host.env, ...process.env, HOME: folder, KMSFILE_AGENT: '0' } }
  const rules = (names: readonly string[]) =>
    writeFileSync(
      join(folder, '.kmsfile.yaml'),
      `version: 1\nrules: [{ files: ["**"], keys: [${names.map((arn) => `{ aws_kms: "${arn}" }`).join(', ')}] }]\n`,
    )
  rules(keys)
  const files = Array.from({ length: COUNT }, (_, i) => `${i}.yaml`)
  for (const file of files) writeFileSync(join(folder, file), `password: secret-${file}\n`)
  /** Runs a command; how many calls there were, by what was asked and of which key. */
  const calls = async (...args: readonly string[]) => {
    const before = kms.calls.length
    expect(await run(args, own)).toBe(0)
    const counts: Record<string, number> = {}
    for (const { action, target } of kms.calls.slice(before)) {
      const name = `${action} ${target === ARN ? 'ours' : 'other'}`
      counts[name] = (counts[name] ?? 0) + 1
    }
    return counts
  }
  const encrypting = await calls('encrypt', '-i', ...files)
  mkdirSync(join(folder, 'copies'))
  const copies = files.map((file) => join('copies', file))
  for (const copy of copies) writeFileSync(join(folder, copy), readFileSync(join(folder, '0.yaml')))
  return { calls, encrypting, files, copies, rules, folder }
}

const all = (calls: Record<string, number>) => Object.fromEntries(Object.entries(calls).map(([k, v]) => [k, v / COUNT]))

test('to encrypt files takes one call for each and each of its keys', async () => {
  const { encrypting } = await machineWithFiles({ keys: [ARN, OTHER_ARN] })
  expect(all(encrypting)).toEqual({ 'Encrypt ours': 1, 'Encrypt other': 1 })
})

test('to read files takes one call for each data key, however many have it', async () => {
  const { calls, files, copies, folder } = await machineWithFiles()
  const output = ['--output-dir', join(folder, 'out')]
  expect(all(await calls('decrypt', ...output, ...files))).toEqual({ 'Decrypt ours': 1 })
  expect(await calls('decrypt', ...output, ...copies)).toEqual({ 'Decrypt ours': 1 })
  expect(all(await calls('status', '--verify', ...files))).toEqual({ 'Decrypt ours': 1 })
  expect(await calls('status', ...files)).toEqual({})
})

test('to change a value takes the call that opens the file', async () => {
  const { calls } = await machineWithFiles()
  expect(await calls('set', '0.yaml', 'password', '"new"')).toEqual({ 'Decrypt ours': 1 })
  expect(await calls('unset', '0.yaml', 'password')).toEqual({ 'Decrypt ours': 1 })
})

test('to add and to remove a key takes one call besides for what is new, and none for who stays or leaves', async () => {
  const { calls, files, copies, rules } = await machineWithFiles()
  rules([ARN, OTHER_ARN])
  expect(all(await calls('updatekeys', '--yes', ...files))).toEqual({ 'Decrypt ours': 1, 'Encrypt other': 1 })
  expect(await calls('updatekeys', '--yes', ...copies)).toEqual({ 'Decrypt ours': 1, 'Encrypt other': COUNT })
  rules([ARN])
  // Which of the two is asked to open a file is a matter of time.
  expect(Object.keys(await calls('updatekeys', '--yes', ...files)).filter((name) => /^Encrypt/.test(name))).toEqual([])
})

test('to rotate takes the call that opens the file, and one for each key of the new data key', async () => {
  const { calls, files } = await machineWithFiles()
  expect(all(await calls('rotate', '-i', ...files))).toEqual({ 'Decrypt ours': 1, 'Encrypt ours': 1 })
})
