/*
 * What the agent and its clients say to each other over a socket. A frame is
 *
 *   length of the head, length of the body   16 bits each, big endian
 *   head                                     a JSON object
 *   body                                     a data key, or a share of one; empty in all other frames
 *
 * A data key is never part of the JSON: a string cannot be wiped. A client asks, the agent answers in the same order.
 */

import { fixedBytes, fixedCopy } from './fixed-bytes.ts'

/** Raised with every change that an agent or a client of before would misunderstand. `lock` and `stop` never change. */
const PROTOCOL_VERSION = 1

/** A data key has 32 bytes, a share of one 33. */
const BODY_BYTES: readonly number[] = [32, 33]
const MAX_HEAD_BYTES = 1024
const MAX_BODY_BYTES = 64
const LENGTHS_BYTES = 4

export interface Frame {
  readonly head: Readonly<Record<string, unknown>>
  /** Whoever takes the frame wipes it. */
  readonly body: Uint8Array
}

/** What a client may ask. Ids are {@link entryId}s. */
export type Request =
  | { readonly op: 'get'; readonly id: string }
  | { readonly op: 'set'; readonly id: string; readonly bytes: Uint8Array }
  | { readonly op: 'status' }
  /** Forgets everything. */
  | { readonly op: 'lock' }
  /** Forgets everything and ends. */
  | { readonly op: 'stop' }

/** A frame as it goes over the socket. */
export function encodeFrame(head: Readonly<Record<string, unknown>>, body: Uint8Array = new Uint8Array()): Buffer {
  const json = Buffer.from(JSON.stringify({ v: PROTOCOL_VERSION, ...head }))
  if (json.length > MAX_HEAD_BYTES || body.length > MAX_BODY_BYTES) throw new RangeError('a frame is too large')
  // Not from the pool either, whose memory is shared with whatever else is printed.
  const frame = Buffer.from(fixedBytes(LENGTHS_BYTES + json.length + body.length).buffer)
  frame.writeUInt16BE(json.length, 0)
  frame.writeUInt16BE(body.length, 2)
  frame.set(json, LENGTHS_BYTES)
  frame.set(body, LENGTHS_BYTES + json.length)
  return frame
}

/**
 * Takes what arrives apart into frames, whatever pieces it arrives in. The pieces are wiped.
 *
 * @throws Error for what cannot be a frame; nothing that comes after it can be read either.
 */
export function frameReader(): (chunk: Uint8Array) => readonly Frame[] {
  const buffer = Buffer.from(fixedBytes(LENGTHS_BYTES + MAX_HEAD_BYTES + MAX_BODY_BYTES).buffer)
  let length = 0

  const wanted = (): number => {
    if (length < LENGTHS_BYTES) return LENGTHS_BYTES
    const [head, body] = [buffer.readUInt16BE(0), buffer.readUInt16BE(2)]
    if (head > MAX_HEAD_BYTES || body > MAX_BODY_BYTES) throw new Error('a frame is too large')
    return LENGTHS_BYTES + head + body
  }
  const taken = (): Frame => {
    const end = LENGTHS_BYTES + buffer.readUInt16BE(0)
    const head: unknown = JSON.parse(buffer.toString('utf8', LENGTHS_BYTES, end))
    if (typeof head !== 'object' || head === null || Array.isArray(head)) throw new Error('a frame has no object')
    const body = fixedCopy(buffer.subarray(end, length))
    return { head: head as Frame['head'], body }
  }

  return (chunk) => {
    const frames: Frame[] = []
    try {
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + wanted() - length)
        buffer.set(part, length)
        length += part.length
        at += part.length
        if (length < LENGTHS_BYTES || length < wanted()) continue
        frames.push(taken())
        buffer.fill(0, 0, length)
        length = 0
      }
      return frames
    } catch (error) {
      for (const { body } of frames) body.fill(0)
      buffer.fill(0)
      throw error
    } finally {
      chunk.fill(0)
    }
  }
}

/** The request in a frame; else why it is none. */
export function requestOf({ head, body }: Frame): Request | 'version' | 'malformed' {
  const { v, op, id } = head
  if (op === 'lock' || op === 'stop') return { op }
  if (v !== PROTOCOL_VERSION) return 'version'
  if (op === 'status') return { op }
  if (typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id)) return 'malformed'
  if (op === 'get') return { op, id }
  if (op === 'set' && BODY_BYTES.includes(body.length)) return { op, id, bytes: body }
  return 'malformed'
}
