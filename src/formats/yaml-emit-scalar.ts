import type { ScalarType } from '../core/tree.ts'
import { plainSpelling } from './yaml-emit-typed.ts'

/**
 * A value on one line, in quotes only where it needs some: every reader finds the same value of the same type.
 * Not for a string inside of `[ ]` or `{ }`.
 */
export function plainScalar({ type, text }: { readonly type: ScalarType; readonly text: string }): string {
  if (type === 'str') return plainIsSafe(text) ? text : quoted(text)
  return plainSpelling(type, text) ?? doubleQuoted(text)
}

/**
 * Whether a string may stand in block style without quotes: go-yaml, YAML 1.1 readers (PyYAML, Ruby) and YAML 1.2 readers
 * all find this text there, and a string.
 */
export function plainIsSafe(text: string): boolean {
  return readsAsString(text) && !ESCAPES.test(text) && !INDICATOR.test(text) && !SEPARATOR.test(text)
}

/** The text in quotes on one line, double ones where it needs escapes or would have another meaning without: as sops. */
function quoted(text: string): string {
  return readsAsString(text) && !ESCAPES.test(text) ? singleQuoted(text) : doubleQuoted(text)
}

/** The text in single quotes, if it is one line of printable characters; otherwise in double ones. */
export function singleQuoted(text: string): string {
  return NOT_PRINTABLE.test(text) ? doubleQuoted(text) : `'${text.replaceAll("'", "''")}'`
}

/** Any text in double quotes, on one line. Half a surrogate pair becomes U+FFFD, as in UTF-8. */
export function doubleQuoted(text: string): string {
  return `"${text.replace(ESCAPED, escapeSequence)}"`
}

/** As {@link doubleQuoted}, and what takes two units of UTF-16 as an escape: libyaml's emitter, and so sops, knows no better. */
export function escapedQuoted(text: string): string {
  return doubleQuoted(text).replace(ASTRAL, escapeSequence)
}

/**
 * The text as a literal block (`|`), without the line break at its end; undefined where some reader would not get it back.
 *
 * `indent` is the column of its lines, `parentIndent` that of the map or list that it stands in.
 */
export function literalBlock(text: string, indent: number, parentIndent = 0): string | undefined {
  if (NOT_LITERAL.test(text) || text.trim() === '' || text.startsWith('\t')) return undefined
  const indented = text.startsWith(' ') || text.startsWith('\n')
  const step = indent - parentIndent
  if (indented && (step < 1 || step > 9)) return undefined

  const ended = text.endsWith('\n')
  const chomping = text.endsWith('\n\n') ? '+' : ended ? '' : '-'
  const lines = (ended ? text.slice(0, -1) : text).split('\n')
  const margin = ' '.repeat(indent)
  return [`|${indented ? step : ''}${chomping}`, ...lines.map((line) => line && margin + line)].join('\n')
}

// Controls, the line breaks of YAML 1.1, byte order marks, halves of surrogate pairs, and what is no character.
const ESCAPED = /["\\\0-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\p{Surrogate}]/gu
const ESCAPES = /[\0-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\p{Surrogate}]/u
/** The same without tabs. */
const NOT_PRINTABLE = /[\0-\x08\n-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\p{Surrogate}]/u
/** Without tabs and line feeds; and spaces at the end of a line. */
const NOT_LITERAL = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\p{Surrogate}]| (?:\n|$)/u
const ASTRAL = /[\u{10000}-\u{10ffff}]/gu

/** What starts something other than a plain scalar, and white space at either end. */
const INDICATOR = /^[\s#,[\]{}&*!|>'"%@`]|^[-?:](?: |$)|^---|^\.\.\.|\s$/
const SEPARATOR = /:(?: |$)| #/

const NAMED_ESCAPES: ReadonlyMap<number, string> = new Map(
  Object.entries({
    ...{ '0': 0, a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, e: 0x1b },
    ...{ '"': 0x22, '\\': 0x5c, N: 0x85, L: 0x2028, P: 0x2029 },
  }).map(([name, code]) => [code, `\\${name}`]),
)

function escapeSequence(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const named = NAMED_ESCAPES.get(code)
  if (named !== undefined) return named
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd'
  const hex = code.toString(16).toUpperCase()
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

// Words of all dialects, in any case: some readers fold it. Readers in Rust take a bare `inf` for a number.
const WORD = /^(?:y|n|yes|no|on|off|true|false|null|~|<<|=|inf|infinity|nan)$/i
const LONGEST_WORD = 8

// The union of what go-yaml, PyYAML, Ruby's Psych, SnakeYAML, Symfony and YAML 1.2 readers resolve, and a little more.
// Underscores and commas are gone before: go-yaml ignores `_` wherever it stands, Ruby commas too.
const NUMBER = new RegExp(
  [
    /[-+]?(?=.*[\d.])\d*\.?\d*(?:e[-+]?\d*)?/, // 1  +1_000  .5  1,000  017  1.e5  .  e5
    /[-+]?0[xob][-+]?[\da-f.]*(?:p[-+]?\d*)?/, // 0x1F  0o17  0_b-1  0x1p-2
    /[-+]?\d+(?::[0-5]?\d)+(?:\.\d*)?/, // 1:30  190:20:30.15
    /[-+]?\.?(?:inf|infinity|nan)/,
    /[-+]?\d{4}-\d\d?-\d\d?(?:[t\s].*)?/, // 2001-12-14  2001-12-14 21:59:43
  ]
    .map(({ source }) => `^${source}$`)
    .join('|'),
  'i',
)

// The first character settles it for most strings.
const MAY_BE_WORD = 1
const MAY_BE_NUMBER = 2
const NO_STRING = 3
const HINTS = new Uint8Array(128)
for (const c of 'yntfoi~<=YNTFOI') HINTS[c.charCodeAt(0)] = MAY_BE_WORD
for (const c of '0123456789+-._,eE') HINTS[c.charCodeAt(0)] = MAY_BE_NUMBER
// Ruby reads `:name` as a symbol.
HINTS[0x3a] = NO_STRING

/** Whether every reader that finds the text as a plain scalar takes it for a string. */
function readsAsString(text: string): boolean {
  if (text === '') return false
  switch (HINTS[text.charCodeAt(0)]) {
    case MAY_BE_WORD:
      return text.length > LONGEST_WORD || !WORD.test(text)
    case MAY_BE_NUMBER:
      return !NUMBER.test(text.replace(/[_,]+/g, ''))
    case NO_STRING:
      return false
    default:
      return true
  }
}
