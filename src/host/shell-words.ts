import { OBEYED } from './visible.ts'

/**
 * Splits a command line into words as a POSIX shell does, quotes and backslashes and nothing else: no variable, no pattern and
 * no operator means anything. On Windows a backslash is a part of a path. Undefined where a quote does not end.
 */
export function shellWords(line: string, { platform }: { readonly platform: string }): readonly string[] | undefined {
  const escapes = platform !== 'win32'
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at)
    const next = line.charAt(at + 1)
    if (quote === '' && /\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (char === quote) {
      quote = ''
    } else if (quote === '' && (char === '"' || char === "'")) {
      quote = char
      word ??= ''
    } else if (char === '\\' && escapes && next !== '' && (quote === '' || (quote === '"' && '$`"\\'.includes(next)))) {
      word = (word ?? '') + next
      at++
    } else {
      word = (word ?? '') + char
    }
  }
  if (quote !== '') return undefined
  return word === undefined ? words : [...words, word]
}

/** A path as a shell takes it, on one line and visible. */
export function shellWord(path: string): string {
  // What starts with a dash would be an option.
  const word = path.startsWith('-') ? `./${path}` : path
  if (/^[\w./@%+=:,-]+$/.test(word)) return word
  if (word.search(OBEYED) === -1) return `'${word.replaceAll("'", `'\\''`)}'`
  const bytes = Array.from(Buffer.from(word), (byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x27 || byte === 0x5c
      ? `\\x${byte.toString(16).padStart(2, '0')}`
      : String.fromCharCode(byte),
  )
  return `$'${bytes.join('')}'`
}
