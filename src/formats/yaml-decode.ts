import { FormatError } from './format.ts'
import type { ScalarEvent } from './yaml-parser/event.ts'
import { foldSpace, scalarValue } from './yaml-parser/scalar-value.ts'

/**
 * The string that a scalar stands for, as yaml.v3 reads it.
 *
 * @throws FormatError `FORMAT_SYNTAX` for an escape beyond Unicode.
 */
export function decodeScalar(text: string, event: ScalarEvent): string {
  if (event.verbatim) return text.slice(event.start, event.end)
  if (event.style === 'double') return decodeDouble(text, event)
  const value = scalarValue(text, event)
  // js-yaml and the YAML test suite end a block scalar with a line break even where
  // the text ends without one; yaml.v3, and so sops' MAC, does not.
  const isBlock = event.style === 'literal' || event.style === 'folded'
  const unfinished = isBlock && event.end === text.length && !text.endsWith('\n')
  if (!unfinished || event.chomping === 'strip' || !value.endsWith('\n')) return value
  const lastLine = text.slice(text.lastIndexOf('\n') + 1)
  return lastLine.trim() === '' && lastLine.length <= Math.max(event.indent, 0) ? value : value.slice(0, -1)
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
}

// An escape; white space with the line breaks in it, if there are any. Each character is looked at once.
const SPECIAL = /\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^\r\n])|(?:\\(?=\r?\n))?[ \t\r\n]+/g
const MAX_CODE_POINT = 0x10ffff

/**
 * Decodes what stands between double quotes (YAML 1.2, 7.3.1). The parser has checked the escapes, but for their size.
 *
 * Own code: js-yaml loses the blank lines behind an escaped line break.
 */
function decodeDouble(text: string, { start, end }: ScalarEvent): string {
  const source = text.slice(start, end)
  if (!source.includes('\\') && !source.includes('\n')) return source
  return source.replace(SPECIAL, (match, offset: number) => {
    const escaped = match.startsWith('\\') ? match.charAt(1) : undefined
    switch (escaped) {
      case 'x':
      case 'u':
      case 'U': {
        const code = Number.parseInt(match.slice(2), 16)
        if (code <= MAX_CODE_POINT) return String.fromCodePoint(code)
        throw new FormatError('an escape that is no character', text, { offset: start + offset })
      }
      case undefined:
        return foldSpace(match)
      case '\r':
      case '\n': {
        // A line break that is escaped is none; blank lines behind it are.
        const space = foldSpace(match.slice(1))
        return space === ' ' ? '' : space
      }
      default:
        return ESCAPES[escaped] ?? escaped
    }
  })
}
