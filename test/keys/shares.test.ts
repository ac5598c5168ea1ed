import { createDecipheriv } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toDataKey } from '../../src/core/data-key.ts'
import { combineShares, SHARE_BYTES, shareProblem, sharesNeeded, splitDataKey } from '../../src/keys/shares.ts'

/** A data key that sops 3.13.2 split into three shares of which two are needed, and a value under it. */
const OF_SOPS = {
  shares: [
    'b48ce4435f00339323b21b8c85f92a5ce7716ee79fcb3cf2220f5448e5f1dfb301',
    '6b0039b7fb45e8219b07240b72df62ec0b772d1bece3db9b3dccadb0dbe04efb02',
    'd78d72126e8fa14ff39d3176d6345a75a675e54f34fb86bcc18dfa1138efc8c303',
  ].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex'))),
  data: Buffer.from('EX/ueeXr', 'base64'),
  nonce: Buffer.from('oVPKhmc3Vxo8oIMk0/K79YG97qzg7el/N2HYzOaeRRU=', 'base64'),
  tag: Buffer.from('S3l12gs674T1ungVoMPgzg==', 'base64'),
  plaintext: 'shamir',
}

test.each([[[0, 1]], [[2, 0]], [[1, 2]], [[0, 1, 2]]])(
  'recovers the data key from the shares %j that sops made',
  async (chosen) => {
    const dataKey = await combineShares(chosen.map((i) => OF_SOPS.shares[i] as Uint8Array))
    const decipher = createDecipheriv('aes-256-gcm', dataKey, OF_SOPS.nonce)
    decipher.setAAD(Buffer.from('a:')).setAuthTag(OF_SOPS.tag)
    expect(decipher.update(OF_SOPS.data).toString() + decipher.final()).toBe(OF_SOPS.plaintext)
  },
)

test('recovers any data key from any shares, as soon as there are enough', async () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const numbers = fc.integer({ min: 2, max: 9 }).chain((groups) =>
    fc.record({
      groups: fc.constant(groups),
      needed: fc.integer({ min: 2, max: groups }),
      order: fc.shuffledSubarray([...Array(groups).keys()], { minLength: groups, maxLength: groups }),
    }),
  )
  await fc.assert(
    fc.asyncProperty(key, numbers, async (bytes, { groups, needed, order }) => {
      const shares = await splitDataKey(toDataKey(bytes), groups, needed)
      const chosen = order.map((i) => shares[i] as Uint8Array)
      expect(shares.every((share) => share.length === SHARE_BYTES)).toBe(true)
      expect(await combineShares(chosen.slice(0, needed))).toEqual(bytes)
      expect(await combineShares(chosen)).toEqual(bytes)
      if (needed > 2) expect(await combineShares(chosen.slice(0, needed - 1))).not.toEqual(bytes)
    }),
    { numRuns: 50 },
  )
})

test('leaves the data key as it is', async () => {
  const dataKey = toDataKey(Buffer.alloc(32, 9))
  await splitDataKey(dataKey, 3, 2)
  expect(dataKey).toEqual(Buffer.alloc(32, 9))
})

test('tells which shares cannot go together', async () => {
  const [first, second] = OF_SOPS.shares as [Uint8Array, Uint8Array]
  const atZero = first.with(32, 0)
  expect(shareProblem(second, [first])).toBeUndefined()
  expect(shareProblem(first, [first])).toBe('its share is the same as that of another group')
  expect(shareProblem(second.with(32, 1), [first])).toBe('its share is the same as that of another group')
  expect(shareProblem(atZero, [])).toBe('its share is at the place of the data key')
  await expect(combineShares([first])).rejects.toThrow(RangeError)
  await expect(combineShares([first, first])).rejects.toThrow(RangeError)
})

test.each([
  [3, 0, 3],
  [3, undefined, 3],
  [3, 2, 2],
  [2, 2, 2],
  [255, 255, 255],
])('of %i groups with a threshold of %s, %i are needed', (groups, threshold, needed) => {
  expect(sharesNeeded(groups, threshold)).toBe(needed)
})

test.each([
  [3, 1],
  [3, 4],
  [3, 2.5],
  [3, -1],
  [1, 0],
  [256, 2],
])('refuses %i groups with a threshold of %d', (groups, threshold) => {
  expect(() => sharesNeeded(groups, threshold)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})
