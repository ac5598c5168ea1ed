import { isNothing } from '../check/check-listing.ts'
import type { Revealed } from './revealed.ts'
import type { PatchColors } from './show-colors.ts'
import { combinedLines, pairLines } from './show-lines.ts'
import type { PatchSection } from './show-patch.ts'
import { mergedValueLines, valueLines } from './show-values.ts'

export interface SectionOptions {
  readonly colors: PatchColors
  /** Unchanged lines around a change. */
  readonly context: number
  /** Changes with so many lines more between them share a hunk. */
  readonly interHunkContext: number
  /** Lines of the text, keys with their values, or keys alone. */
  readonly view: 'lines' | 'values' | 'keys'
  /** Shows no values. */
  readonly hide: boolean
}

/**
 * The patch of an encrypted file by its values: the lines of git in front of it, then ours. Empty where git would print nothing: a
 * merge that took everything from one side.
 */
export function printSection(
  section: PatchSection,
  { old, new: now }: { readonly old: readonly Revealed[]; readonly new: Revealed },
  options: SectionOptions,
): string {
  const header = section.header.map(fromBytes)
  const lines = linesOf(section, { old, new: now }, options)
  if (lines.length === 0 && isOptional(section)) return ''
  const prefix = fromBytes(section.prefix)
  // `---` and `+++` come with hunks; git leaves them out where it takes a file for binary.
  return [...header, ...lines.map((line) => `${prefix}${line}\n`)].join('')
}

function linesOf(
  { kind, name }: PatchSection,
  { old, new: now }: { readonly old: readonly Revealed[]; readonly new: Revealed },
  { colors, context, interHunkContext, view, hide }: SectionOptions,
): readonly string[] {
  const dense = kind === 'cc'
  const [first] = old
  if (view !== 'lines') {
    const options = { colors, keysOnly: view === 'keys', hide, name, dense }
    return kind === 'pair' && first !== undefined
      ? valueLines(first, now, options)
      : mergedValueLines(old, now, options)
  }
  // Plaintext that lies there on purpose has nothing to say of keys: values are compared with values.
  const isBare = [...old, now].some(({ kind: what, header }) => what === 'values' && header === undefined)
  const [texts, text] = [old.map((each) => textOf(each, isBare)), textOf(now, isBare)]
  if (kind === 'pair') return pairLines(texts[0] ?? '', text, { colors, context, interHunkContext })
  return texts.includes(text) ? [] : combinedLines(texts, text, { colors, context, dense })
}

/** Whether git prints a merge of a file only for its hunks: neither its mode changed, nor is it looked at in the work tree. */
function isOptional({ kind, modes, new: id }: PatchSection): boolean {
  return kind !== 'pair' && modes.length === 0 && !isNothing(id)
}

function textOf({ text, body }: Revealed, isBare: boolean): string {
  const shown = isBare ? body : text
  return typeof shown === 'string' ? shown : Buffer.from(shown).toString('utf8')
}

function fromBytes(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8')
}
