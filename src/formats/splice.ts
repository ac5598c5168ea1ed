import type { Edit } from './format.ts'

/**
 * Applies edits to a text. They may come in any order; insertions at one place keep theirs.
 *
 * @throws RangeError if two edits overlap: that is a bug, never the user's input.
 */
export function splice(text: string, edits: readonly Edit[]): string {
  const sorted = isSorted(edits) ? edits : [...edits].sort((a, b) => a.start - b.start || a.end - b.end)
  const parts: string[] = []
  let at = 0
  for (const edit of sorted) {
    if (edit.start < at || edit.end < edit.start) throw new RangeError(`edits overlap at ${edit.start}`)
    parts.push(text.slice(at, edit.start), edit.text)
    at = edit.end
  }
  parts.push(text.slice(at))
  return parts.join('')
}

function isSorted(edits: readonly Edit[]): boolean {
  return edits.every((edit, i) => {
    const before = edits[i - 1]
    return before === undefined || before.start < edit.start || (before.start === edit.start && before.end <= edit.end)
  })
}
