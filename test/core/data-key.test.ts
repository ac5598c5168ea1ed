import { hkdfSync, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { newDataKey, type SubkeyPurpose, subkey, toDataKey } from '../../src/core/data-key.ts'

test.each([0, 16, 31, 33, 64])('%i bytes are no data key, and the message does not say which', (length) => {
  const bytes = randomBytes(length)
  const refusal = () => toDataKey(bytes)
  expect(refusal).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }))
  if (length > 0) expect(refusal).not.toThrow(new RegExp(bytes.toString('hex')))
})

test('a new one is 32 bytes from the source of random bytes', () => {
  expect(newDataKey((size) => new Uint8Array(size).fill(7))).toEqual(new Uint8Array(32).fill(7))
})

describe('a subkey', () => {
  const dataKey = toDataKey(randomBytes(32))
  const purposes: readonly SubkeyPurpose[] = ['mark', 'seal', 'layout', 'recipients', 'id']

  test.each(purposes)('for %s is HKDF-SHA-256 without salt', (purpose) => {
    expect(subkey(dataKey, purpose)).toEqual(
      new Uint8Array(hkdfSync('sha256', dataKey, new Uint8Array(0), `kmsfile v1 ${purpose}`, 32)),
    )
  })

  test('is neither that of another purpose nor the data key', () => {
    const keys = [...purposes.map((purpose) => subkey(dataKey, purpose)), dataKey]
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(keys.length)
  })
})
