import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type AgentConnection, connectAgent } from '../../src/agent/client.ts'
import { launchAgent } from '../../src/agent/launch.ts'
import { encodeFrame, type Request } from '../../src/agent/protocol.ts'
import { type AgentEnd, serveAgent } from '../../src/agent/server.ts'
import { TICK_MS } from '../../src/agent/store.ts'
import { hostIn, scratch, type TestHost } from '../host/scratch.ts'

const ID = 'ab'.repeat(32)
const IDLE_MS = 60_000
const key = () => new Uint8Array(32).fill(7)

interface RunningAgent {
  readonly host: TestHost
  readonly ended: Promise<AgentEnd>
  /** Lets time pass. */
  pass(ms: number): void
  ask(request: Request): Promise<Record<string, unknown>>
  connect(): Promise<AgentConnection>
}

/** An agent of this process; it ends with the test. */
async function startAgent(folder = scratch()): Promise<RunningAgent> {
  let time = Date.parse('2026-01-02T03:04:05Z')
  let tick = () => {}
  const host = hostIn(folder, { now: () => new Date(time) })
  let ready = () => {}
  const listening = new Promise<void>((resolve) => {
    ready = resolve
  })
  const every = (_: number, action: () => void) => {
    tick = action
    return () => {}
  }
  const ended = serveAgent(host, { idleMs: IDLE_MS, every, ready })
  onTestFinished(async () => {
    host.abort()
    await ended.catch(() => {})
  })
  await Promise.race([listening, ended])
  const agent: RunningAgent = {
    host,
    ended,
    pass(ms) {
      for (let left = ms; left > 0; left -= TICK_MS) {
        time += Math.min(left, TICK_MS)
        tick()
      }
    },
    async ask(request) {
      return (await (await agent.connect()).ask(request)).head
    },
    async connect() {
      const connection = await connectAgent(host)
      if (connection === undefined) throw new Error('no agent')
      onTestFinished(() => connection.close())
      return connection
    },
  }
  return agent
}

const socketOf = (host: TestHost) => join(host.homeDir, 'kmsfile/agent.sock')

describe('the agent', () => {
  test('gives back what it was told, to every client of the user', async () => {
    const agent = await startAgent()
    await agent.ask({ op: 'set', id: ID, bytes: key() })

    const answer = await (await agent.connect()).ask({ op: 'get', id: ID })
    expect(answer.head).toMatchObject({ ok: true, found: true })
    expect(answer.body).toEqual(key())
    expect(await agent.ask({ op: 'get', id: 'cd'.repeat(32) })).toMatchObject({ ok: true, found: false })
    expect(await agent.ask({ op: 'status' })).toMatchObject({ ok: true, pid: process.pid, keys: 1, idleMs: IDLE_MS })
  })

  test('answers many questions of one client in their order', async () => {
    const connection = await (await startAgent()).connect()
    const ids = Array.from({ length: 500 }, (_, i) => i.toString(16).padStart(64, '0'))
    await Promise.all(ids.map((id, i) => connection.ask({ op: 'set', id, bytes: new Uint8Array(32).fill(i) })))
    const answers = await Promise.all(ids.map((id) => connection.ask({ op: 'get', id })))
    expect(answers.map(({ body }) => body[0])).toEqual(ids.map((_, i) => i % 256))
  })

  test('listens where only its user can reach it', async () => {
    const { host } = await startAgent()
    expect(lstatSync(socketOf(host)).mode & 0o777).toBe(0o600)
    expect(lstatSync(join(host.homeDir, 'kmsfile')).mode & 0o777).toBe(0o700)
  })

  test('forgets everything on lock, and stays', async () => {
    const agent = await startAgent()
    await agent.ask({ op: 'set', id: ID, bytes: key() })
    expect(await agent.ask({ op: 'lock' })).toMatchObject({ ok: true, keys: 1 })
    expect(await agent.ask({ op: 'get', id: ID })).toMatchObject({ found: false })
  })

  test('ends when it is asked to, with an answer and without leaving a socket', async () => {
    const agent = await startAgent()
    expect(await agent.ask({ op: 'stop' })).toMatchObject({ ok: true })
    expect(await agent.ended).toBe('stopped')
    expect(existsSync(socketOf(agent.host))).toBe(false)
    expect(await connectAgent(agent.host)).toBeUndefined()
  })

  test('ends when it is interrupted', async () => {
    const agent = await startAgent()
    agent.host.abort()
    expect(await agent.ended).toBe('interrupted')
    expect(existsSync(socketOf(agent.host))).toBe(false)
  })

  test('ends when nobody has used it for the idle time; to ask how it is does not count', async () => {
    const agent = await startAgent()
    agent.pass(IDLE_MS - TICK_MS)
    await agent.ask({ op: 'set', id: ID, bytes: key() })
    agent.pass(IDLE_MS - TICK_MS)
    expect(await agent.ask({ op: 'status' })).toMatchObject({ keys: 1 })
    agent.pass(TICK_MS)
    expect(await agent.ended).toBe('idle')
  })

  test('ends when its socket is gone, and leaves that of another alone', async () => {
    const folder = scratch()
    const first = await startAgent(folder)
    // As somebody does who cleans up, or the system at log-out.
    rmSync(socketOf(first.host))
    const second = await startAgent(folder)
    first.pass(TICK_MS)
    expect(await first.ended).toBe('replaced')
    expect(await second.ask({ op: 'status' })).toMatchObject({ ok: true })
  })

  test.each<[string, (path: string) => void]>([
    ['a file', (path) => writeFileSync(path, 'x')],
    ['a link', (path) => symlinkSync('elsewhere', path)],
    ['a folder', (path) => mkdirSync(path)],
  ])('ends when %s takes the place of its socket, and leaves that alone', async (_, put) => {
    const agent = await startAgent()
    const path = socketOf(agent.host)
    rmSync(path)
    put(path)
    const { ino } = lstatSync(path)
    expect(await connectAgent(agent.host)).toBeUndefined()
    agent.pass(TICK_MS)
    expect(await agent.ended).toBe('replaced')
    expect(lstatSync(path).ino).toBe(ino)
  })

  test('is one, however many start', async () => {
    const folder = scratch()
    const agents = await Promise.all(Array.from({ length: 5 }, () => startAgent(folder)))
    const ends: (AgentEnd | undefined)[] = await Promise.all(
      agents.map(({ ended }) => Promise.race([ended, Promise.resolve().then(() => undefined)])),
    )
    expect(ends.filter((end) => end === undefined)).toHaveLength(1)
    expect(ends.filter((end) => end === 'already-running')).toHaveLength(4)
  })

  test('takes the place of one that was killed', async () => {
    const folder = scratch()
    mkdirSync(join(folder, 'kmsfile'), { mode: 0o700 })
    // What is left of a server whose process is gone.
    const path = join(folder, 'kmsfile/agent.sock')
    const dying = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
    spawnSync(process.execPath, ['-e', dying])
    chmodSync(path, 0o600)
    const agent = await startAgent(folder)
    expect(await agent.ask({ op: 'status' })).toMatchObject({ ok: true })
  })
})

describe('the agent refuses', () => {
  const place = () => {
    const folder = scratch()
    mkdirSync(join(folder, 'kmsfile'), { mode: 0o700 })
    return { folder, path: join(folder, 'kmsfile/agent.sock'), host: hostIn(folder) }
  }
  const serving = (host: TestHost) => serveAgent(host, { idleMs: IDLE_MS })

  test('to listen where a file is', async () => {
    const { path, host } = place()
    writeFileSync(path, '')
    await expect(serving(host)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE', file: path })
  })

  test('to listen, and its client to talk, behind a link', async () => {
    const { folder, path } = place()
    const other = join(folder, 'other')
    mkdirSync(other)
    const agent = await startAgent(other)
    symlinkSync(socketOf(agent.host), path)
    await expect(serving(hostIn(folder))).rejects.toMatchObject({ code: 'FILE_UNWRITABLE', file: path })
    expect(await connectAgent(hostIn(folder))).toBeUndefined()
  })

  test('a folder that is a link', async () => {
    const folder = scratch()
    mkdirSync(join(folder, 'elsewhere'), { mode: 0o700 })
    symlinkSync('elsewhere', join(folder, 'kmsfile'))
    await expect(serving(hostIn(folder))).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
  })

  test('a system where others could listen in its place first', async () => {
    const agent = await startAgent()
    const windows = { ...agent.host, platform: 'win32' }
    expect(await connectAgent(windows)).toBeUndefined()
    await expect(serveAgent(windows, { idleMs: IDLE_MS })).rejects.toMatchObject({ code: 'AGENT_FAILED' })
    expect(await launchAgent(windows, { idle: '15m' })).toBe(false)
  })

  test('a path that is too long for a socket', async () => {
    const folder = join(scratch(), 'x'.repeat(80))
    mkdirSync(folder, { mode: 0o700 })
    await expect(serving(hostIn(folder))).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
  })

  test.skipIf(process.getuid?.() !== 0)('what belongs to another user (where files can be given away)', async () => {
    const agent = await startAgent()
    expect(await connectAgent(agent.host)).toBeDefined()
    chownSync(socketOf(agent.host), 12345, 12345)
    expect(await connectAgent(agent.host)).toBeUndefined()
    await expect(serving(agent.host)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })

    const { folder, host } = place()
    chownSync(join(folder, 'kmsfile'), 12345, 12345)
    await expect(serving(host)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
  })

  test('as a client, a socket that others can reach', async () => {
    const agent = await startAgent()
    chmodSync(socketOf(agent.host), 0o660)
    expect(await connectAgent(agent.host)).toBeUndefined()
    chmodSync(socketOf(agent.host), 0o600)
    chmodSync(join(agent.host.homeDir, 'kmsfile'), 0o710)
    expect(await connectAgent(agent.host)).toBeUndefined()
  })
})

describe('a client that means no good', () => {
  /** Sends bytes, and waits until the agent ends the connection. */
  const send = (agent: RunningAgent, bytes: Uint8Array) =>
    new Promise<void>((resolve) => {
      const socket = connect(socketOf(agent.host), () => socket.write(bytes))
      socket.on('error', () => {}).on('close', () => resolve())
      socket.resume()
    })

  test('is cut off for what is no frame, and the agent goes on', async () => {
    const agent = await startAgent()
    await agent.ask({ op: 'set', id: ID, bytes: key() })
    const garbage = [
      Buffer.alloc(100_000, 0xff),
      Buffer.from('{"op":"status"}\n'),
      Buffer.concat([Buffer.from('00030000', 'hex'), Buffer.from('[1]')]),
      Buffer.concat([encodeFrame({ op: 'status' }), Buffer.from('fffffffffff')]),
      Buffer.concat([Buffer.from('00100000', 'hex'), Buffer.from('{"__proto__":{}}'), Buffer.from('ffffffff', 'hex')]),
    ]
    for (const bytes of garbage) await send(agent, bytes)
    expect(await agent.ask({ op: 'get', id: ID })).toMatchObject({ found: true })
  })

  test('gets an answer for a request that is none', async () => {
    const connection = await (await startAgent()).connect()
    const odd = { op: 'dump' } as unknown as Request
    expect((await connection.ask(odd)).head).toMatchObject({ ok: false, problem: 'malformed' })
    expect((await connection.ask({ op: 'status' })).head).toMatchObject({ ok: true })
  })

  test('leaves in the middle of a frame', async () => {
    const agent = await startAgent()
    await new Promise<void>((resolve) => {
      const socket = connect(socketOf(agent.host), () => {
        socket.end(encodeFrame({ op: 'set', id: ID }, key()).subarray(0, 40), () => socket.destroy())
      })
      socket.on('close', () => resolve())
    })
    expect(await agent.ask({ op: 'get', id: ID })).toMatchObject({ found: false })
  })

  test('asks without reading: it is not read any further', async () => {
    const agent = await startAgent()
    const frame = encodeFrame({ op: 'status' })
    const many = Buffer.concat(Array.from({ length: 20_000 }, () => frame))
    const socket = connect(socketOf(agent.host))
    onTestFinished(() => void socket.destroy())
    socket.pause()
    // The agent takes some, and then no more: the kernel's buffers are full, and the rest stays with the client.
    let taken = false
    for (let i = 0; i < 20; i++) socket.write(many, () => (taken = i === 19))
    for (let i = 0; i < 50; i++) expect(await agent.ask({ op: 'status' })).toMatchObject({ ok: true })
    expect(taken).toBe(false)
  })

  test('keeps all connections half open: another one is sent away, and does not wait', async () => {
    const agent = await startAgent()
    const sockets = Array.from({ length: 128 }, () => connect(socketOf(agent.host)).on('error', () => {}))
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
    })
    await Promise.all(
      sockets.map((socket) => new Promise((resolve) => socket.once('connect', () => socket.write('\0', resolve)))),
    )
    const connection = await connectAgent(agent.host)
    await expect(connection?.ask({ op: 'status' })).rejects.toThrow('the agent has gone')
  })

  test('keeps many connections open: others still get an answer when it has left', async () => {
    const agent = await startAgent()
    const sockets = Array.from({ length: 200 }, () => connect(socketOf(agent.host)).on('error', () => {}))
    await Promise.all(
      sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))),
    )
    for (const socket of sockets) socket.destroy()
    await Promise.all(sockets.map((socket) => socket.closed || new Promise((resolve) => socket.once('close', resolve))))
    expect(await agent.ask({ op: 'status' })).toMatchObject({ ok: true })
  })
})

describe('a client', () => {
  test('does not wait for an agent that hangs', async () => {
    const folder = scratch()
    mkdirSync(join(folder, 'kmsfile'), { mode: 0o700 })
    const mute = createServer(() => {})
    const path = join(folder, 'kmsfile/agent.sock')
    await new Promise<void>((resolve) => mute.listen(path, resolve))
    onTestFinished(() => void mute.close())
    chmodSync(path, 0o600)

    const connection = await connectAgent(hostIn(folder))
    await expect(connection?.ask({ op: 'status' })).rejects.toThrow()
    connection?.close()
  })

  test('is told when the agent goes', async () => {
    const agent = await startAgent()
    const connection = await agent.connect()
    await connection.ask({ op: 'status' })
    agent.host.abort()
    await agent.ended
    await expect(connection.ask({ op: 'status' })).rejects.toThrow()
  })
})
