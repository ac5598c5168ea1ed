import { combinedDiff } from '../../core/combined-diff.ts'
import { splitLines } from '../../core/merge-lines.ts'
import { type HunkLine, type LineRange, textDiff } from '../../core/text-diff.ts'
import { type PatchColors, paintedLine, SIGNS } from './show-colors.ts'
import { visible } from './show-text.ts'

export interface LineOptions {
  readonly colors: PatchColors
  /** Unchanged lines around a change. */
  readonly context: number
}

/** The hunks between two texts, as git prints them. */
export function pairLines(
  before: string,
  after: string,
  { colors, context, interHunkContext }: LineOptions & { readonly interHunkContext: number },
): readonly string[] {
  const keyBefore = keyFinder(before)
  return textDiff(before, after, { context, interHunkContext }).flatMap((hunk) => [
    hunkHeader(`@@ -${rangeOf(hunk.old)} +${rangeOf(hunk.new)} @@`, keyBefore(hunk.old), colors),
    ...hunk.lines.flatMap((line) => lineOf(line, colors)),
  ])
}

/** The hunks between a text and what it was merged from, as git prints them. */
export function combinedLines(
  parents: readonly string[],
  result: string,
  { colors, context, dense }: LineOptions & { readonly dense: boolean },
): readonly string[] {
  const marks = '@'.repeat(parents.length + 1)
  const range = ({ start, count }: LineRange) => `${start},${count}`
  const keyBefore = keyFinder(result)
  return combinedDiff(parents, result, { context, dense }).flatMap((hunk) => [
    hunkHeader(
      `${marks} ${hunk.old.map((old) => `-${range(old)} `).join('')}+${range(hunk.new)} ${marks}`,
      keyBefore({ start: hunk.new.start, count: 1 }),
      colors,
    ),
    ...hunk.lines.map(({ columns, text, kind }) => paintedLine(`${columns}${visible(text)}`, kind, colors)),
  ])
}

/** A line that starts with a key, as the driver of git is told to find it. */
const KEY_LINE = /^[ \t\r\v\f]*([A-Za-z0-9_.-]{1,80}):/

/** Finds the last key before a hunk; where there is none behind the hunk before, that of the latter. Hunks come in their order. */
function keyFinder(text: string): (range: LineRange) => string {
  const lines = splitLines(text)
  let [key, seen] = ['', 0]
  return ({ start, count }) => {
    const end = count === 0 ? start : start - 1
    for (let i = end - 1; i >= seen; i--) {
      const found = KEY_LINE.exec(lines[i] as string)?.[1]
      if (found === undefined) continue
      key = found
      break
    }
    seen = end
    return key
  }
}

function hunkHeader(ranges: string, key: string, { frag, context, func, reset }: PatchColors): string {
  const heading = key === '' ? '' : `${context} ${reset}${func}${key}${reset}`
  return `${frag}${ranges}${reset}${heading}`
}

function rangeOf({ start, count }: LineRange): string {
  return count === 1 ? `${start}` : `${start},${count}`
}

function lineOf({ kind, text, noBreak }: HunkLine, colors: PatchColors): readonly string[] {
  const line = paintedLine(`${SIGNS[kind]}${visible(text)}`, kind, colors)
  return noBreak ? [line, paintedLine('\\ No newline at end of file', 'same', colors)] : [line]
}
