import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  classifyJsonNumber,
  formatGoFloat,
  formatGoJsonFloat,
  isInt64,
  loadJsonNumber,
} from '../../src/core/go-number.ts'

/** What Go printed: the bits of a float64, `strconv.FormatFloat(x, 'f', -1, 64)`, `json.Marshal(x)` where it can. */
const floats = (
  JSON.parse(readFileSync(new URL('../../fixtures/go/floats.json', import.meta.url), 'utf8')) as string[][]
).map(([bits, text, json]) => ({
  value: new Float64Array(new BigUint64Array([BigInt(`0x${bits}`)]).buffer)[0] as number,
  text: text as string,
  json: json as string,
}))

describe('floats', () => {
  test('are printed as Go prints them, without an exponent', () => {
    expect(floats.length).toBeGreaterThan(400)
    for (const { value, text } of floats) expect(formatGoFloat(value)).toBe(text)
  })

  test('are printed as Go prints them in JSON', () => {
    for (const { value, json } of floats.filter((row) => row.json !== '')) expect(formatGoJsonFloat(value)).toBe(json)
  })

  test.each([
    [-0, '-0'],
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
    [Number.NaN, 'NaN'],
    [3, '3'],
    [1e21, '1000000000000000000000'],
    [1.5e-9, '0.0000000015'],
    [-1.25e22, '-12500000000000000000000'],
  ])('%d is %s', (value, text) => {
    expect(formatGoFloat(value)).toBe(text)
  })
})

describe('a number of a JSON text', () => {
  test.each([
    ['0', 'int', '0'],
    ['-0', 'int', '0'],
    ['-12', 'int', '-12'],
    ['999999999999999999', 'int', '999999999999999999'],
    ['9223372036854775807', 'int', '9223372036854775807'],
    ['-9223372036854775808', 'int', '-9223372036854775808'],
    ['1.0', 'float', '1'],
    ['-0.0', 'float', '-0'],
    ['1e3', 'float', '1000'],
    ['1E+2', 'float', '100'],
    ['1e-400', 'float', '0'],
    ['-1e-400', 'float', '-0'],
    ['1.234567890123456789012345678901', 'float', '1.2345678901234567'],
    ['1.7976931348623157e308', 'float', `17976931348623157${'0'.repeat(292)}`],
  ])('%s is typed as sops types it', (source, type, text) => {
    expect(classifyJsonNumber(source)).toEqual({ type, text })
    expect(loadJsonNumber(source)).toEqual({ type, text })
  })

  test.each([
    ['9223372036854775808', '9223372036854775808'],
    ['-9223372036854775809', '-9223372036854775808'],
    ['12345678901234567890', '12345678901234567000'],
    [`1${'0'.repeat(30)}`, `1${'0'.repeat(30)}`],
  ])('%s keeps its digits as a string; sops would take it for %s', (source, loaded) => {
    expect(classifyJsonNumber(source)).toEqual({ type: 'str', text: source })
    expect(loadJsonNumber(source)).toEqual({ type: 'float', text: formatGoFloat(Number(loaded)) })
  })

  test.each(['1e400', '-1E+400', `1${'0'.repeat(400)}`])('%s is a string, as sops refuses it', (source) => {
    expect(classifyJsonNumber(source)).toEqual({ type: 'str', text: source })
    expect(loadJsonNumber(source)).toBeUndefined()
  })

  test('keeps a million digits', () => {
    const digits = '7'.repeat(1_000_000)
    expect(classifyJsonNumber(digits)).toEqual({ type: 'str', text: digits })
  })
})

test('int64 ends where it ends', () => {
  expect([2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, -(2n ** 63n) - 1n].map(isInt64)).toEqual([true, true, false, false])
})
