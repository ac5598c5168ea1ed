import { connect, type Socket } from 'node:net'
import type { Host } from '../host/host.ts'
import { encodeFrame, type Frame, frameReader, type Request } from './protocol.ts'
import { findSocket } from './socket.ts'

/** A connection to the agent. */
export interface AgentConnection {
  /** Asks, and waits for the answer. @throws Error where none comes in time, or the agent has gone */
  ask(request: Request): Promise<Frame>
  readonly closed: boolean
  close(): void
}

/** An agent has nothing to compute. One that takes longer hangs. */
const ANSWER_MS = 300

/** Connects to the user's agent; undefined where none listens. Never takes longer than {@link ANSWER_MS}. */
export async function connectAgent(
  host: Pick<Host, 'env' | 'platform' | 'homeDir'>,
): Promise<AgentConnection | undefined> {
  const path = await findSocket(host)
  if (path === undefined) return undefined
  const socket = connect(path)
  // Whoever waits for an answer has a timer of their own; nobody shall wait for an agent that says nothing more.
  socket.unref()
  const connected = new Promise<true>((resolve, reject) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', reject)
  })
  try {
    await inTime(connected)
    return conversation(socket)
  } catch {
    socket.destroy()
    return undefined
  }
}

function conversation(socket: Socket): AgentConnection {
  const waiting: { resolve(frame: Frame): void; reject(error: Error): void }[] = []
  const read = frameReader()
  const end = () => {
    socket.destroy()
    for (const { reject } of waiting.splice(0)) reject(new Error('the agent has gone'))
  }
  socket.on('error', end).on('close', end)
  socket.on('data', (chunk: Uint8Array) => {
    try {
      for (const frame of read(chunk)) waiting.shift()?.resolve(frame)
    } catch {
      end()
    }
  })
  return {
    async ask(request) {
      const { bytes, head } = 'bytes' in request ? split(request) : { bytes: undefined, head: request }
      const frame = encodeFrame(head, bytes)
      const answer = new Promise<Frame>((resolve, reject) => {
        if (socket.destroyed) return reject(new Error('the agent has gone'))
        waiting.push({ resolve, reject })
        socket.write(frame, () => frame.fill(0))
      })
      return inTime(answer)
    },
    get closed() {
      return socket.destroyed
    },
    close: end,
  }
}

function split({ bytes, ...head }: Request & { readonly op: 'set' }) {
  return { bytes, head }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the agent does not answer')), ANSWER_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
