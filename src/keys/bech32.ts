const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
// Coefficients of the checksum's polynomial, BIP 173.
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
const CHECKSUM_LENGTH = 6

export interface Bech32 {
  /** What stands before the last `1`, in the case of the text. */
  readonly prefix: string
  readonly bytes: Uint8Array
}

/** What is wrong with a text that is no Bech32, in words that fit into a message. Never a part of the text. */
export type Bech32Problem =
  | 'upper and lower case are mixed'
  | 'it is too short'
  | 'it contains a character that Bech32 does not have'
  | 'its checksum does not match, so it is mistyped or cut off'
  | 'its padding is wrong'

/** Encodes bytes as Bech32 (BIP 173), of any length, as age does. In upper case where the prefix is. */
export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  const lower = prefix.toLowerCase()
  const words = regroup(bytes, 8, 5)
  const sum = polymod([...expand(lower), ...words, 0, 0, 0, 0, 0, 0]) ^ 1
  const checksum = Array.from({ length: CHECKSUM_LENGTH }, (_, i) => (sum >>> (5 * (5 - i))) & 31)
  const text = `${lower}1${[...words, ...checksum].map((word) => CHARSET[word]).join('')}`
  return prefix === lower ? text : text.toUpperCase()
}

/** Decodes Bech32 of any length; says what is wrong where the text is none. */
export function decodeBech32(text: string): Bech32 | Bech32Problem {
  const lower = text.toLowerCase()
  if (text !== lower && text !== text.toUpperCase()) return 'upper and lower case are mixed'
  const separator = text.lastIndexOf('1')
  if (separator < 1 || separator + 1 + CHECKSUM_LENGTH > text.length) return 'it is too short'
  // Printable ASCII, as BIP 173 asks of the prefix.
  if (!/^[!-~]+$/.test(text)) return 'it contains a character that Bech32 does not have'
  const words = Array.from(lower.slice(separator + 1), (character) => CHARSET.indexOf(character))
  if (words.includes(-1)) return 'it contains a character that Bech32 does not have'
  if (polymod([...expand(lower.slice(0, separator)), ...words]) !== 1) {
    return 'its checksum does not match, so it is mistyped or cut off'
  }
  const data = words.slice(0, -CHECKSUM_LENGTH)
  const bytes = regroup(data, 5, 8)
  const rest = (data.length * 5) % 8
  if (rest >= 5 || ((data.at(-1) ?? 0) & ((1 << rest) - 1)) !== 0) return 'its padding is wrong'
  return { prefix: text.slice(0, separator), bytes: bytes.slice(0, Math.floor((data.length * 5) / 8)) }
}

function polymod(values: readonly number[]): number {
  let checksum = 1
  for (const value of values) {
    const top = checksum >>> 25
    checksum = ((checksum & 0x1ffffff) << 5) ^ value
    for (let i = 0; i < 5; i++) if ((top >>> i) & 1) checksum ^= GENERATOR[i]!
  }
  return checksum >>> 0
}

/** The prefix as the checksum takes it: high bits, zero, low bits. */
function expand(prefix: string): number[] {
  const codes = Array.from(prefix, (character) => character.charCodeAt(0))
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)]
}

/** Cuts a run of bits anew; the last group is filled with zeros. */
function regroup(groups: Iterable<number>, from: number, to: number): Uint8Array {
  const out: number[] = []
  let bits = 0
  let length = 0
  for (const group of groups) {
    bits = (bits << from) | group
    length += from
    while (length >= to) {
      length -= to
      out.push((bits >> length) & ((1 << to) - 1))
    }
    bits &= (1 << length) - 1
  }
  if (length > 0) out.push((bits << (to - length)) & ((1 << to) - 1))
  return Uint8Array.from(out)
}
