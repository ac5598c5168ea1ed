// Derived from js-yaml 5.5.0 (MIT); the notice stands in parse-yaml-events.ts.
import type { ScalarEvent } from './event.ts'
import { CR, isBlank, isBreak, LF } from './reader.ts'

// Two quotes that stand for one; white space with the line breaks in it, if there are any.
const SPECIAL = /''|[ \t\r\n]+/g
const WHITE = /[ \t\r\n]+/g

/** The string that a scalar stands for. Not for double quotes with escapes or line breaks in them. */
export function scalarValue(text: string, scalar: ScalarEvent): string {
  const { style, start, end, verbatim } = scalar
  if (start < 0) return ''
  if (verbatim) return text.slice(start, end)
  switch (style) {
    case 'literal':
    case 'folded':
      return blockValue(text, scalar)
    case 'single':
      return text.slice(start, end).replace(SPECIAL, (match) => (match === "''" ? "'" : foldSpace(match)))
    default:
      return text.slice(start, end).replace(WHITE, foldSpace)
  }
}

/** What white space between words stands for: line breaks are a space, or as many as there are blank lines. */
export function foldSpace(space: string): string {
  const breaks = countBreaks(space)
  if (breaks === 0) return space
  return breaks === 1 ? ' ' : '\n'.repeat(breaks - 1)
}

function countBreaks(space: string): number {
  let breaks = 0
  for (let at = 0; at < space.length; at++) {
    const code = space.charCodeAt(at)
    if (code === LF || (code === CR && space.charCodeAt(at + 1) !== LF)) breaks++
  }
  return breaks
}

function blockValue(text: string, { style, start, end, indent, chomping }: ScalarEvent): string {
  const column = Math.max(indent, 0)
  let value = ''
  let blankLines = 0
  let hasText = false
  let wasDeeper = false
  for (let at = start; at < end; ) {
    let lineEnd = at
    while (lineEnd < end && !isBreak(text.charCodeAt(lineEnd))) lineEnd++
    // A line with text is indented by all of the column, or the parser would have ended the scalar before it.
    if (indent < 0 || lineEnd - at <= column) blankLines++
    else {
      const content = text.slice(at + column, lineEnd)
      const isDeeper = style === 'folded' && isBlank(content.charCodeAt(0))
      const folds = style === 'folded' && !isDeeper && !wasDeeper
      if (!folds) value += '\n'.repeat(hasText ? blankLines + 1 : blankLines)
      else if (blankLines > 0) value += '\n'.repeat(blankLines)
      else if (hasText) value += ' '
      value += content
      wasDeeper = isDeeper
      hasText = true
      blankLines = 0
    }
    at = lineEnd
    if (text.charCodeAt(at) === CR && text.charCodeAt(at + 1) === LF) at++
    at++
  }
  if (chomping === 'keep') return value + '\n'.repeat(hasText ? blankLines + 1 : blankLines)
  return chomping === 'clip' && hasText ? `${value}\n` : value
}
