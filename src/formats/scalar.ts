import { formatGoFloat, isInt64 } from '../core/go-number.ts'
import type { ScalarType } from '../core/tree.ts'
import { formatGoTime } from './go-time.ts'

/**
 * The text that Go prints for a decrypted value of a type, which is what the MAC hashes; undefined where sops would
 * refuse the value. Values that kmsfile or sops 3.x wrote are already in this form.
 */
export function normalScalar(type: ScalarType, text: string): string | undefined {
  switch (type) {
    case 'str':
      return text
    case 'int':
      return normalInt(text)
    case 'float':
      return normalFloat(text)
    case 'bool':
      return normalBool(text)
    case 'time':
      return formatGoTime(text)
    case 'null':
      return undefined
    default:
      return type satisfies never
  }
}

function normalInt(text: string): string | undefined {
  const digits = /^([+-]?)0*(\d{1,19})$/.exec(text)
  // At most so many, because BigInt takes more than linear time, and whoever has no key can still change a type.
  if (digits === null) return undefined
  const value = BigInt(`${digits[1] === '-' ? '-' : ''}${digits[2]}`)
  return isInt64(value) ? value.toString() : undefined
}

function normalFloat(text: string): string | undefined {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? '-Inf' : '+Inf'
  if (/^nan$/i.test(text)) return 'NaN'
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined
  return formatGoFloat(Number(text))
}

// strconv.ParseBool takes these and no others.
function normalBool(text: string): string | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return 'True'
  return /^(0|f|F|FALSE|false|False)$/.test(text) ? 'False' : undefined
}
