import type { ScalarType } from '../core/tree.ts'

/**
 * Spells a value that is no string, without quotes, so that go-yaml, YAML 1.1 and YAML 1.2 readers take it for the same
 * type and value. (YAML 1.2 has no type for times; they are strings there.)
 *
 * Undefined for `str`, and where `text` is not what Go prints for the type: then only quotes are safe.
 */
export function plainSpelling(type: ScalarType, text: string): string | undefined {
  switch (type) {
    case 'null':
      return 'null'
    case 'bool':
      return BOOLS.get(text)
    case 'int':
      return INT.test(text) ? text : undefined
    case 'float':
      return SPECIAL_FLOATS.get(text) ?? (FLOAT.test(text) ? floatSpelling(text) : undefined)
    case 'time':
      return TIME.test(text) ? text : undefined
    case 'str':
      return undefined
    default:
      return type satisfies never
  }
}

const BOOLS: ReadonlyMap<string, string> = new Map([
  ['True', 'true'],
  ['False', 'false'],
])
const SPECIAL_FLOATS: ReadonlyMap<string, string> = new Map([
  ['+Inf', '.inf'],
  ['-Inf', '-.inf'],
  ['NaN', '.nan'],
])
const INT = /^(?:0|-?[1-9]\d*)$/
const FLOAT = /^-?\d+(?:\.\d+)?$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)$/

/**
 * As sops prints floats, but never without a period: YAML 1.1 takes `1e+21` for a string, and every reader takes `3` for
 * an int. From 1e6 to 1e21 sops has an exponent already; people do not.
 */
function floatSpelling(text: string): string {
  const sign = text.startsWith('-') ? '-' : ''
  const [whole = '', fraction = ''] = text.slice(sign.length).split('.')
  const digits = (whole + fraction).replace(/^0+/, '')
  const exponent = whole === '0' ? digits.length - fraction.length - 1 : whole.length - 1
  if (digits === '' || (exponent >= -4 && exponent < 21)) return fraction === '' ? `${text}.0` : text

  const mantissa = `${digits.charAt(0)}.${digits.slice(1).replace(/0+$/, '') || '0'}`
  return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}
