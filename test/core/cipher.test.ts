import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toBase64 } from '../../src/core/bytes.ts'
import { associatedData, cipherKey, decryptValue, encryptValue, NONCE_BYTES, noncePool } from '../../src/core/cipher.ts'
import { toDataKey } from '../../src/core/data-key.ts'
import { type EncryptedValue, parseEncryptedValue } from '../../src/core/encrypted-value.ts'
import { hasSharedData, sharedData } from '../shared-data.ts'

const key = cipherKey(toDataKey(createHash('sha256').update('a data key').digest()))
const place = associatedData(['db', 'password'])
const text = 'hunter2 \u00e9\u{1f600}'

function encrypted(value = text, associated = place): EncryptedValue {
  const nonce = randomBytes(NONCE_BYTES)
  const envelope = encryptValue(key, value, { associatedData: associated, nonce, type: 'str' })
  return parseEncryptedValue(envelope) as EncryptedValue
}

const tagMismatch = expect.objectContaining({ code: 'INTEGRITY_TAG_MISMATCH' })

test('gives back any text at its place', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.array(fc.string()), (value, keys) => {
      const associated = associatedData(keys)
      expect(decryptValue(key, encrypted(value, associated), associated)).toBe(value)
    }),
  )
})

test('the associated data is the keys, each with a colon behind it', () => {
  expect(associatedData([])).toBe(':')
  expect(associatedData(['a'])).toBe('a:')
  expect(associatedData(['a', 'b'])).toBe('a:b:')
})

describe('rejects', () => {
  test.each(['data', 'nonce', 'tag'] as const)('any flipped bit in the %s', (part) => {
    const value = encrypted()
    const bytes = Buffer.from(value[part], 'base64')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Uint8Array.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(() => decryptValue(key, { ...value, [part]: toBase64(flipped) }, place)).toThrow(tagMismatch)
    }
  })

  test.each([[['db']], [['db', 'password', '']], [['db:password:']], [['DB', 'password']], [[]]])(
    'a value moved to %j',
    (keys) => {
      expect(() => decryptValue(key, encrypted(), associatedData(keys))).toThrow(tagMismatch)
    },
  )

  test('another data key', () => {
    expect(() => decryptValue(cipherKey(toDataKey(randomBytes(32))), encrypted(), place)).toThrow(tagMismatch)
  })

  test.each([0, 4, 8, 12, 15, 17, 32])('a tag of %i bytes', (length) => {
    const { tag, ...value } = encrypted()
    const bytes = Buffer.concat([Buffer.from(tag, 'base64'), new Uint8Array(16)])
    expect(() => decryptValue(key, { ...value, tag: toBase64(bytes.subarray(0, length)) }, place)).toThrow(tagMismatch)
  })

  test('a nonce of no bytes', () => {
    expect(() => decryptValue(key, { ...encrypted(), nonce: '' }, place)).toThrow(tagMismatch)
  })

  test.each<[string, (part: string) => string]>([
    ['a space', (part) => `${part.slice(0, 4)} ${part.slice(4)}`],
    ['a line break', (part) => `${part}\n`],
    ['no padding', (part) => part.replace(/=+$/, '')],
    ['the alphabet of URLs', (part) => part.replaceAll('+', '-').replaceAll('/', '_')],
    [
      'bits behind the last byte',
      (part) => part.replace(/.(?==+$)/, (last) => String.fromCharCode(last.charCodeAt(0) + 1)),
    ],
    ['padding inside', (part) => `${part.slice(0, 4)}=${part.slice(4)}`],
  ])('base64 with %s, which Node reads all the same', (_what, respell) => {
    for (const part of ['data', 'nonce', 'tag'] as const) {
      let value = encrypted()
      // Which characters there are is up to the nonce.
      while (respell(value[part]) === value[part]) value = encrypted()
      const other = respell(value[part])
      if (!other.includes('=')) expect(Buffer.from(other, 'base64')).toEqual(Buffer.from(value[part], 'base64'))
      expect(() => decryptValue(key, { ...value, [part]: other }, place)).toThrow(tagMismatch)
    }
  })

  test('bytes that are no UTF-8, but not the character that stands for them', () => {
    const cipher = createCipheriv('aes-256-gcm', key, new Uint8Array(NONCE_BYTES)).setAAD(Buffer.from(place))
    const data = toBase64(Buffer.concat([cipher.update(Uint8Array.of(0x61, 0xff)), cipher.final()]))
    const nonce = toBase64(new Uint8Array(NONCE_BYTES))
    const value: EncryptedValue = { data, nonce, tag: toBase64(cipher.getAuthTag()), type: 'str' }

    expect(() => decryptValue(key, value, place)).toThrow(expect.objectContaining({ code: 'FORMAT_ENCODING' }))
    expect(decryptValue(key, encrypted('a\ufffd'), place)).toBe('a\ufffd')
  })

  test('names neither value nor key in its message', () => {
    const refusal = () => decryptValue(key, encrypted('hunter2'), ':')
    expect(refusal).toThrow(/^[a-z ,]+$/)
    expect(refusal).not.toThrow(expect.objectContaining({ cause: expect.anything() }))
  })
})

test('a pool hands out each nonce once', () => {
  let calls = 0
  const nonce = noncePool((size) => {
    calls++
    return randomBytes(size)
  })
  const nonces = Array.from({ length: 5000 }, () => Buffer.from(nonce()).toString('hex'))

  expect(new Set(nonces).size).toBe(nonces.length)
  expect(nonces.every((each) => each.length === NONCE_BYTES * 2)).toBe(true)
  expect(calls).toBeLessThan(10)
})

interface Vector {
  readonly tcId: number
  readonly key: string
  readonly iv: string
  readonly aad: string
  readonly msg: string
  readonly ct: string
  readonly tag: string
  readonly result: 'valid' | 'invalid'
}

describe.skipIf(!hasSharedData)('agrees with Wycheproof, where the corpora are at hand', () => {
  const bytesOf = (hex: string) => Buffer.from(hex, 'hex')
  const isText = (hex: string) => Buffer.from(bytesOf(hex).toString('utf8')).equals(bytesOf(hex))
  const base64 = (hex: string) => toBase64(bytesOf(hex))
  const vectors = hasSharedData ? readVectors() : []

  function readVectors(): readonly Vector[] {
    const { testGroups } = JSON.parse(readFileSync(sharedData('corpora/wycheproof/aes_gcm_test.json'), 'utf8'))
    return (
      testGroups
        .filter(({ keySize, tagSize }: { keySize: number; tagSize: number }) => keySize === 256 && tagSize === 128)
        .flatMap(({ tests }: { tests: readonly Vector[] }) => tests)
        // OpenSSL takes nonces of up to 128 bytes; those of sops and kmsfile have 32.
        .filter(({ aad, iv }: Vector) => isText(aad) && iv.length <= 256)
    )
  }

  test('there are vectors', () => {
    expect(vectors.length).toBeGreaterThan(80)
    expect(vectors.filter(({ result }) => result === 'invalid').length).toBeGreaterThan(20)
  })

  test.each(vectors)('on decryption: $tcId, $result', (vector) => {
    const vectorKey = cipherKey(toDataKey(bytesOf(vector.key)))
    const value = { data: base64(vector.ct), nonce: base64(vector.iv), tag: base64(vector.tag), type: 'str' } as const
    const decrypt = () => decryptValue(vectorKey, value, bytesOf(vector.aad).toString('utf8'))

    if (vector.result === 'invalid') expect(decrypt).toThrow(tagMismatch)
    else if (isText(vector.msg)) expect(decrypt()).toBe(bytesOf(vector.msg).toString('utf8'))
    else expect(decrypt).toThrow(expect.objectContaining({ code: 'FORMAT_ENCODING' }))
  })

  test.each(vectors.filter(({ msg, result }) => result === 'valid' && isText(msg)))(
    'on encryption: $tcId',
    ({ key: raw, iv, aad, msg, ct, tag }) => {
      const options = { associatedData: bytesOf(aad).toString('utf8'), nonce: bytesOf(iv), type: 'str' } as const
      const envelope = encryptValue(cipherKey(toDataKey(bytesOf(raw))), bytesOf(msg).toString('utf8'), options)

      expect(envelope).toBe(`ENC[AES256_GCM,data:${base64(ct)},iv:${base64(iv)},tag:${base64(tag)},type:str]`)
    },
  )
})
