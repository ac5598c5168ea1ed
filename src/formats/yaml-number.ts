import { formatGoFloat, isInt64 } from '../core/go-number.ts'

/** What go-yaml makes of a number. */
export interface YamlNumber {
  /** Go's int, a uint64 that no int holds, or a float64. */
  readonly kind: 'int' | 'uint' | 'float'
  /** The value as Go prints it. */
  readonly text: string
  /** An integer as written, and a float only because it is too long for Go. */
  readonly rounded: boolean
}

/** Go's ParseInt with base 0, where underscores are gone. `most`: digits that 64 bits can have. */
const BASES = [
  { prefix: '', pattern: /^[-+]?(0|[1-9]\d*)$/, most: 20 },
  { prefix: '0x', pattern: /^[-+]?0[xX]([0-9a-fA-F]+)$/, most: 16 },
  { prefix: '0o', pattern: /^[-+]?0[oO]?([0-7]+)$/, most: 22 },
  { prefix: '0b', pattern: /^[-+]?0[bB]([01]+)$/, most: 64 },
] as const

/** What go-yaml tries by itself when ParseInt, ParseFloat and its own pattern for floats have failed: `0b-1` is -1. */
const INNER_SIGN = /^(0b(?=.[01]+$)|0o)([-+])([0-7]+)$/

const DECIMAL = /^[-+]?\d+$/
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/
// What starts with its period goes to ParseFloat as it stands, which wants each underscore between two digits.
const FRACTION = /^\.\d+(?:_\d+)*(?:[eE][-+]?\d+(?:_\d+)*)?$/

/** Any number of so many digits is one that JavaScript holds. */
const SAFE_DIGITS = 15
const UINT64_MAX = 2n ** 64n - 1n

/** Reads a scalar as the part of go-yaml's `resolve()` that knows numbers; undefined if it is none. */
export function readYamlNumber(source: string): YamlNumber | undefined {
  if (source.charCodeAt(0) === 0x2e) return FRACTION.test(source) ? float(source.replaceAll('_', '')) : undefined
  const text = source.includes('_') ? source.replaceAll('_', '') : source
  return integer(text) ?? float(text) ?? innerSign(text)
}

function integer(text: string): YamlNumber | undefined {
  for (const { prefix, pattern, most } of BASES) {
    const digits = pattern.exec(text)?.[1]
    if (digits === undefined) continue
    const first = text.charCodeAt(0)
    const negative = first === 0x2d
    if (prefix === '' && digits.length <= SAFE_DIGITS) return int(negative && digits !== '0' ? `-${digits}` : digits)

    // The length first: BigInt takes more than linear time.
    const significant = digits.replace(/^0+(?=.)/, '')
    if (significant.length > most) return undefined
    const magnitude = BigInt(prefix + significant)
    const value = negative ? -magnitude : magnitude
    if (isInt64(value)) return int(String(value))
    const signed = negative || first === 0x2b
    return !signed && value <= UINT64_MAX ? { kind: 'uint', text: String(value), rounded: false } : undefined
  }
  return undefined
}

function float(text: string): YamlNumber | undefined {
  if (!FLOAT.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value)
    ? { kind: 'float', text: formatGoFloat(value), rounded: isRounded(text, value) }
    : undefined
}

/** Of what starts with a zero (`08` is a float to go-yaml) only what really loses digits. */
function isRounded(text: string, value: number): boolean {
  if (!DECIMAL.test(text)) return false
  const digits = text.replace(/^[-+]/, '')
  return digits.charCodeAt(0) !== 0x30 || BigInt(digits.replace(/^0+(?=.)/, '')) !== BigInt(Math.abs(value))
}

function innerSign(text: string): YamlNumber | undefined {
  const [, prefix, sign, digits] = INNER_SIGN.exec(text) ?? []
  if (digits === undefined) return undefined
  const number = integer(`${sign}${prefix}${digits}`)
  return number?.kind === 'int' ? number : undefined
}

function int(text: string): YamlNumber {
  return { kind: 'int', text, rounded: false }
}
