import { KmsfileError } from '../errors.ts'

/**
 * Decodes UTF-8, strictly; a byte order mark stays part of the text.
 *
 * @throws KmsfileError `FORMAT_ENCODING` with the place of the first character that is none
 */
export function decodeText(bytes: Uint8Array, file?: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw notUtf8(bytes, file)
  }
}

function notUtf8(bytes: Uint8Array, file: string | undefined): KmsfileError {
  const good = goodStart(bytes)
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  return new KmsfileError(utf16 ? 'UTF-16, not UTF-8' : `not UTF-8: the byte at offset ${Buffer.byteLength(good)}`, {
    code: 'FORMAT_ENCODING',
    hint: utf16 ? `Convert it: iconv -f UTF-16 -t UTF-8 ${file ?? 'FILE'}.` : undefined,
    file,
    line: good.split('\n').length,
    column: good.length - good.lastIndexOf('\n'),
  })
}

/** The text before the first bad character: a streaming decoder takes every beginning without one, so halving finds it. */
function goodStart(bytes: Uint8Array): string {
  let good = 0
  let bad = bytes.length + 1
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (decodeStart(bytes.subarray(0, middle)) === undefined) bad = middle
    else good = middle
  }
  return decodeStart(bytes.subarray(0, good)) ?? ''
}

/** Leaves out an incomplete character at the end. */
function decodeStart(start: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(start, { stream: true })
  } catch {
    return undefined
  }
}
