import { createCipheriv, randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toBase64 } from '../../src/core/bytes.ts'
import { type DataKey, subkey, toDataKey } from '../../src/core/data-key.ts'
import {
  keyId,
  keyIdOf,
  type Layout,
  openLayout,
  packNote,
  printLayout,
  recipientsMac,
  sameMac,
  sealLayout,
  spellingMac,
  unpackNote,
} from '../../src/core/layout.ts'
import type { KeyGroup } from '../../src/core/master-key.ts'

const dataKey = toDataKey(randomBytes(32))
const other = toDataKey(randomBytes(32))
const macNonce = randomBytes(32)
const layout: Layout = {
  spelling: 'c3BlbGxpbmc=',
  original: 'b3JpZ2luYWw=',
  recipients: 'cmVjaXBpZW50cw==',
  noFinalBreak: false,
  bom: false,
  notes: new Map([['AbCd+/12', "s'x'"]]),
}

const seal = (what: Layout = layout, key: DataKey = dataKey) => sealLayout(key, what, { macNonce, randomBytes })

/** A layout as only somebody with the data key can make it: any bytes. */
function sealBytes(bytes: Uint8Array): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', subkey(dataKey, 'layout'), nonce).setAAD(macNonce)
  const blob = Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
  return printLayout(keyId(dataKey), toBase64(blob))
}

describe('a layout', () => {
  test('comes back as it was, whatever is in it', () => {
    const notes = fc.dictionary(fc.string(), fc.string({ unit: 'binary' })).map((made) => new Map(Object.entries(made)))
    const any = fc.record<Layout>({
      spelling: fc.string(),
      original: fc.option(fc.string(), { nil: undefined }),
      recipients: fc.string(),
      noFinalBreak: fc.boolean(),
      bom: fc.boolean(),
      notes,
    })
    fc.assert(
      fc.property(any, (what) => {
        expect(openLayout(dataKey, seal(what), macNonce)).toEqual(what)
      }),
    )
  })

  test('shows nothing but the id of its data key', () => {
    const text = seal()
    expect(text).toMatch(new RegExp(`^v1\\.${keyId(dataKey).replaceAll('+', '\\+')}\\.[A-Za-z0-9+/=]+$`))
    expect(seal()).not.toBe(text)
  })

  test('does not fit another MAC', () => {
    expect(openLayout(dataKey, seal(), randomBytes(32))).toBeUndefined()
  })

  test('does not open with another data key', () => {
    expect(openLayout(other, seal(), macNonce)).toBeUndefined()
    expect(openLayout(dataKey, seal(layout, other), macNonce)).toBeUndefined()
  })

  test('does not open with a bit flipped anywhere', () => {
    const [version, id, encoded = ''] = seal().split('.')
    const blob = Buffer.from(encoded, 'base64')
    for (let bit = 0; bit < blob.length * 8; bit += 3) {
      const flipped = Uint8Array.from(blob)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(openLayout(dataKey, `${version}.${id}.${toBase64(flipped)}`, macNonce)).toBeUndefined()
    }
  })

  test.each([
    undefined,
    '',
    'v1',
    'v1.',
    'v1..',
    'v2.a.b',
    'v1.id.AAAA',
    'v1.id.!',
    `v0${seal().slice(2)}`,
    '__proto__',
  ])('is not there in %j', (text) => {
    expect(openLayout(dataKey, text, macNonce)).toBeUndefined()
  })

  // Whoever made the data key may be nobody's friend.
  test.each<[string, Uint8Array]>([
    ['no deflated data', Buffer.from('x')],
    ['no JSON', deflateRawSync('{')],
    ['null', deflateRawSync('null')],
    ['a bomb', deflateRawSync(Buffer.alloc(200 * 1024 * 1024))],
  ])('of %s is none', (_what, bytes) => {
    expect(openLayout(dataKey, sealBytes(bytes), macNonce)).toBeUndefined()
  })

  test.each([
    ['a list', '[1]'],
    ['a number', '7'],
    ['a text', '"abc"'],
    ['notes that are no texts', '{"n":{"a":1,"b":null,"c":["z"],"d":{}}}'],
    ['notes that are none', '{"n":[1,2]}'],
    ['flags that are none', '{"noeol":"1","bom":true}'],
  ])('made of %s has no notes and no flags', (_what, json) => {
    const found = openLayout(dataKey, sealBytes(deflateRawSync(json)), macNonce)
    expect(found).toMatchObject({ noFinalBreak: false, bom: false, notes: new Map() })
    expect(typeof found?.spelling).toBe('string')
    expect(typeof found?.recipients).toBe('string')
  })

  test('touches no prototype', () => {
    const json = '{"__proto__":{"polluted":1},"n":{"__proto__":"sx","constructor":"sy"}}'
    const found = openLayout(dataKey, sealBytes(deflateRawSync(json)), macNonce)
    expect(found?.notes).toEqual(
      new Map([
        ['__proto__', 'sx'],
        ['constructor', 'sy'],
      ]),
    )
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
    expect(openLayout(dataKey, seal(found), macNonce)).toEqual(found)
  })
})

describe('a note', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string().map((text) => text.repeat(20)),
  )
  const source = fc.oneof(
    value,
    fc.tuple(value, fc.string()).map(([text, more]) => `"${text}"${more}`),
  )

  test('gives back the source beside its value', () => {
    fc.assert(
      fc.property(source, value, (spelled, text) => {
        // Half a surrogate pair comes back as UTF-8 has it.
        const expected = Buffer.from(spelled).toString()
        expect(Buffer.from(unpackNote(packNote(spelled, text), text) ?? '').toString()).toBe(expected)
      }),
    )
  })

  test('is short where the source holds the value', () => {
    const text = randomBytes(400).toString('base64')
    expect(packNote(`"${text}"`, text).length).toBeLessThan(40)
    expect(packNote(text, text)).toBe('=')
  })

  test('does not unpack to more than there is room for', () => {
    const note = packNote('\n'.repeat(100_000), 'x')
    expect(note.length).toBeLessThan(1000)
    expect(unpackNote(note, 'x')).toHaveLength(100_000)
    expect(unpackNote(note, 'x', 99_999)).toBeUndefined()
    expect(unpackNote(note, 'x', 0)).toBeUndefined()
    expect(unpackNote(note, 'x', -5)).toBeUndefined()
  })

  test.each(['z', 'zAAAA', 'z!', '', 'x'])('that is none, %j, unpacks to nothing or to a text', (note) => {
    expect(['string', 'undefined']).toContain(typeof unpackNote(note, 'value'))
  })
})

describe('the MAC of the recipients', () => {
  const [ana, ben, cat] = ['ana', 'ben', 'cat'].map((recipient) => ({ type: 'age', recipient }) as const)
  const macOf = (groups: readonly KeyGroup[], threshold = 0) => recipientsMac(dataKey, groups, threshold)
  const [a, b, c] = [ana, ben, cat] as [KeyGroup[number], KeyGroup[number], KeyGroup[number]]

  test('does not depend on the order or on repetition', () => {
    expect(macOf([[a, b]])).toBe(macOf([[b, a, b]]))
  })

  test('of several groups without a threshold is that of all of them', () => {
    expect(macOf([[a], [b]])).toBe(macOf([[a], [b]], 2))
    expect(macOf([[a]], 0)).toBe(macOf([[a]], 1))
  })

  test.each<[string, string]>([
    ['one more', macOf([[a, b, c]])],
    ['one less', macOf([[a]])],
    ['another one', macOf([[a, c]])],
    ['two groups', macOf([[a], [b]])],
    ['a lower threshold', macOf([[a], [b]], 1)],
    ['the groups swapped', macOf([[b], [a]])],
    ['another data key', recipientsMac(other, [[a, b]], 0)],
  ])('is another with %s', (_what, mac) => {
    expect(sameMac(mac, macOf([[a, b]]))).toBe(false)
  })
})

test('MACs that are no base64 are never the same', () => {
  expect(sameMac('AAAA', 'AAAA')).toBe(true)
  expect(sameMac('!', '!')).toBe(false)
  expect(sameMac('undefined', 'undefined ')).toBe(false)
})

test('the key id tells data keys apart and does not tell them', () => {
  expect(keyId(dataKey)).not.toBe(keyId(other))
  expect(Buffer.from(keyId(dataKey), 'base64')).toHaveLength(16)
  expect(keyIdOf(seal())).toBe(keyId(dataKey))
  expect([undefined, '', 'v2.a.b', 'x'].map(keyIdOf)).toEqual([undefined, undefined, undefined, undefined])
})

test('the spelling is bound under the data key', () => {
  expect(spellingMac(dataKey, 'a: 1')).not.toBe(spellingMac(dataKey, 'a: 2'))
  expect(spellingMac(dataKey, 'a: 1')).not.toBe(spellingMac(other, 'a: 1'))
})
