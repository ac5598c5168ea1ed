/**
 * What a terminal obeys, and what makes it show a text as what it is not: controls of C0 and C1, line and paragraph separators, marks
 * of Unicode's bidirectional algorithm. To be used with `replace` and `search`, which keep no place in it.
 */
export const OBEYED = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** Shows control and bidirectional characters, so that a text cannot steer the terminal or its reader. `kept` stay as they are. */
export function visibly(text: string, { kept = '' }: { readonly kept?: string } = {}): string {
  return text.replace(OBEYED, (character) => {
    if (kept.includes(character)) return character
    const code = character.charCodeAt(0).toString(16)
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`
  })
}
