// What a terminal obeys, and what turns the direction of a text: controls of C0 and C1 but for tabs, marks of Unicode's
// bidirectional algorithm, line and paragraph separators.
const OBEYED = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** A line of a patch as it is shown. It may come from anybody: a terminal must not obey it, nor show it as what it is not. */
export function visible(line: string): string {
  // Git has a carriage return at the end of a line as it is.
  const end = line.endsWith('\r') ? '\r' : ''
  return `${escaped(line.slice(0, line.length - end.length))}${end}`
}

/** The same for a text that has no lines. */
export function escaped(text: string): string {
  return text.replace(OBEYED, escapeOf)
}

/** A text in quotes, on one line. */
export function quoted(text: string): string {
  return escaped(JSON.stringify(text))
}

function escapeOf(character: string): string {
  const code = character.charCodeAt(0).toString(16)
  return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`
}

/** Texts of more lines are not compared: nobody reads that, and blank lines cost whoever made them nothing. */
const MAX_LINES = 1_000_000

/** Whether a text has more lines than anybody compares. */
export function isTooLong(text: string | Uint8Array): boolean {
  const next = (from: number) => (typeof text === 'string' ? text.indexOf('\n', from) : text.indexOf(10, from))
  let lines = 0
  for (let at = next(0); at !== -1 && lines <= MAX_LINES; at = next(at + 1)) lines++
  return lines > MAX_LINES
}
