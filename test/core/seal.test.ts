import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type DataKey, toDataKey } from '../../src/core/data-key.ts'
import { hasMark, sealDocument, verifySeal } from '../../src/core/seal.ts'

const dataKey = toDataKey(randomBytes(32))
const time = '2026-01-02T03:04:05Z'

function sealed(view: string, { key = dataKey, at = time }: { key?: DataKey; at?: string } = {}): Uint8Array {
  const seal = sealDocument(key, at, randomBytes)
  seal.sink(Buffer.from(view))
  return seal.nonce()
}

function verdict(nonce: Uint8Array, view: string, { key = dataKey, at = time }: { key?: DataKey; at?: string } = {}) {
  const seal = verifySeal(key, at, nonce)
  // Cut in two: the view comes in pieces.
  seal.sink(Buffer.from(view.slice(0, 2)))
  seal.sink(Buffer.from(view.slice(2)))
  return seal.verdict()
}

test('is what the design says, byte for byte', () => {
  const key = (label: string) => new Uint8Array(hkdfSync('sha256', dataKey, '', `kmsfile v1 ${label}`, 32))
  const random = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
  const seal = sealDocument(dataKey, time, (size) => random.subarray(0, size))
  seal.sink(Buffer.from('view'))

  const mark = createHmac('sha256', key('mark')).update(random).digest().subarray(0, 8)
  const length = Buffer.from('0000000000000014', 'hex')
  const bound = createHmac('sha256', key('seal')).update(random).update(length).update(time).update('view').digest()
  expect(Buffer.from(seal.nonce())).toEqual(Buffer.concat([random, mark, bound.subarray(0, 16)]))
})

test('fits the view and the time that were sealed', () => {
  const nonce = sealed('a view')

  expect(nonce).toHaveLength(32)
  expect(hasMark(dataKey, nonce)).toBe(true)
  expect(verdict(nonce, 'a view')).toBe('sealed')
})

describe('is broken', () => {
  test.each([
    ['another view', 'another view', {}],
    ['a shorter view', 'a vie', {}],
    ['a longer view', 'a view ', {}],
    ['another time', 'a view', { at: '2026-01-02T03:04:06Z' }],
    ['bytes moved from the time to the view', 'Za view', { at: time.slice(0, -1) }],
  ])('by %s', (_what, view, options) => {
    expect(verdict(sealed('a view'), view, options)).toBe('broken')
  })

  test('by a change of any bit of its second half', () => {
    const nonce = sealed('a view')
    for (let bit = 16 * 8; bit < 32 * 8; bit++) expect(verdict(flipped(nonce, bit), 'a view')).toBe('broken')
  })
})

describe('is absent', () => {
  test('where a bit of its first half is another', () => {
    const nonce = sealed('a view')
    for (let bit = 0; bit < 16 * 8; bit++) {
      expect(hasMark(dataKey, flipped(nonce, bit))).toBe(false)
      expect(verdict(flipped(nonce, bit), 'a view')).toBe('absent')
    }
  })

  test('where another data key made it', () => {
    const key = toDataKey(randomBytes(32))
    expect(verdict(sealed('a view', { key }), 'a view')).toBe('absent')
  })

  test.each([0, 8, 12, 16, 31, 33, 64])('in a nonce of %i bytes', (length) => {
    const nonce = Buffer.concat([sealed('a view'), new Uint8Array(32)]).subarray(0, length)
    expect(hasMark(dataKey, nonce)).toBe(false)
    expect(verdict(nonce, 'a view')).toBe('absent')
  })

  test('in what sops draws', () => {
    expect(hasMark(dataKey, randomBytes(32))).toBe(false)
    expect(hasMark(dataKey, new Uint8Array(32))).toBe(false)
  })
})

test('is another one every time', () => {
  const nonces = Array.from({ length: 100 }, () => Buffer.from(sealed('a view')).toString('hex'))
  expect(new Set(nonces).size).toBe(100)
})

test('does not keep the nonce that it is given', () => {
  const nonce = sealed('a view')
  const seal = verifySeal(dataKey, time, nonce)
  seal.sink(Buffer.from('a view'))
  expect(seal.verdict()).toBe('sealed')
  expect(verdict(nonce, 'a view')).toBe('sealed')
})

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
  return copy
}
