import type { ScalarType } from './tree.ts'

/** A number of a file's text as it goes into an envelope. */
export interface GoNumber {
  readonly type: Extract<ScalarType, 'int' | 'float' | 'str'>
  readonly text: string
}

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
/** Digits that are below 2^63 whatever they are. */
const SAFE_DIGITS = 18
// More than the largest exponent of a float64. Slices of one string, so that many large numbers share its memory.
const ZEROS = '0'.repeat(400)

/**
 * Prints a number as Go's `strconv.FormatFloat(value, 'f', -1, 64)`: the fewest digits that read back as the same
 * number, never an exponent. `-0`, `+Inf`, `-Inf` and `NaN` are spelled like that.
 */
export function formatGoFloat(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  // JavaScript and Go agree on the digits (shortest, then nearest) and differ in where the exponent starts.
  const printed = String(value)
  const e = printed.indexOf('e')
  if (e === -1) return printed

  const sign = value < 0 ? '-' : ''
  const [whole = '', fraction = ''] = printed.slice(sign.length, e).split('.')
  const exponent = Number(printed.slice(e + 1))
  const digits = whole + fraction
  return exponent < 0
    ? `${sign}0.${ZEROS.slice(0, -exponent - 1)}${digits}`
    : `${sign}${digits}${ZEROS.slice(0, exponent - fraction.length)}`
}

/**
 * Prints a finite number as Go's `encoding/json`: as JavaScript does, with an exponent below 1e-6 and from 1e21 on, but
 * `-0` keeps its sign.
 */
export function formatGoJsonFloat(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

/** Whether Go's `int` can hold the value. */
export function isInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX
}

/**
 * Types a number token of a JSON text, as sops does since 3.13.2: what parses as int64 is an int, the rest is a float,
 * printed as Go prints it.
 *
 * Two kinds become `str` with the text as it stands, because as numbers sops would round them or refuse the file:
 * integers beyond int64 and what is beyond float64.
 */
export function classifyJsonNumber(source: string): GoNumber {
  if (isInteger(source)) {
    return fitsInt64(source) ? { type: 'int', text: source === '-0' ? '0' : source } : { type: 'str', text: source }
  }
  const value = Number(source)
  return Number.isFinite(value) ? { type: 'float', text: formatGoFloat(value) } : { type: 'str', text: source }
}

/**
 * What sops itself takes a number token of a JSON text for: what its MAC hashes where the number stays readable, since
 * there is no envelope then that could keep the digits. Undefined where it refuses the file.
 */
export function loadJsonNumber(source: string): GoNumber | undefined {
  const number = classifyJsonNumber(source)
  if (number.type !== 'str') return number
  const value = Number(source)
  return Number.isFinite(value) ? { type: 'float', text: formatGoFloat(value) } : undefined
}

function isInteger(source: string): boolean {
  for (let i = source.startsWith('-') ? 1 : 0; i < source.length; i++) {
    const c = source.charCodeAt(i)
    if (c < 0x30 || c > 0x39) return false
  }
  return true
}

function fitsInt64(source: string): boolean {
  if (source.length <= SAFE_DIGITS) return true
  // JSON has no leading zeros, so the length decides first: BigInt takes more than linear time.
  return source.length <= SAFE_DIGITS + 2 && isInt64(BigInt(source))
}
