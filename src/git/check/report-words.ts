/** `1 file`, `3 files`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** What a terminal would obey, or what would end a line. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** A path as people should see it: in quotes, with escapes, where it would end the line or steer the terminal. */
export function shownPath(path: string): string {
  return UNPRINTABLE.test(path) ? JSON.stringify(path).replace(new RegExp(UNPRINTABLE, 'gu'), escapeOf) : path
}

/** As JSON has it. */
function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
