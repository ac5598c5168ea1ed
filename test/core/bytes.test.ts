import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromBase64, sameBytes, strictBase64, toBase64 } from '../../src/core/bytes.ts'

const bytes = fc.uint8Array({ maxLength: 40 })

test('base64 comes back, padded or not, and has one spelling', () => {
  fc.assert(
    fc.property(bytes, (made) => {
      const text = toBase64(made)
      expect(Uint8Array.from(strictBase64(text) ?? [1])).toEqual(made)
      expect(Uint8Array.from(fromBase64(text) ?? [])).toEqual(made)
      expect(Uint8Array.from(fromBase64(text.replace(/=+$/, '')) ?? [])).toEqual(made)
      if (text.endsWith('=')) expect(strictBase64(text.replace(/=+$/, ''))).toBeUndefined()
    }),
  )
})

describe('is no base64', () => {
  test.each(['A', 'AA=', 'A===', 'AA=A', 'AAA-', 'AAA_', 'AA A', 'AAAA\n', ' AAAA', 'AB==', 'AAB=', '\u00c0AAA'])(
    '%j',
    (text) => {
      expect(strictBase64(text)).toBeUndefined()
    },
  )

  test.each(['AAA-', 'AAA_', 'AA A', 'AB==', '=AAA', 'AA=A'])('nor do its bytes come from %j', (text) => {
    expect(fromBase64(text)).toBeUndefined()
  })
})

test('bytes are the same if all of them are', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(sameBytes(a, b)).toBe(Buffer.from(a).equals(b))
      expect(sameBytes(a, Uint8Array.from(a))).toBe(true)
    }),
  )
})

test('base64 is that of the bytes alone, not of what lies around them', () => {
  expect(toBase64(Uint8Array.of(1, 2, 3, 4).subarray(1, 3))).toBe('AgM=')
})
