// Base64 of short values in JavaScript: a call into Node costs more than the work, and an envelope needs six.

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const PAD = 0x3d
/** Value of each character; 0xff where it is none of the alphabet. */
const VALUES = new Uint8Array(0x10000).fill(0xff)
for (const [value, code] of ALPHABET.entries()) VALUES[code] = value

/** Characters that so many bytes take, padded. */
export function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4
}

/** Writes bytes as padded base64 characters to `out` from `at` on; gives the place behind them. */
export function writeBase64(bytes: Uint8Array, out: Uint8Array, at: number): number {
  const { length } = bytes
  const whole = length - (length % 3)
  for (let i = 0; i < whole; i += 3) {
    const triple = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number)
    out[at] = ALPHABET[triple >> 18] as number
    out[at + 1] = ALPHABET[(triple >> 12) & 63] as number
    out[at + 2] = ALPHABET[(triple >> 6) & 63] as number
    out[at + 3] = ALPHABET[triple & 63] as number
    at += 4
  }
  if (whole === length) return at
  const two = length - whole === 2
  const rest = ((bytes[whole] as number) << 16) | (two ? (bytes[whole + 1] as number) << 8 : 0)
  out[at] = ALPHABET[rest >> 18] as number
  out[at + 1] = ALPHABET[(rest >> 12) & 63] as number
  out[at + 2] = two ? (ALPHABET[(rest >> 6) & 63] as number) : PAD
  out[at + 3] = PAD
  return at + 4
}

/**
 * Decodes base64 in the one spelling that every writer has (standard alphabet, padded, no stray bits) to the start of
 * `out`, which must be large enough. The number of bytes; -1 for every other text, which Node reads over.
 */
export function readBase64(text: string, out: Uint8Array): number {
  const { length } = text
  if (length % 4 !== 0) return -1
  const padding = text.charCodeAt(length - 1) !== PAD ? 0 : text.charCodeAt(length - 2) !== PAD ? 1 : 2
  const whole = padding === 0 ? length : length - 4
  let at = 0
  for (let i = 0; i < whole; i += 4) {
    const [a, b] = [VALUES[text.charCodeAt(i)] as number, VALUES[text.charCodeAt(i + 1)] as number]
    const [c, d] = [VALUES[text.charCodeAt(i + 2)] as number, VALUES[text.charCodeAt(i + 3)] as number]
    if ((a | b | c | d) > 63) return -1
    out[at] = (a << 2) | (b >> 4)
    out[at + 1] = (b << 4) | (c >> 2)
    out[at + 2] = (c << 6) | d
    at += 3
  }
  if (length === whole) return at
  const a = VALUES[text.charCodeAt(whole)] as number
  const b = VALUES[text.charCodeAt(whole + 1)] as number
  const c = padding === 2 ? 0 : (VALUES[text.charCodeAt(whole + 2)] as number)
  if ((a | b | c) > 63 || ((padding === 2 ? b & 15 : c & 3) as number) !== 0) return -1
  out[at++] = (a << 2) | (b >> 4)
  if (padding === 1) out[at++] = (b << 4) | (c >> 2)
  return at
}
