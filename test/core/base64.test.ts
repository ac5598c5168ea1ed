import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { base64Length, readBase64, writeBase64 } from '../../src/core/base64.ts'
import { strictBase64 } from '../../src/core/bytes.ts'

const bytes = fc.uint8Array({ maxLength: 200 })

function written(made: Uint8Array): string {
  const out = Buffer.alloc(base64Length(made.length) + 2)
  const end = writeBase64(made, out, 1)
  expect(end).toBe(base64Length(made.length) + 1)
  return out.toString('latin1', 1, end)
}

function read(text: string): Uint8Array | undefined {
  const out = Buffer.alloc(text.length)
  const length = readBase64(text, out)
  return length < 0 ? undefined : Uint8Array.from(out.subarray(0, length))
}

test('writes what Node writes, and reads it', () => {
  fc.assert(
    fc.property(bytes, (made) => {
      const text = written(made)
      expect(text).toBe(Buffer.from(made).toString('base64'))
      expect(read(text)).toEqual(made)
    }),
  )
})

test('reads any text as strictly as the slow way does', () => {
  const character = fc.constantFrom(...'AB/+=zZ09-_ \n\u00c0\u2028')
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 12 }), (text) => {
      const slow = strictBase64(text)
      expect(read(text)).toEqual(slow === undefined ? undefined : Uint8Array.from(slow))
    }),
    { numRuns: 2000 },
  )
})

describe('is no base64', () => {
  test.each([
    'A',
    'AA=',
    'A===',
    '====',
    'AA=A',
    'AAA-',
    'AAA_',
    'AA A',
    'AAAA\n',
    'AB==',
    'AAB=',
    '\u00c0AAA',
    '\u0141AAA',
  ])('%j', (text) => {
    expect(read(text)).toBeUndefined()
  })
})
