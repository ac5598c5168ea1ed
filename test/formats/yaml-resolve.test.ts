import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatGoFloat } from '../../src/core/go-number.ts'
import { plainSpelling } from '../../src/formats/yaml-emit-typed.ts'
import { resolveScalar } from '../../src/formats/yaml-resolve.ts'

interface GoScalar {
  readonly text: string
  readonly quoted?: true
  readonly tag?: string
  readonly type: string
  readonly value: string
}

const { scalars } = JSON.parse(
  readFileSync(new URL('../../fixtures/go/yaml-scalars.json', import.meta.url), 'utf8'),
) as { scalars: readonly GoScalar[] }

const plain = (text: string, tag?: string) => resolveScalar(text, { plain: true, tag })
const quoted = (text: string, tag?: string) => resolveScalar(text, { plain: false, tag })
const typed = (type: string, text: string) => expect.objectContaining({ type, text })
const asWritten = (text: string) => ({ type: 'str', text, exact: false })

describe('resolves as go-yaml does', () => {
  test.each(scalars)('$tag $text is $type', ({ text, quoted, tag, type, value }) => {
    const resolved = resolveScalar(text, { plain: quoted === undefined, tag })

    // Numbers that sops would round or refuse keep their text; a zone that Go does not print makes no time.
    if (type === 'uint64') expect(resolved).toEqual(asWritten(text))
    else if (type === 'badtime') expect(resolved).toEqual(tag === undefined ? typed('str', text) : undefined)
    else if (type === 'error') expect(resolved).toBeUndefined()
    else if (type === 'float' && resolved?.type === 'str')
      expect([resolved, /^[-+]?[\d_]+$/.test(text)]).toEqual([asWritten(text), true])
    else expect(resolved).toEqual(typed(type, value))
  })
})

describe('integers', () => {
  test('keep every digit beyond int64, as strings', () => {
    expect(plain('9223372036854775807')).toEqual({ type: 'int', text: '9223372036854775807', exact: true })
    for (const text of [
      '9223372036854775808',
      '-9223372036854775809',
      '1_000_000_000_000_000_000_000',
      '0xFFFFFFFFFFFFFFFF',
    ]) {
      expect(plain(text)).toEqual(asWritten(text))
    }
  })
  test('come back from every int64', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(plain(String(value))).toEqual({ type: 'int', text: String(value), exact: true })
        const sign = value < 0n ? '-' : ''
        const hex = (value < 0n ? -value : value).toString(16)
        expect(plain(`${sign}0x${hex}`)).toEqual(typed('int', String(value)))
      }),
    )
  })
  test('are read in linear time, however long', () => {
    const digits = '9'.repeat(1_000_000)
    expect(plain(digits)?.type).toBe('str')
    expect(plain(`0x${digits}`)?.type).toBe('str')
    expect(plain(`${'0'.repeat(1_000_000)}.5`)).toEqual(typed('float', '0.5'))
  })
})

test('floats come back as they are spelled', () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      const text = formatGoFloat(value)
      expect(plain(plainSpelling('float', text) ?? '')).toEqual({ type: 'float', text, exact: true })
    }),
  )
})

describe('exact', () => {
  test.each([
    'x',
    'true',
    'false',
    'null',
    '12',
    '-1',
    '1.5',
    '3.0',
    '-0.0',
    '1.0e+21',
    '.inf',
    '-.inf',
    '.nan',
    '2020-01-02T00:00:00Z',
  ])('holds for %s', (text) => {
    expect(plain(text)?.exact).toBe(true)
  })
  test.each(['True', '~', '', '+1', '017', '1_0', '1.50', '1e3', '3.', '.5', '.Inf', '2020-01-02'])(
    'fails for %s',
    (text) => {
      expect(plain(text)?.exact).toBe(false)
    },
  )
})

describe('tags', () => {
  test('quotes make a string unless a tag says otherwise', () => {
    expect(quoted('12')).toEqual(typed('str', '12'))
    expect(quoted('12', '!')).toEqual(typed('str', '12'))
    expect(quoted('12', '!!int')).toEqual(typed('int', '12'))
  })
  test('the non-specific tag changes nothing for a plain scalar, any other unknown tag makes a string', () => {
    expect(plain('12', '!')).toEqual(typed('int', '12'))
    expect(plain('12', '!custom')).toEqual(typed('str', '12'))
    expect(plain('', '!custom')).toEqual(typed('str', ''))
  })
  test('a tag that does not fit is an error', () => {
    expect(plain('foo', '!!int')).toBeUndefined()
    expect(plain('1.5', '!!int')).toBeUndefined()
    expect(plain('99999999999999999999', '!!int')).toBeUndefined()
    expect(plain('18446744073709551615', '!!float')).toBeUndefined()
    expect(plain('2020-13-01', '!!timestamp')).toBeUndefined()
  })
  test('binary is the text that it encodes, if that is UTF-8', () => {
    expect(plain('aMOpbGxv', '!!binary')).toEqual(asWritten('héllo'))
    expect(quoted('77u/\neA==\n', '!!binary')).toEqual(asWritten('\ufeffx'))
    expect(plain('//4=', '!!binary')).toBeUndefined()
    expect(plain('aGk', '!!binary')).toBeUndefined()
    expect(plain('aG k=', '!!binary')).toBeUndefined()
  })
})
