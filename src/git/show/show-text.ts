import { visibly } from '../../host/visible.ts'

/** A line of a patch as it is shown. It may come from anybody: a terminal must not obey it, nor show it as what it is not. */
export function visible(line: string): string {
  // Git has a carriage return at the end of a line as it is.
  const end = line.endsWith('\r') ? '\r' : ''
  return `${escaped(line.slice(0, line.length - end.length))}${end}`
}

/** The same for a text that has no lines. */
export function escaped(text: string): string {
  return visibly(text, { kept: '\t' })
}

/** A text in quotes, on one line. */
export function quoted(text: string): string {
  return escaped(JSON.stringify(text))
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
