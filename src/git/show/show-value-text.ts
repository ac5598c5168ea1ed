import { redacted } from './redacted.ts'
import { escaped, quoted } from './show-text.ts'
import type { ShownValue } from './show-tree.ts'

/** Of a longer value, a part is shown. */
const MAX_CHARS = 500
/** So much of what is the same stands before the first difference of two long values. */
const LEAD_CHARS = 40
const MAX_LINES = 400

/** Whether somebody reads it better line by line. */
export function isBlock({ type, text }: ShownValue): boolean {
  return type === 'str' && /\n./s.test(text)
}

/** A value on one line; `from` is the first character of interest. Of one that is hidden: its type and its length. */
export function valueText(
  value: ShownValue,
  { hide = false, from = 0 }: { readonly hide?: boolean; readonly from?: number } = {},
): string {
  const { type, text } = value
  if (type === 'map') return '{}'
  if (type === 'list') return '[]'
  if (isEncrypted(value)) return redacted(text)
  if (hide) return `[${type} len=${Buffer.byteLength(text)}]`
  if (type === 'null') return 'null'
  // As JSON and YAML have it; MACs and sops count it as Python does.
  if (type === 'bool') return text.toLowerCase()
  if (type !== 'str') return escaped(text)
  if (text.length <= MAX_CHARS) return quoted(text)
  const start = Math.max(0, Math.min(from - LEAD_CHARS, text.length - MAX_CHARS))
  const part = text.slice(start, start + MAX_CHARS)
  return `${start > 0 ? '...' : ''}${quoted(part)}${start + MAX_CHARS < text.length ? '...' : ''} (${text.length} characters)`
}

/** Both values of a change; where the type is another one, it is named. */
export function changeText(old: ShownValue, now: ShownValue, hide: boolean): readonly [string, string] {
  const from = firstDifference(old.text, now.text)
  const texts = [valueText(old, { hide, from }), valueText(now, { hide, from })] as const
  return old.type === now.type ? texts : [`${texts[0]} (${old.type})`, `${texts[1]} (${now.type})`]
}

/** Lines, of which no more are shown than anybody reads. */
export function cutLines(lines: readonly string[]): readonly string[] {
  if (lines.length <= MAX_LINES) return lines
  return [...lines.slice(0, MAX_LINES), `... ${lines.length - MAX_LINES} more lines`]
}

/** A line of a longer text. */
export function lineText(line: string): string {
  return line.length <= MAX_CHARS
    ? escaped(line)
    : `${escaped(line.slice(0, MAX_CHARS))}... (${line.length} characters)`
}

/** Whether its envelope stands for it. */
export function isEncrypted({ type, text }: ShownValue): boolean {
  return type === 'str' && text.startsWith('ENC[') && redacted(text) !== text
}

function firstDifference(a: string, b: string): number {
  let at = 0
  while (at < Math.min(a.length, b.length) && a[at] === b[at]) at++
  return at
}
