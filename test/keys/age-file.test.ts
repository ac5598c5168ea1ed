import { randomBytes } from 'node:crypto'
import * as ageEncryption from 'age-encryption'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { armor, dearmor } from '../../src/keys/age-armor.ts'
import { openFile, sealFile } from '../../src/keys/age-file.ts'
import { parseHeader, printHeader, type Stanza } from '../../src/keys/age-header.ts'
import { unwrapWithX25519, wrapForX25519, x25519KeyPair } from '../../src/keys/age-x25519.ts'
import { encodeBech32 } from '../../src/keys/bech32.ts'

const CHUNK = 64 * 1024
const scalar = randomBytes(32)
const keyPair = x25519KeyPair(scalar)
const recipient = encodeBech32('age', keyPair.publicKey)
const identity = encodeBech32('AGE-SECRET-KEY-', scalar)

const seal = (plaintext: Uint8Array) =>
  sealFile(plaintext, (fileKey) => [wrapForX25519(keyPair.publicKey, fileKey, randomBytes)!], randomBytes)
const open = (file: Uint8Array) => openFile(file, ({ stanzas }) => unwrapWithX25519(keyPair, stanzas))

// Around the borders of chunks, where the last one is full, empty or one byte long.
const length = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 100 }), weight: 3 },
  fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: -17, max: 17 })).map(([n, off]) => n * CHUNK + off),
)
const plaintext = length.map((size) => new Uint8Array(randomBytes(size)))

describe('an age file', () => {
  test('of ours is read by age-encryption', async () => {
    await fc.assert(
      fc.asyncProperty(plaintext, async (bytes) => {
        const decrypter = new ageEncryption.Decrypter()
        decrypter.addIdentity(identity)
        const armored = armor(seal(bytes))
        const read = await decrypter.decrypt(ageEncryption.armor.decode(armored))
        expect(Buffer.compare(read, bytes)).toBe(0)
      }),
      { numRuns: 25 },
    )
  })

  test('of age-encryption is read by us', async () => {
    await fc.assert(
      fc.asyncProperty(plaintext, fc.integer({ min: 0, max: 2 }), async (bytes, others) => {
        const encrypter = new ageEncryption.Encrypter()
        for (let i = 0; i < others; i++) {
          encrypter.addRecipient(encodeBech32('age', x25519KeyPair(randomBytes(32)).publicKey))
        }
        encrypter.addRecipient(recipient)
        const file = await encrypter.encrypt(bytes)
        expect(Buffer.compare((await open(file))!, bytes)).toBe(0)
      }),
      { numRuns: 25 },
    )
  })

  test('is refused after any flipped bit', async () => {
    const file = seal(Uint8Array.from({ length: 32 }, (_, i) => i))
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: file.length * 8 - 1 }), async (bit) => {
        const flipped = Uint8Array.from(file)
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        // A flipped bit of the stanza makes it one for somebody else.
        await expect(open(flipped).then((bytes) => bytes ?? Promise.reject(new Error()))).rejects.toThrow()
      }),
      { numRuns: 300 },
    )
  })

  test('is refused when cut off anywhere', async () => {
    const file = seal(new Uint8Array(32))
    for (let end = 0; end < file.length; end++) await expect(open(file.subarray(0, end))).rejects.toThrow()
  })

  test('is undefined to whom it is not for', async () => {
    const stranger = x25519KeyPair(randomBytes(32))
    const file = seal(new Uint8Array(32))
    expect(await openFile(file, ({ stanzas }) => unwrapWithX25519(stranger, stanzas))).toBeUndefined()
  })

  test('says the same of a wrong MAC and a wrong payload', async () => {
    const file = seal(new Uint8Array(32))
    const end = parseHeader(file).bytes.length
    const messages = []
    // Bits that keep the base64 of the MAC canonical.
    for (const at of [end - 10, end + 20]) {
      const changed = Uint8Array.from(file)
      changed[at] = at < end ? (changed[at] === 65 ? 66 : 65) : changed[at]! ^ 1
      const error = await open(changed).catch((caught) => caught)
      expect(error).toMatchObject({ code: 'INTEGRITY_TAG_MISMATCH' })
      messages.push(error.message)
    }
    expect(messages[0]).toBe(messages[1])
  })
})

describe('a header', () => {
  const word = fc.stringMatching(/^[!-~]{1,12}$/)
  const stanza: fc.Arbitrary<Stanza> = fc.record({
    type: word,
    args: fc.array(word, { maxLength: 4 }),
    body: fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(48, 96, 49, 47).map((n) => new Uint8Array(n)),
    ),
  })

  test('gives back any stanzas', () => {
    fc.assert(
      fc.property(fc.array(stanza, { minLength: 1, maxLength: 4 }), (stanzas) => {
        const printed = printHeader(stanzas, new Uint8Array(16))
        const parsed = parseHeader(Buffer.concat([printed, Buffer.from('payload\n--- ')]))
        expect(parsed.stanzas.map(({ body, ...rest }) => ({ ...rest, body: Uint8Array.from(body) }))).toEqual(stanzas)
        expect(parsed.bytes.length).toBe(printed.length)
      }),
    )
  })

  test('without a stanza is refused', () => {
    const text = `age-encryption.org/v1\n--- ${'A'.repeat(43)}\n`
    expect(() => parseHeader(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'ENVELOPE_INVALID' }))
  })
})

describe('armor', () => {
  test('has lines of 64 columns and ends with a line break', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
        const text = armor(bytes)
        expect(text).toMatch(
          /^-----BEGIN AGE ENCRYPTED FILE-----\n([A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{1,64}={0,2}\n-----END AGE ENCRYPTED FILE-----\n$/,
        )
        expect(text).toBe(ageEncryption.armor.encode(bytes))
        expect(Buffer.compare(dearmor(text), bytes)).toBe(0)
      }),
    )
  })
})

describe('X25519', () => {
  // Every point of low order, RFC 7748 section 6.1 and cr.yp.to/ecdh.html#validate, in the encodings that fit 255 bits.
  test.each([
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ])('does not wrap for the point of low order %s, nor unwrap with it', (hex) => {
    const point = Buffer.from(hex, 'hex')
    expect(wrapForX25519(point, new Uint8Array(16), randomBytes)).toBeUndefined()
    const args = [point.toString('base64').replace(/=+$/, '')]
    expect(() => unwrapWithX25519(keyPair, [{ type: 'X25519', args, body: new Uint8Array(32) }])).toThrow(
      expect.objectContaining({ code: 'ENVELOPE_INVALID' }),
    )
  })
})
