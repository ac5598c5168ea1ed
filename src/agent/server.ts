import { randomBytes } from 'node:crypto'
import { lstatSync, renameSync, unlinkSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { pid, umask } from 'node:process'
import type { Host } from '../host/host.ts'
import { withLock } from '../host/lock.ts'
import { type AgentConnection, connectAgent } from './client.ts'
import { encodeFrame, type Frame, frameReader, requestOf } from './protocol.ts'
import { socketToMake } from './socket.ts'
import { createStore, type Store, TICK_MS } from './store.ts'

export interface ServeOptions {
  /** How long a data key may lie unused; and how long the agent stays when nobody asks for any. */
  readonly idleMs: number
  /** Calls `action` every `ms` milliseconds, until the function it returns is called. */
  readonly every?: ((ms: number, action: () => void) => () => void) | undefined
  /** What to do again each time that it looks at the clock. */
  readonly meanwhile?: (() => void) | undefined
  /** Told when it can be reached. */
  readonly ready?: (() => void) | undefined
}

/** Why an agent ended: `replaced` where another one has taken its place, which includes that somebody removed its socket. */
export type AgentEnd = 'stopped' | 'idle' | 'interrupted' | 'replaced' | 'already-running'

const MAX_CONNECTIONS = 128
/** Clients ask what they need and leave. One that was forgotten must not keep its place for ever. */
const CONNECTION_IDLE_MS = 60_000

type AgentHost = Pick<Host, 'env' | 'platform' | 'homeDir' | 'signal' | 'now'>

/**
 * Is the user's agent until it has nothing more to do: asked to stop, interrupted, or unused for the idle time. Everything it
 * remembers is overwritten then. Of several that start at the same time one stays.
 *
 * @throws KmsfileError `FILE_UNWRITABLE` where it cannot listen
 */
export async function serveAgent(
  host: AgentHost,
  { idleMs, every = ticking, meanwhile, ready }: ServeOptions,
): Promise<AgentEnd> {
  const path = await socketToMake(host)
  const store = createStore({ idleMs, now: () => host.now().getTime() })
  const sockets = new Set<Socket>()
  let end: (reason: AgentEnd) => void = () => {}
  const ended = new Promise<AgentEnd>((resolve) => {
    end = resolve
  })

  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    converse(socket, (frame) => answer(frame, { store, idleMs, stop: () => end('stopped') }))
  })
  server.maxConnections = MAX_CONNECTIONS
  const isOurs = await withLock(host, { path }, async () =>
    (await isAnswered(host)) ? undefined : listen(server, path),
  )
  if (isOurs === undefined) return 'already-running'

  const stopTicking = every(TICK_MS, () => {
    meanwhile?.()
    store.tick()
    if (!isOurs()) end('replaced')
    else if (host.now().getTime() - store.lastUse >= idleMs) end('idle')
  })
  const interrupt = () => end('interrupted')
  host.signal.addEventListener('abort', interrupt)
  if (host.signal.aborted) interrupt()
  ready?.()
  try {
    return await ended
  } finally {
    stopTicking()
    store.wipe()
    host.signal.removeEventListener('abort', interrupt)
    if (isOurs()) unlinkSync(path)
    server.close()
    // Answers that are on their way, the one to who stopped us among them, still arrive.
    for (const socket of sockets) {
      // Nothing more is taken in.
      socket.removeAllListeners('data').unref()
      socket.destroySoon()
    }
  }
}

function answer(
  frame: Frame,
  { store, idleMs, stop }: { store: Store; idleMs: number; stop: () => void },
): { readonly head: Readonly<Record<string, unknown>>; readonly body?: Uint8Array | undefined } {
  const request = requestOf(frame)
  if (typeof request === 'string') return { head: { ok: false, problem: request } }
  switch (request.op) {
    case 'get': {
      const body = store.get(request.id)
      return { head: { ok: true, found: body !== undefined }, body }
    }
    case 'set':
      store.set(request.id, request.bytes)
      return { head: { ok: true } }
    case 'status':
      store.tick()
      return { head: { ok: true, pid, keys: store.size, idleMs } }
    case 'lock': {
      const keys = store.size
      store.wipe()
      return { head: { ok: true, pid, keys } }
    }
    case 'stop': {
      const keys = store.size
      store.wipe()
      stop()
      return { head: { ok: true, pid, keys } }
    }
    default:
      return request satisfies never
  }
}

/** Answers a client until it leaves, or says something that cannot be understood. Nothing it says can do more than that. */
function converse(socket: Socket, reply: (frame: Frame) => ReturnType<typeof answer>): void {
  const read = frameReader()
  socket.setTimeout(CONNECTION_IDLE_MS, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Uint8Array) => {
    try {
      for (const frame of read(chunk)) {
        const { head, body } = reply(frame)
        frame.body.fill(0)
        const bytes = encodeFrame(head, body)
        const room = socket.write(bytes, () => bytes.fill(0))
        // Who asks without ever reading the answers would fill our memory with them.
        if (!room && !socket.isPaused()) socket.pause().once('drain', () => socket.resume())
      }
    } catch {
      socket.destroy()
    }
  })
}

/** Whether an agent runs that answers. One that hangs is replaced. */
async function isAnswered(host: AgentHost): Promise<boolean> {
  let connection: AgentConnection | undefined
  try {
    connection = await connectAgent(host)
    return connection !== undefined && (await connection.ask({ op: 'status' })).head['ok'] !== undefined
  } catch {
    return false
  } finally {
    connection?.close()
  }
}

/**
 * Listens at a path. It appears there with the permissions that it shall have, and in place of what a killed agent left; the
 * result says whether it is still there.
 */
async function listen(server: Server, path: string): Promise<() => boolean> {
  const name = `${path}.${randomBytes(4).toString('hex')}`
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const before = umask(0o177)
    server.listen(name, resolve)
    umask(before)
  })
  // A connection that could not be taken, for want of descriptors, is the trouble of that client alone.
  server.on('error', () => {})
  const inode = lstatSync(name).ino
  // Node removes the name that it was told when it closes, which by then would be that of a later agent.
  renameSync(name, path)
  return () => lstatSync(path, { throwIfNoEntry: false })?.ino === inode
}

function ticking(ms: number, action: () => void): () => void {
  const timer = setInterval(action, ms)
  return () => clearInterval(timer)
}
