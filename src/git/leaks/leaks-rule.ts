import type { Path } from '../../core/tree.ts'

/** Shorter values are met by chance. */
const MIN_CHARS = 8
/** A line of a longer value has to be longer: it is one of many. */
const MIN_LINE_CHARS = 16
/** A single word counts from here on where its key says that it is secret; `password: postgres` is met everywhere. */
const MIN_WORD_CHARS = 12
const MIN_DIFFERENT_CHARS = 5

// Keys whose values are secret even if they are made of words: passwords, passphrases.
const SECRET_KEY = /passw|passphrase|pwd|secret|token|credential|private|(?:access|api).?key|key$/i
/** A capital with what follows it, capitals, digits: what names are put together from. */
const PIECE = /\p{Lu}?[\p{Ll}\p{Lo}\p{Lm}]+|\p{Lu}+(?!\p{Ll})|\p{Lu}|\p{Nd}+/gu
/** What stands between words in names of hosts, in addresses, in paths, in sentences. */
const BETWEEN = /[\s.,:;/_@+=&?~-]+/gu
const PUNCTUATION = /[\s\p{P}\p{S}]+/gu

/**
 * Whether a value is worth looking for. It is not if it is short; if it has few different characters; or if it is made of words
 * and numbers, as names, addresses and settings are, unless its key says that it is secret (`password: correct-horse-battery`).
 *
 * Made of words and numbers: for every four letters and digits, or for every six where nothing stands between them, there is at
 * most one piece that starts (two are free), a piece being a word, capitals or digits; no number has more than 12 digits, no word
 * more than 20 letters or six consonants in a row.
 */
function isTelling(text: string, keys: Path): boolean {
  if (text.length < MIN_CHARS || hasFewCharacters(text)) return false
  if (!isWords(text, BETWEEN)) return true
  if (!isSecretKey(keys) || text.includes('://') || /^[\d\s.,:+-]+$/.test(text)) return false
  return text.length >= MIN_WORD_CHARS || !/^\p{L}+$/u.test(text)
}

/**
 * What to look for of a value that is worth it, or of several lines: the whole, and each line by itself, since indentation may
 * stand between them. Lines of words and punctuation are left out: two configurations have many in common.
 */
export function partsOf(text: string, keys: Path): readonly string[] {
  const whole = text.trim()
  if (!/[\r\n]/.test(whole)) return isTelling(whole, keys) ? [whole] : []
  const lines = whole.split(/[\r\n]+/).map((line) => line.trim())
  const telling = lines.filter(
    (line) => line.length >= MIN_LINE_CHARS && !hasFewCharacters(line) && !isWords(line, PUNCTUATION),
  )
  // Where no line is worth it, all of them together may be.
  const isLong = whole.length >= MIN_LINE_CHARS && !hasFewCharacters(whole)
  const isWhole = isLong && (telling.length > 0 || !isWords(whole, PUNCTUATION) || isSecretKey(keys))
  return [...new Set([...(isWhole ? [whole] : []), ...telling])]
}

function isSecretKey(keys: Path): boolean {
  const name = keys.findLast((step) => typeof step === 'string')
  return typeof name === 'string' && SECRET_KEY.test(name)
}

function hasFewCharacters(text: string): boolean {
  return new Set(text).size < MIN_DIFFERENT_CHARS
}

function isWords(text: string, between: RegExp): boolean {
  const joined = text.replace(between, ' ')
  const pieces = joined.match(PIECE) ?? []
  const chars = pieces.reduce((sum, piece) => sum + piece.length, 0)
  // Something else than letters and digits stands in it.
  if (chars < joined.replaceAll(' ', '').length) return false
  if (pieces.some((piece) => piece.length > (/\d/.test(piece) ? 12 : 20))) return false
  // Words of other alphabets than ours are taken for words.
  const perPiece = /\s/.test(joined) ? 4 : 6
  return pieces.length <= chars / perPiece + 2 && !/[bcdfghjklmnpqrstvwxz]{6}/i.test(joined)
}
