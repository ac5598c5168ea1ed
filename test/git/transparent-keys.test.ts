import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { contentPackets, packetReader, textPackets } from '../../src/git/filters/filter-guard-packets.ts'
import type { Host } from '../../src/host/host.ts'
import { ARN, awsMachine } from '../keys/aws-machine.ts'
import { gitRepository } from '../vcs/git-repository.ts'

const PLAIN = 'password: hunter2-of-old\n'
const FILE = 'secrets/a.yaml'
const RULES = `version: 1\nrules: [{ files: ["secrets/**"], keys: [{ aws_kms: "${ARN}" }] }]\n`

/** A repository with a file for a key of KMS that nobody has used in it, and the filter as git starts it. */
async function repositoryWithKms() {
  const { kms } = await awsMachine()
  const { top, write, host, git } = gitRepository()
  const own: Host = {
    ...host,
    env: { ...host.env, ...process.env, HOME: top, XDG_RUNTIME_DIR: top, KMSFILE_AGENT: '0' },
  }
  const kmsfile = (args: readonly string[], changes: Partial<Host> = {}) => run(args, { ...own, ...changes })
  write('.kmsfile.yaml', RULES)
  write(FILE, PLAIN)
  expect(await kmsfile(['encrypt', '-i', FILE])).toBe(0)
  git('add', '--all')
  git('commit', '--quiet', '--message=one')
  git('config', 'kmsfile.transparent', 'secrets/**')
  rmSync(join(top, '.local'), { recursive: true })
  const before = kms.calls.length

  const filter = async (args: readonly string[], input: Uint8Array | string) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const [printed, said] = [buffer(stdout), buffer(stderr)]
    const stdin = Object.assign(Readable.from([Buffer.from(input)]), { isTTY: false })
    const code = await kmsfile(['git', 'filter-transparent', ...args], { stdin, stdout, stderr })
    stdout.end()
    stderr.end()
    return { code, stdout: await printed, stderr: (await said).toString() }
  }
  return {
    kmsfile,
    filter,
    calls: () => kms.calls.length - before,
    kms,
    ciphertext: readFileSync(join(top, FILE), 'utf8'),
  }
}

test('a key service that the user has not used in the repository is not asked', async () => {
  const { filter, calls, ciphertext } = await repositoryWithKms()
  const smudged = await filter([`--smudge=${FILE}`], ciphertext)
  expect(smudged).toMatchObject({ code: 0, stderr: expect.stringContaining('nobody has used this key here yet') })
  expect(smudged.stdout.toString()).toBe(ciphertext)
  const cleaned = await filter([`--clean=${FILE}`], PLAIN.replace('old', 'new'))
  expect(cleaned).toMatchObject({ code: 1, stderr: expect.stringContaining(`${FILE}: not added`) })
  expect(cleaned.stdout.length).toBe(0)
  expect(calls()).toBe(0)
})

test('a key service that does not answer leaves the ciphertext', async () => {
  const { kmsfile, filter, kms, ciphertext } = await repositoryWithKms()
  expect(await kmsfile(['decrypt', FILE])).toBe(0)
  kms.misbehave('deny')
  const { code, stdout } = await filter([`--smudge=${FILE}`], ciphertext)
  expect([code, stdout.toString()]).toEqual([0, ciphertext])
})

test('a data key is unwrapped once for all that git asks in one command', async () => {
  const { kmsfile, filter, calls, ciphertext } = await repositoryWithKms()
  expect(await kmsfile(['decrypt', FILE])).toBe(0)
  const before = calls()
  const request = (command: string, content: string) =>
    Buffer.concat([textPackets([`command=${command}`, `pathname=${FILE}`]), ...contentPackets([Buffer.from(content)])])
  const edits = ['one', 'two', 'three'].map((word) => request('clean', PLAIN.replace('old', word)))
  const talk = [
    textPackets(['git-filter-client', 'version=2']),
    textPackets(['capability=clean', 'capability=smudge']),
    request('smudge', ciphertext),
    ...edits,
    request('clean', PLAIN),
    request('clean', PLAIN.replace('old', 'one')),
  ]
  const { code, stdout } = await filter([], Buffer.concat(talk))
  expect(code).toBe(0)
  const packets = packetReader(Readable.from([stdout]))
  await packets.texts()
  await packets.texts()
  const answers: string[] = []
  for (let head = await packets.texts(); head !== undefined; head = await packets.texts()) {
    const content = (await packets.texts())?.join('\n') ?? ''
    expect([head, await packets.texts()]).toEqual([['status=success'], []])
    answers.push(content)
  }
  const [smudged, one, two, three, old, again] = answers
  expect(smudged).toBe(PLAIN.trimEnd())
  expect(old).toBe(ciphertext.trimEnd())
  // The same edit is the same ciphertext, however often git asks.
  expect(again).toBe(one)
  expect(new Set([one, two, three, old]).size).toBe(4)
  expect(calls() - before).toBe(1)
})
