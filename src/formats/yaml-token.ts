import type { DocumentEvent, NodeProperties, ScalarEvent } from './yaml-parser/event.ts'

const CORE_PREFIX = 'tag:yaml.org,2002:'

/** Reads tags in short form: `!!int`, `!custom`, `!`; undefined without one. */
export function tagReader(
  text: string,
  { directives }: DocumentEvent,
): (properties: NodeProperties) => string | undefined {
  const handles = new Map<string, string>([['!!', CORE_PREFIX]])
  for (const directive of directives) {
    if (directive.kind === 'tag') handles.set(directive.handle, directive.prefix)
  }
  return ({ tagStart, tagEnd }) => {
    if (tagStart < 0) return undefined
    const raw = text.slice(tagStart, tagEnd)
    const [, handle = '', suffix = ''] = /^(![\w-]*!|!)(.+)$/.exec(raw) ?? []
    const long = raw.startsWith('!<')
      ? raw.slice(2, -1)
      : handle === ''
        ? raw
        : `${handles.get(handle) ?? handle}${suffix.includes('%') ? decoded(suffix) : suffix}`
    return long.startsWith(CORE_PREFIX) ? `!!${long.slice(CORE_PREFIX.length)}` : long
  }
}

/** A tag with its escapes taken back, as go-yaml reads it: `!!%69nt` is `!!int`. */
function decoded(suffix: string): string {
  try {
    return decodeURIComponent(suffix)
  } catch {
    return suffix
  }
}

/** Where a node starts with its tag and anchor, if it has any. */
export function startWithProperties(start: number, { anchorStart, tagStart }: NodeProperties): number {
  let first = start
  if (anchorStart >= 0) first = Math.min(first, anchorStart - 1)
  if (tagStart >= 0) first = Math.min(first, tagStart)
  return first
}

/** Where the tag and the anchor of a node end; -1 where it has neither. */
export function endOfProperties({ anchorEnd, tagEnd }: NodeProperties): number {
  return Math.max(anchorEnd, tagEnd)
}

/** Where the slot of a scalar ends that starts at `start`, behind its properties. */
export function endOfScalar(text: string, event: ScalarEvent, start: number): number {
  switch (event.style) {
    case 'empty':
      return start
    case 'plain':
      return event.end
    case 'single':
    case 'double':
      return event.end + 1
    case 'literal':
    case 'folded':
      return endOfBlock(text, event)
    default:
      return event.style satisfies never
  }
}

/**
 * Behind the last line with content. Blank lines that follow are layout, unless the header keeps them (`|+`); then they
 * are part of the value, and the slot ends before the last line break.
 */
function endOfBlock(text: string, event: ScalarEvent): number {
  let end = beforeBreak(text, event.end)
  if (event.chomping === 'keep') return Math.max(end, event.start)
  while (end > event.start) {
    const lineStart = text.lastIndexOf('\n', end - 1) + 1
    const line = text.slice(lineStart, end)
    if (line.length > Math.max(event.indent, 0) || line.trim() !== '') break
    end = beforeBreak(text, lineStart)
  }
  return end
}

function beforeBreak(text: string, end: number): number {
  if (text.charCodeAt(end - 1) !== 0x0a) return end
  return text.charCodeAt(end - 2) === 0x0d ? end - 2 : end - 1
}
