import { KmsfileError } from '../errors.ts'
import type { Path } from './tree.ts'

/** The root of a document, as people write it. */
const ROOT = '.'
// Keys that need no quotes when they are printed: no syntax of ours, no white space, nothing that a terminal obeys.
const PLAIN_KEY = /^[^\s\p{C}.[\]"'\\]+$/u
// Everything that a terminal obeys or does not show: controls, formats, lone surrogates, all spaces but one.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu
const DIGITS = /^\d+$/
// A JSON escape, or whatever stands behind a backslash instead of one.
const ESCAPE = /\\(?:u[0-9a-fA-F]{4}|[\s\S])?/g
const ESCAPED: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/**
 * Reads a path as people type it: `a.b[0]`, or `["a"]["b"][0]` as sops has it, or both mixed.
 *
 * Only digits in brackets are a list index: `a.0` is the key `0`. A key with a dot, a bracket or a quote at its start is
 * quoted, behind a dot or in brackets. In double quotes the escapes of JSON count; in single quotes nothing does, and
 * the first single quote ends the key. `.` is the root.
 *
 * @throws KmsfileError `PATH_INVALID`
 */
export function parsePath(text: string): Path {
  const path: (string | number)[] = []
  if (text === ROOT) return path
  if (text === '') throw invalid('the path is empty', 0, 'Write "." for the whole document.')

  for (let at = 0; at < text.length; ) {
    const step = text.charAt(at) === '[' ? parseBracket(text, at) : parseKey(text, at)
    path.push(step.value)
    at = step.end
  }
  return path
}

/**
 * Prints a path so that {@link parsePath} reads it back: dotted, keys quoted where they must be. What a terminal would
 * obey or not show is escaped, so that a path can go into a message as it is.
 */
export function printPath(path: Path): string {
  if (path.length === 0) return ROOT
  const parts = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`
    return PLAIN_KEY.test(step) ? `.${step}` : `.${quote(step)}`
  })
  return parts.join('').replace(/^\./, '')
}

interface Step {
  readonly value: string | number
  readonly end: number
}

/** A key, with the dot before it unless it is the first. */
function parseKey(text: string, start: number): Step {
  if (start > 0 && text.charAt(start) !== '.') throw invalid('expected a dot or [', start)
  const at = start === 0 ? 0 : start + 1
  const first = text.charAt(at)
  if (first === '"' || first === "'") return parseQuoted(text, at)

  let end = at
  while (end < text.length && !'.[]'.includes(text.charAt(end))) end++
  if (text.charAt(end) === ']') throw invalid('a ] without its [', end)
  if (end === at) throw invalid('expected a key', at, 'Put quotes around a key that is empty or has a dot in it.')
  return { value: text.slice(at, end), end }
}

function parseBracket(text: string, start: number): Step {
  const at = start + 1
  const first = text.charAt(at)
  if (first === '"' || first === "'") {
    const key = parseQuoted(text, at)
    if (text.charAt(key.end) !== ']') throw invalid('expected a ] after the quoted key', key.end)
    return { value: key.value, end: key.end + 1 }
  }
  const close = text.indexOf(']', at)
  if (close === -1) throw invalid('a [ without its ]', start)
  const digits = text.slice(at, close)
  if (!DIGITS.test(digits)) throw invalid('expected a list index or a quoted key', at)
  const index = Number(digits)
  if (!Number.isSafeInteger(index)) throw invalid('the list index is too large', at)
  return { value: index, end: close + 1 }
}

function parseQuoted(text: string, start: number): Step {
  const mark = text.charAt(start)
  let end = start + 1
  while (end < text.length && text.charAt(end) !== mark) end += mark === '"' && text.charAt(end) === '\\' ? 2 : 1
  if (end >= text.length) throw invalid('a quote is not closed', start)
  const raw = text.slice(start + 1, end)
  return { value: mark === '"' ? decodeEscapes(raw, start + 1) : raw, end: end + 1 }
}

function decodeEscapes(raw: string, start: number): string {
  return raw.replace(ESCAPE, (sequence, offset: number) => {
    if (sequence.length === 6) return String.fromCharCode(Number.parseInt(sequence.slice(2), 16))
    const character = ESCAPED[sequence.slice(1)]
    if (character !== undefined) return character
    throw invalid('not an escape of JSON', start + offset, 'Write \\\\ for a backslash, or use single quotes.')
  })
}

function quote(key: string): string {
  return JSON.stringify(key).replace(UNPRINTABLE, (character) =>
    // By UTF-16 unit: half a surrogate pair is no character that could be told apart from its other half.
    Array.from({ length: character.length }, (_, i) => escapeUnit(character.charCodeAt(i))).join(''),
  )
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`
}

/** The path itself stays out: whoever typed it has it before them, and it may be a value typed in the wrong place. */
function invalid(problem: string, offset: number, hint?: string): KmsfileError {
  return new KmsfileError(`malformed path: ${problem} (character ${offset + 1})`, { code: 'PATH_INVALID', hint })
}
