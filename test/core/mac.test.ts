import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { startMac } from '../../src/core/mac.ts'

function macOf(texts: readonly string[], onlyEncrypted = false): string {
  const mac = startMac({ onlyEncrypted })
  for (const text of texts) mac.add(text)
  return mac.digest()
}

const sha512 = (...parts: readonly (string | Uint8Array)[]) => {
  const hash = createHash('sha512')
  for (const part of parts) hash.update(part)
  return hash.digest('hex').toUpperCase()
}

test('is SHA-512 of the values one after the other, in upper-case digits', () => {
  expect(macOf([])).toBe(sha512(''))
  expect(macOf(['a', '', 'True', '1.5'])).toBe(sha512('aTrue1.5'))
  expect(macOf(['a'])).toMatch(/^[0-9A-F]{128}$/)
})

test('starts with SHA-256("sops") where only encrypted values count', () => {
  expect(macOf(['a'], true)).toBe(sha512(createHash('sha256').update('sops').digest(), 'a'))
  expect(macOf([], true)).not.toBe(macOf([]))
})

test('covers the order of the values', () => {
  expect(macOf(['a', 'b'])).not.toBe(macOf(['b', 'a']))
})

// What sops gives: the seal, not the MAC, tells these apart.
test('does not cover the borders of the values', () => {
  expect(macOf(['ab', 'c'])).toBe(macOf(['a', 'bc']))
})

test('is the same however many values there are and however long they are', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.nat(70_000).map((length) => '\u00e9'.repeat(length)),
  )
  fc.assert(
    fc.property(fc.array(text, { maxLength: 6 }), (texts) => {
      expect(macOf(texts)).toBe(sha512(texts.join('')))
    }),
  )
})
