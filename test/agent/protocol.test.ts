import { describe, expect, test } from 'vitest'
import { encodeFrame, frameReader, requestOf } from '../../src/agent/protocol.ts'

const ID = 'ab'.repeat(32)
const key = () => new Uint8Array(32).fill(7)

/** A copy, since readers wipe what they are given. */
function read(bytes: Uint8Array, size = bytes.length) {
  const reader = frameReader()
  const frames = []
  for (let at = 0; at < bytes.length; at += size) frames.push(...reader(Buffer.from(bytes.subarray(at, at + size))))
  return frames
}

describe('a frame', () => {
  test.each([1, 2, 3, 5, 64, 1000])('is the same in pieces of %i bytes', (size) => {
    const frames = [encodeFrame({ op: 'set', id: ID }, key()), encodeFrame({ op: 'status' }), encodeFrame({}, key())]

    expect(read(Buffer.concat(frames), size)).toEqual([
      { head: { v: 1, op: 'set', id: ID }, body: key() },
      { head: { v: 1, op: 'status' }, body: new Uint8Array() },
      { head: { v: 1 }, body: key() },
    ])
  })

  test('has no data key in its JSON', () => {
    const frame = encodeFrame({ op: 'set', id: ID }, key())
    expect(frame.subarray(4, 4 + frame.readUInt16BE(0)).includes(7)).toBe(false)
  })

  test.each([
    ['a head that is too long', Buffer.from('ffff0000', 'hex')],
    ['a body that is too long', Buffer.from('0002ffff7b7d', 'hex')],
    ['a head that is no JSON', Buffer.from('000200007b7b', 'hex')],
    ['a head that is no object', Buffer.from('000400006e756c6c', 'hex')],
    ['a head that is a list', Buffer.from('000200005b5d', 'hex')],
    ['no head', Buffer.from('00000000', 'hex')],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('is none with %s', (_, bytes) => {
    expect(() => read(bytes)).toThrow()
    expect(() => read(bytes, 1)).toThrow()
  })

  test('leaves nothing of itself in what it arrived in', () => {
    const chunk = encodeFrame({ op: 'set', id: ID }, key())
    const [frame] = frameReader()(chunk)
    expect(chunk.every((byte) => byte === 0)).toBe(true)
    expect(frame?.body).toEqual(key())
  })

  test('cannot be made larger than a reader takes', () => {
    expect(() => encodeFrame({ id: 'x'.repeat(2000) })).toThrow(RangeError)
    expect(() => encodeFrame({}, new Uint8Array(65))).toThrow(RangeError)
  })
})

describe('a request', () => {
  const request = (head: Record<string, unknown>, body: Uint8Array = new Uint8Array()) =>
    requestOf({ head: { v: 1, ...head }, body })

  test('is one of a few', () => {
    expect(request({ op: 'get', id: ID })).toEqual({ op: 'get', id: ID })
    expect(request({ op: 'set', id: ID }, key())).toEqual({ op: 'set', id: ID, bytes: key() })
    expect(request({ op: 'set', id: ID }, new Uint8Array(33))).toMatchObject({ op: 'set' })
    expect(request({ op: 'status' })).toEqual({ op: 'status' })
  })

  test('to forget or to stop is understood in every version', () => {
    expect(request({ v: 99, op: 'lock' })).toEqual({ op: 'lock' })
    expect(request({ v: undefined, op: 'stop' })).toEqual({ op: 'stop' })
    expect(request({ v: 2, op: 'get', id: ID })).toBe('version')
  })

  test.each([
    ['no operation', {}],
    ['an unknown operation', { op: 'dump', id: ID }],
    ['an operation that is an object', { op: { toString: 1 }, id: ID }],
    ['no id', { op: 'get' }],
    ['an id that is too short', { op: 'get', id: 'ab' }],
    ['an id with other characters', { op: 'get', id: 'AB'.repeat(32) }],
    ['an id of another type', { op: 'get', id: [ID] }],
    ['nothing to remember', { op: 'set', id: ID }],
    ['the name of something that every object has', { op: 'constructor', id: '__proto__' }],
  ])('is none with %s', (_, head) => {
    expect(request(head)).toBe('malformed')
  })

  test.each([1, 16, 31, 34, 64])('remembers nothing of %i bytes', (length) => {
    expect(request({ op: 'set', id: ID }, new Uint8Array(length))).toBe('malformed')
  })
})
