import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBech32, encodeBech32 } from '../../src/keys/bech32.ts'

describe('Bech32', () => {
  test.each([
    // BIP 173, "Test vectors", as far as their data are whole bytes.
    'A12UEL5L',
    'a12uel5l',
    'an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs',
    'abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw',
    'split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w',
    '?1ezyfcl',
    // c2sp.org/age
    'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX',
    'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj',
    'age1tag1qt8lw0ual6avlwmwatk888yqnmdamm7xfd0wak53ut6elz5c4swx2yqdj4e',
  ])('reads and prints %s', (text) => {
    const decoded = decodeBech32(text)
    if (typeof decoded === 'string') throw new Error(decoded)
    expect(encodeBech32(decoded.prefix, decoded.bytes)).toBe(text)
  })

  test.each([
    ['', 'it is too short'],
    ['pzry9x0s0muk', 'it is too short'],
    ['1pzry9x0s0muk', 'it is too short'],
    ['10a06t8', 'it is too short'],
    ['li1dgmt3', 'it is too short'],
    ['x1b4n0q5v', 'it contains a character that Bech32 does not have'],
    ['age1\u{1F511}zvkyg2l', 'it contains a character that Bech32 does not have'],
    ['de1lg7wt\u00ff', 'it contains a character that Bech32 does not have'],
    ['A1G7SGD8', 'its checksum does not match, so it is mistyped or cut off'],
    [
      'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujw',
      'its checksum does not match, so it is mistyped or cut off',
    ],
    ['AGE1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj', 'upper and lower case are mixed'],
    // Five bits, ten with a one behind the first byte, fifteen, and five zeros: valid Bech32, but no bytes.
    ['age1psm9pam', 'its padding is wrong'],
    ['age1qpu0j2ex', 'its padding is wrong'],
    ['age1pzrkjfdfc', 'its padding is wrong'],
    ['age1qdd35qf', 'its padding is wrong'],
  ])('says what is wrong with %j', (text, problem) => {
    expect(decodeBech32(text)).toBe(problem)
  })

  test('gives back any bytes under any prefix of one case', () => {
    const prefix = fc.stringMatching(/^[a-z0-9-]{1,20}$/)
    fc.assert(
      fc.property(prefix, fc.uint8Array({ maxLength: 1300 }), fc.boolean(), (lower, bytes, upper) => {
        const wanted = upper ? lower.toUpperCase() : lower
        fc.pre(/[a-z]/.test(lower))
        expect(decodeBech32(encodeBech32(wanted, bytes))).toEqual({ prefix: wanted, bytes })
      }),
      { numRuns: 50 },
    )
  })

  test('notices every mistyped character', () => {
    const text = encodeBech32(
      'age',
      Uint8Array.from({ length: 32 }, (_, i) => i * 7),
    )
    for (let at = 4; at < text.length; at++) {
      const other = text[at] === 'q' ? 'p' : 'q'
      expect(decodeBech32(text.slice(0, at) + other + text.slice(at + 1))).toBeTypeOf('string')
    }
  })
})
