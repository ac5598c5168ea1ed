import { FormatError } from './format.ts'

export const QUOTE = 0x22
export const BACKSLASH = 0x5c
export const COMMA = 0x2c
export const COLON = 0x3a
export const OPEN_MAP = 0x7b
export const CLOSE_MAP = 0x7d
export const OPEN_LIST = 0x5b
export const CLOSE_LIST = 0x5d

/** Says what is wrong at a place of a JSON text. Nothing of the text is repeated: it may be a secret. */
export function syntaxError(problem: string, text: string, offset: number, hint?: string): FormatError {
  return new FormatError(problem, text, { offset, hint })
}

/** There is no key where a map must have one. */
export function misplacedKey(text: string, at: number): FormatError {
  return misplaced(text, at, 'expected a key in double quotes')
}

/** There is no value where one must be. */
export function misplacedValue(text: string, at: number): FormatError {
  if (/^\s*$/.test(text)) return syntaxError('the text is empty', text, at, 'write {} for an empty JSON file')
  const c = text.charAt(at)
  if (c === '+') return syntaxError('a number with a plus sign', text, at)
  if (c === '.') return syntaxError('a number without a digit before the decimal point', text, at)
  return misplaced(text, at, 'expected a value')
}

/** There is neither a comma nor the end of the container, or something after the end of the root (no container). */
export function misplacedEnd(text: string, at: number, container: 'map' | 'list' | undefined): FormatError {
  if (container === undefined) return misplaced(text, at, 'text after the end of the JSON value')
  return misplaced(text, at, container === 'map' ? 'expected a comma or }' : 'expected a comma or ]')
}

function misplaced(text: string, at: number, expected: string): FormatError {
  const c = text.charAt(at)
  if (c === '') return syntaxError(`the text ends too early: ${expected}`, text, at)
  if (c === '/' || c === '#') {
    return syntaxError('comments are not JSON', text, at, 'remove the comments, or keep the file as YAML')
  }
  if (c === "'") return syntaxError('single quotes are not JSON', text, at, 'use double quotes')
  if (c === '\ufeff') return syntaxError('a byte order mark inside the text', text, at)
  if ((c === '}' || c === ']') && lastTokenBefore(text, at) === ',') {
    return syntaxError('trailing comma', text, text.lastIndexOf(',', at), 'remove the comma before the bracket')
  }
  return syntaxError(expected, text, at)
}

function lastTokenBefore(text: string, end: number): string {
  let at = end - 1
  while (at >= 0 && ' \t\r\n'.includes(text.charAt(at))) at--
  return text.charAt(at)
}
