import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { encodeFrame, frameReader } from '../../src/agent/protocol.ts'
import { run } from '../../src/cli/run.ts'
import type { Host } from '../../src/host/host.ts'
import { scratch } from '../host/scratch.ts'
import { ARN, awsMachine, OTHER_ARN } from '../keys/aws-machine.ts'
import { gitRepository } from '../vcs/git-repository.ts'

/** What the liar would have files encrypted with. */
const LIE = new Uint8Array(32).fill(0xaa)

/** Something that listens where the agent should, and does with a connection as it likes. */
async function listening(folder: string, serve: (socket: Socket) => void): Promise<void> {
  mkdirSync(join(folder, 'kmsfile'), { mode: 0o700, recursive: true })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    serve(socket)
  })
  const path = join(folder, 'kmsfile/agent.sock')
  await new Promise<void>((resolve) => server.listen(path, resolve))
  chmodSync(path, 0o600)
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
}

/** A machine with a KMS and an encrypted file, and an agent that has a data key of its own for everything. */
async function machineWithLiar() {
  const { kms } = await awsMachine()
  const { top, write, host } = gitRepository()
  const session = scratch()
  const own: Host = { ...host, env: { ...host.env, ...process.env, HOME: top, XDG_RUNTIME_DIR: session } }
  const kmsfile = (...args: string[]) => run(args, own)
  write('.kmsfile.yaml', `version: 1\nrules: [{ files: ["*.yaml"], keys: [{ aws_kms: "${ARN}" }] }]\n`)
  write('secret.yaml', 'a: secret-value\nb: other-value\n')
  expect(await kmsfile('encrypt', '-i', 'secret.yaml')).toBe(0)
  for (const name of ['base.yaml', 'theirs.yaml']) write(name, readFileSync(join(top, 'secret.yaml')))
  expect(await kmsfile('set', 'theirs.yaml', 'b', '"of-theirs"')).toBe(0)
  expect(await kmsfile('set', 'secret.yaml', 'a', '"of-ours"')).toBe(0)
  const asked: string[] = []
  await listening(session, (socket) => {
    const read = frameReader()
    socket.on('data', (chunk: Uint8Array) => {
      for (const { head } of read(chunk)) {
        asked.push(String(head['op']))
        socket.write(encodeFrame({ ok: true, found: true, pid: 1, keys: 0, idleMs: 1 }, LIE.slice()))
      }
    })
  })
  return { kms, top, write, kmsfile, asked, read: () => readFileSync(join(top, 'secret.yaml'), 'utf8') }
}

describe('an agent that lies about data keys', () => {
  test.each([
    ['decrypt', ['decrypt', 'secret.yaml']],
    ['get', ['get', 'secret.yaml', 'a']],
    ['set', ['set', 'secret.yaml', 'a', '"new-secret"']],
    ['set, where nothing of the file is looked at otherwise', ['set', 'secret.yaml', 'c', '"new-secret"']],
    ['unset', ['unset', 'secret.yaml', 'a']],
    ['updatekeys', ['updatekeys', '--yes', 'secret.yaml']],
    ['rotate', ['rotate', 'secret.yaml']],
    ['seal', ['seal', '--accept', '--yes', 'secret.yaml']],
  ])('has nothing decrypted or written: %s', async (_, args) => {
    const { kmsfile, write, top, read, asked } = await machineWithLiar()
    const rules = readFileSync(join(top, '.kmsfile.yaml'), 'utf8')
    // There is something to do for updatekeys.
    write('.kmsfile.yaml', rules.replace('keys: [', `keys: [{ aws_kms: "${OTHER_ARN}" }, `))
    const before = read()
    expect({ code: await kmsfile(...args), asked: asked[0] }).toEqual({ code: 6, asked: 'get' })
    expect(read()).toBe(before)
  })

  test('has nothing merged', async () => {
    const { kmsfile, read, asked } = await machineWithLiar()
    const before = read()
    const driver = ['git', 'merge-driver', 'base.yaml', 'secret.yaml', 'theirs.yaml', '7', 'secret.yaml']
    expect(await kmsfile(...driver)).toBe(1)
    expect(asked).toContain('get')
    expect(read()).toBe(before)
  })

  test('has no part in new files', async () => {
    const { kmsfile, write, asked, top } = await machineWithLiar()
    write('new.yaml', 'a: another-secret\n')
    expect(await kmsfile('encrypt', '-i', 'new.yaml')).toBe(0)
    expect(readFileSync(join(top, 'new.yaml'), 'utf8')).not.toContain('another-secret')
    expect(asked).toEqual([])
  })

  test('is told no data key that it is said to have', async () => {
    const { kmsfile, asked, kms } = await machineWithLiar()
    const count = kms.calls.length
    await kmsfile('decrypt', 'secret.yaml')
    expect(asked).toEqual(['get'])
    expect(kms.calls).toHaveLength(count)
  })
})

describe('what listens in place of an agent', () => {
  test.each<[string, (socket: Socket) => void]>([
    ['hangs up at once', (socket) => void socket.destroy()],
    ['hangs up when it is asked', (socket) => void socket.once('data', () => socket.destroy())],
    ['says what is no frame', (socket) => void socket.on('data', () => socket.write(Buffer.alloc(100_000, 0x7b)))],
    ['talks before it is asked', (socket) => void socket.write(encodeFrame({ ok: true, found: true }))],
    ['announces more than it sends', (socket) => void socket.write(Buffer.from('00400020', 'hex'))],
    ['answers with too short a key', answering({ ok: true, found: true }, new Uint8Array(16))],
    ['answers with no key at all', answering({ ok: true, found: true }, new Uint8Array())],
    ['answers with a share of a key', answering({ ok: true, found: true }, new Uint8Array(33))],
    ['answers with an error', answering({ ok: false, problem: 'version' }, LIE)],
    ['answers with something else', answering({ ok: 'yes', found: 1 }, LIE)],
    [
      'never ends',
      (socket) => {
        const frame = encodeFrame({ ok: false })
        const more = () => {
          while (!socket.destroyed && socket.write(frame));
        }
        socket.on('drain', more)
        more()
      },
    ],
  ])('does not keep a command from asking its key service: it %s', async (_, serve) => {
    const { kms } = await awsMachine()
    const { top, write, host } = gitRepository()
    const session = scratch()
    const own: Host = { ...host, env: { ...host.env, ...process.env, HOME: top, XDG_RUNTIME_DIR: session } }
    write('secret.yaml', 'a: secret-value\n')
    expect(await run(['encrypt', '-i', '--kms', ARN, 'secret.yaml'], own)).toBe(0)
    await listening(session, serve)
    expect(await run(['decrypt', '-i', 'secret.yaml'], own)).toBe(0)
    expect(readFileSync(join(top, 'secret.yaml'), 'utf8')).toBe('a: secret-value\n')
    expect(kms.calls.at(-1)?.action).toBe('Decrypt')
  })
})

function answering(head: Record<string, unknown>, body: Uint8Array) {
  return (socket: Socket) => void socket.on('data', () => socket.write(encodeFrame(head, body)))
}

test('what a command says does not reach who listens behind a link, or where others could', async () => {
  const { kms } = await awsMachine()
  const { top, write, host } = gitRepository()
  const session = scratch()
  const own: Host = { ...host, env: { ...host.env, ...process.env, HOME: top, XDG_RUNTIME_DIR: session } }
  write('secret.yaml', 'a: secret-value\n')
  expect(await run(['encrypt', '-i', '--kms', ARN, 'secret.yaml'], own)).toBe(0)
  let connections = 0
  await listening(session, () => connections++)
  for (const mode of [0o750, 0o705, 0o777]) {
    chmodSync(join(session, 'kmsfile'), mode)
    expect(await run(['get', 'secret.yaml', 'a'], { ...own, env: { ...own.env, KMSFILE_AGENT: '' } })).toBe(0)
  }
  expect(connections).toBe(0)
  expect(kms.calls.filter(({ action }) => action === 'Decrypt')).toHaveLength(3)
})
