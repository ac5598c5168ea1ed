import { type Hunk, type HunkLine, textDiff } from '../core/text-diff.ts'
import { compareTrees, printPlace, type TreeChange } from '../operations/tree-changes.ts'
import type { Revealed } from './revealed.ts'
import type { PatchColors } from './show-colors.ts'
import type { PatchSection } from './show-patch.ts'

export interface SectionOptions {
  readonly colors: PatchColors
  /** Unchanged lines around a change. */
  readonly context: number
  /** Names what changed, instead of showing it. */
  readonly keysOnly: boolean
}

/** The patch of an encrypted file by its values: the lines of git in front of it, then hunks of ours. */
export function printSection(
  section: PatchSection,
  versions: { readonly old: Revealed; readonly new: Revealed },
  options: SectionOptions,
): string {
  const header = section.header.map(fromBytes)
  const body = options.keysOnly ? keyLines(versions, options.colors) : hunkLines(versions, options)
  const prefix = fromBytes(section.prefix)
  // `---` and `+++` come with hunks; git leaves them out where it takes a file for binary.
  return [...header, ...body.map((line) => `${prefix}${line}\n`)].join('')
}

function fromBytes(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8')
}

function hunkLines(
  { old, new: now }: { readonly old: Revealed; readonly new: Revealed },
  { colors, context }: SectionOptions,
): readonly string[] {
  return textDiff(textOf(old), textOf(now), { context }).flatMap((hunk) => [
    `${colors.frag}@@ -${rangeOf(hunk.old)} +${rangeOf(hunk.new)} @@${colors.frag && colors.reset}`,
    ...hunk.lines.flatMap((line) => lineOf(line, colors)),
  ])
}

function rangeOf({ start, count }: Hunk['old']): string {
  return count === 1 ? `${start}` : `${start},${count}`
}

const SIGNS = { same: ' ', old: '-', new: '+' } as const

function lineOf({ kind, text, noBreak }: HunkLine, colors: PatchColors): readonly string[] {
  const color = kind === 'same' ? colors.context : colors[kind]
  const line = `${color}${SIGNS[kind]}${visible(text)}${color && colors.reset}`
  return noBreak ? [line, '\\ No newline at end of file'] : [line]
}

/** What is shown may come from anybody: a terminal must not obey it. */
function visible(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) =>
    character === '\r' ? '\r' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

function textOf({ text }: Revealed): string {
  return typeof text === 'string' ? text : Buffer.from(text).toString('utf8')
}

function keyLines(
  { old, new: now }: { readonly old: Revealed; readonly new: Revealed },
  colors: PatchColors,
): readonly string[] {
  const changes = compareTrees({ documents: old.documents ?? [] }, { documents: now.documents ?? [] })
  const lines = changes.map((change) => changeLine(change, colors))
  return lines.length > 0 ? lines : ['~ no value: keys, recipients or rules']
}

function changeLine(change: TreeChange, colors: PatchColors): string {
  switch (change.kind) {
    case 'added':
      return `${colors.new}+ ${printPlace(change)}${colors.new && colors.reset}`
    case 'removed':
      return `${colors.old}- ${printPlace(change)}${colors.old && colors.reset}`
    case 'moved':
      return `~ ${printPlace(change.from)} -> ${printPlace(change)}`
    case 'reordered':
      return `~ ${printPlace(change)} (order)`
    default:
      return `~ ${printPlace(change)}`
  }
}
