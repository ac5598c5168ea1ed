import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { type AgentConnection, connectAgent } from '../../src/agent/client.ts'
import { serveAgent } from '../../src/agent/server.ts'
import type { Store } from '../../src/agent/store.ts'
import { PROGRAM } from '../built-program.ts'
import { hostIn, scratch, type TestHost } from '../host/scratch.ts'

const made = vi.hoisted(() => ({ stores: [] as unknown[] }))
vi.mock('../../src/agent/store.ts', async (original) => {
  const real = await original<typeof import('../../src/agent/store.ts')>()
  const createStore: typeof real.createStore = (options) => {
    const store = real.createStore(options)
    made.stores.push(store)
    return store
  }
  return { ...real, createStore }
})
beforeEach(() => {
  made.stores.length = 0
})

const ID = 'ab'.repeat(32)
const IDLE_MS = 60_000

async function connected(host: TestHost): Promise<AgentConnection> {
  const connection = await connectAgent(host)
  if (connection === undefined) throw new Error('no agent')
  onTestFinished(() => connection.close())
  return connection
}

/** An agent of this process that remembers a data key; the very bytes that it keeps. */
async function remembering() {
  let time = Date.parse('2026-01-02T03:04:05Z')
  let tick = () => {}
  const host = hostIn(scratch(), { now: () => new Date(time) })
  const every = (_: number, action: () => void) => {
    tick = action
    return () => {}
  }
  let ended: Promise<unknown> = Promise.resolve()
  await new Promise<void>((ready) => {
    ended = serveAgent(host, { idleMs: IDLE_MS, every, ready })
  })
  onTestFinished(async () => {
    host.abort()
    await ended
  })
  const connection = await connected(host)
  await connection.ask({ op: 'set', id: ID, bytes: new Uint8Array(32).fill(7) })
  const [store] = made.stores as Store[]
  const kept = store?.get(ID)
  expect(kept).toEqual(new Uint8Array(32).fill(7))
  const pass = (ms: number) => {
    time += ms
    tick()
  }
  return { host, connection, kept, ended, pass }
}

test.each<[string, (agent: Awaited<ReturnType<typeof remembering>>) => Promise<unknown>]>([
  ['on lock', ({ connection }) => connection.ask({ op: 'lock' })],
  ['on stop', ({ connection }) => connection.ask({ op: 'stop' })],
  [
    'when it is interrupted',
    ({ host, ended }) => {
      host.abort()
      return ended
    },
  ],
  [
    'when its socket is gone, as after the last log-out',
    async ({ host, ended, pass }) => {
      rmSync(join(host.homeDir, 'kmsfile'), { recursive: true })
      pass(15_000)
      return ended
    },
  ],
  ['when the machine has slept', async ({ pass }) => pass(50_000)],
  [
    'when it was not used',
    async ({ pass }) => {
      for (let i = 0; i < 4; i++) pass(15_000)
    },
  ],
])('an agent overwrites what it remembers %s', async (_, end) => {
  const agent = await remembering()
  await end(agent)
  expect(agent.kept).toEqual(new Uint8Array(32))
})

/** How often bytes stand in the memory of a process; undefined where nobody may look. */
function copiesIn(pid: number, bytes: Uint8Array): number | undefined {
  let memory: number | undefined
  try {
    memory = openSync(`/proc/${pid}/mem`, 'r')
    let found = 0
    for (const [, start = '', end = ''] of readFileSync(`/proc/${pid}/maps`, 'latin1').matchAll(
      /^([0-9a-f]+)-([0-9a-f]+) rw/gm,
    )) {
      for (let at = Number.parseInt(start, 16), to = Number.parseInt(end, 16); at < to; at += PIECE_BYTES) {
        const piece = Buffer.alloc(Math.min(PIECE_BYTES, to - at))
        const length = readOrSkip(memory, piece, at)
        for (let i = piece.indexOf(bytes); i >= 0 && i < length; i = piece.indexOf(bytes, i + 1)) found++
      }
    }
    return found
  } catch {
    return undefined
  } finally {
    if (memory !== undefined) closeSync(memory)
  }
}

const PIECE_BYTES = 2 ** 24

function readOrSkip(memory: number, piece: Uint8Array, at: number): number {
  try {
    return readSync(memory, piece, 0, piece.length, at)
  } catch {
    // Mapped, but nothing behind it.
    return 0
  }
}

test('nothing of a data key is left in its process (where proc shows memory)', async ({ skip }) => {
  const host = hostIn(scratch())
  const child = spawn(process.execPath, [PROGRAM, 'agent', 'start', '--foreground'], {
    env: { ...host.env, NODE_DISABLE_COMPILE_CACHE: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await new Promise((resolve) => child.stderr.once('data', resolve))
  const { pid = 0 } = child
  if (copiesIn(pid, randomBytes(32)) === undefined) skip('this system does not show the memory of a child')
  const connection = await connected(host)
  const keys = Array.from({ length: 20 }, (_, i) => ({ id: `${i}`.padStart(64, '0'), bytes: randomBytes(32) }))
  for (const { id, bytes } of keys) await connection.ask({ op: 'set', id, bytes })
  for (const { id } of keys) await connection.ask({ op: 'get', id })
  // Until V8 has moved about what it keeps among its own objects.
  for (let i = 0; i < 400; i++) await connection.ask({ op: 'status' })
  expect(keys.map(({ bytes }) => copiesIn(pid, bytes))).toEqual(keys.map(() => 1))
  await connection.ask({ op: 'lock' })
  expect(keys.map(({ bytes }) => copiesIn(pid, bytes))).toEqual(keys.map(() => 0))
})
