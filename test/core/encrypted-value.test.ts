import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { looksEncrypted, parseEncryptedValue, printEncryptedValue } from '../../src/core/encrypted-value.ts'

const types = ['str', 'int', 'float', 'bool', 'time', 'comment', 'bytes'] as const
const base64 = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64'))
const envelope = 'ENC[AES256_GCM,data:AAAA,iv:BBBB,tag:CCCC,type:str]'

test('reads back what it prints', () => {
  fc.assert(
    fc.property(base64, base64, base64, fc.constantFrom(...types), (data, nonce, tag, type) => {
      const value = { data, nonce, tag, type }
      const printed = printEncryptedValue(value)
      expect(parseEncryptedValue(printed)).toEqual(value)
      expect(looksEncrypted(printed)).toBe(true)
    }),
  )
})

describe('is no encrypted value', () => {
  test.each([
    ['an empty text', ''],
    ['a text in front of it', ` ${envelope}`],
    ['a text behind it, which sops ignores', `${envelope} x`],
    ['a line break behind it', `${envelope}\n`],
    ['a bracket too many', `${envelope}]`],
    ['no bracket', envelope.slice(0, -1)],
    ['no data', envelope.replace('AAAA', '')],
    ['another cipher', envelope.replace('AES256_GCM', 'AES256_CBC')],
    ['a lower-case start', envelope.replace('ENC', 'enc')],
    ['a type that sops does not know', envelope.replace('type:str', 'type:map')],
    ['a type in capitals', envelope.replace('type:str', 'type:STR')],
    ['no type', envelope.replace('type:str', 'type:')],
    ['no tag', envelope.replace(',tag:CCCC', '')],
    ['no nonce', envelope.replace(',iv:BBBB', '')],
    ['another order', 'ENC[AES256_GCM,iv:BBBB,data:AAAA,tag:CCCC,type:str]'],
    ['a space between the parts', envelope.replaceAll(',', ', ')],
    ['a second type', envelope.replace(']', ',type:int]')],
    ['a prototype’s name as type', envelope.replace('type:str', 'type:constructor')],
  ])('%s', (_what, text) => {
    expect(parseEncryptedValue(text)).toBeUndefined()
  })
})

test('whatever starts like one is told from plain text', () => {
  expect(looksEncrypted('ENC[AES256_GCM,')).toBe(true)
  expect(looksEncrypted('ENC[AES256_GCM')).toBe(false)
  expect(looksEncrypted(' ENC[AES256_GCM,')).toBe(false)
})

test('every character belongs to one part', () => {
  const junk = fc.constantFrom(',iv:', ',tag:', ',type:', ',type:str', 'str', ']', 'A', '=', ':', ',', 'data:')
  fc.assert(
    fc.property(fc.array(junk, { maxLength: 12 }), (parts) => {
      const text = `ENC[AES256_GCM,data:A${parts.join('')},type:str]`
      const value = parseEncryptedValue(text)
      if (value !== undefined) expect(printEncryptedValue(value)).toBe(text)
    }),
  )
})
