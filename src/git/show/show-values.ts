import { textDiff } from '../../core/text-diff.ts'
import type { Document } from '../../core/tree.ts'
import { KmsfileError } from '../../errors.ts'
import { detectFormat } from '../../formats/detect.ts'
import { printPlace } from '../../operations/tree-changes.ts'
import { contentFormat } from '../check/judge-text.ts'
import type { Revealed } from './revealed.ts'
import { type PatchColors, painted, paintedLine, SIGNS } from './show-colors.ts'
import { type CommentChange, commentDifferences } from './show-comments.ts'
import { type HeaderChange, headerChanges, noteLines } from './show-header.ts'
import { changeId, MAX_CHANGES, treeDifferences, type ValueChange } from './show-tree.ts'
import { changeText, cutLines, isBlock, isEncrypted, lineText, valueText } from './show-value-text.ts'

export interface ValueOptions {
  readonly colors: PatchColors
  /** Names keys alone, without their values. */
  readonly keysOnly: boolean
  /** Shows no values, not even those that are not encrypted. */
  readonly hide: boolean
  /** What the file is called. */
  readonly name: string
}

/** What changed between two versions, key by key: values, comments, and how the file is encrypted. */
export function valueLines(old: Revealed, now: Revealed, options: ValueOptions): readonly string[] {
  const lines = [...noteLines([old], now, options), ...linesOf(differencesOf(old, now, options), options)]
  if (lines.length > 0) return lines
  return [bodyOf(old) === bodyOf(now) ? '~ (nothing but ciphertext)' : '~ (spelling alone)']
}

/**
 * The same for a merge, once for each parent. Where it is dense, without what is as in one of them; empty where nothing is left.
 */
export function mergedValueLines(
  parents: readonly Revealed[],
  now: Revealed,
  options: ValueOptions & { readonly dense: boolean },
): readonly string[] {
  const found = parents.map((parent) => differencesOf(parent, now, options))
  const parts = (options.dense ? found.map((each) => common(each, found)) : found).map((each) => linesOf(each, options))
  const notes = noteLines(parents, now, options)
  if (parts.every((part) => part.length === 0)) return notes
  const titled = parts.flatMap((part, i) => [
    painted(`@@ parent ${i + 1} @@`, options.colors.frag, options.colors),
    ...(part.length > 0 ? part : ['  (the same)']),
  ])
  return [...notes, ...titled]
}

interface Differences {
  readonly headers: readonly HeaderChange[]
  /** Undefined where one version cannot be read. */
  readonly values: readonly ValueChange[] | undefined
  /** Undefined where there are too many. */
  readonly comments: readonly CommentChange[] | undefined
  /** Whose plaintext is not to be shown. */
  readonly hides: { readonly old: boolean; readonly now: boolean }
}

function differencesOf(old: Revealed, now: Revealed, { colors, name, hide }: ValueOptions): Differences {
  const headers = headerChanges(old, now, colors)
  const hides = { old: hide && old.kind === 'other', now: hide && now.kind === 'other' }
  const [before, after] = [documentsOf(old, name), documentsOf(now, name)]
  if (before === undefined || after === undefined) {
    return { headers, values: bodyOf(old) === bodyOf(now) ? [] : undefined, comments: [], hides }
  }
  return { headers, values: treeDifferences(before, after), comments: commentDifferences(before, after), hides }
}

/** What is in all of several differences. */
function common({ headers, values, comments, hides }: Differences, all: readonly Differences[]): Differences {
  const known = all.map(
    (each) =>
      new Set([
        ...each.headers.map(({ id }) => id),
        ...(each.values ?? []).map(changeId),
        ...(each.comments ?? []).map(commentId),
      ]),
  )
  const inAll = (id: string) => known.every((ids) => ids.has(id))
  return {
    headers: headers.filter(({ id }) => inAll(id)),
    values: values?.filter((change) => inAll(changeId(change))),
    comments: comments?.filter((change) => inAll(commentId(change))),
    hides,
  }
}

function commentId({ sign, text }: CommentChange): string {
  return `${sign}#${text}`
}

function bodyOf({ body }: Revealed): string {
  return typeof body === 'string' ? body : Buffer.from(body).toString('latin1')
}

/** What is in a version, be it encrypted or not. */
function documentsOf({ documents, body }: Revealed, name: string): readonly Document[] | undefined {
  if (documents !== undefined) return documents
  if (typeof body !== 'string') return undefined
  if (body === '') return []
  try {
    return detectFormat(name, contentFormat(body, name)).scan(body).documents
  } catch (error) {
    if (error instanceof KmsfileError) return undefined
    throw error
  }
}

function linesOf({ headers, values, comments, hides }: Differences, options: ValueOptions): readonly string[] {
  const own = { ...options, hides }
  return [
    ...headers.map(({ line }) => line),
    ...(values?.flatMap((change) => changeLines(change, own)) ?? ['! (not compared: one version cannot be read)']),
    ...((values?.length ?? 0) >= MAX_CHANGES ? ['! (there may be more: see the lines)'] : []),
    ...commentLines(comments, own),
  ]
}

/** Comments are as secret as values. */
function commentLines(comments: Differences['comments'], { colors, keysOnly, hides }: LineOptions): readonly string[] {
  if (comments?.length === 0) return []
  if (comments === undefined || keysOnly) return ['~ (comments)']
  return comments.map(({ sign, text }) => {
    const isNew = sign === '+'
    const shown = valueText({ type: 'str', text }, { hide: isNew ? hides.now : hides.old })
    return painted(`${sign} (comment) ${shown}`, isNew ? colors.new : colors.old, colors)
  })
}

type LineOptions = ValueOptions & { readonly hides: { readonly old: boolean; readonly now: boolean } }

function changeLines(change: ValueChange, options: LineOptions): readonly string[] {
  const { colors, keysOnly, hides } = options
  const place = printPlace(change)
  switch (change.kind) {
    case 'added':
    case 'removed': {
      const isNew = change.kind === 'added'
      const [sign, color, hide] = isNew ? ['+', colors.new, hides.now] : ['-', colors.old, hides.old]
      if (keysOnly) return [painted(`${sign} ${place}`, color, colors)]
      if (hide || !isBlock(change.value))
        return [painted(`${sign} ${place}: ${valueText(change.value, { hide })}`, color, colors)]
      const lines = change.value.text.replace(/\n$/, '').split('\n')
      return [`${sign} ${place}:`, ...cutLines(lines).map((line) => `${sign}   ${lineText(line)}`)].map((line) =>
        painted(line, color, colors),
      )
    }
    case 'moved': {
      const value = keysOnly || change.value === undefined ? '' : `: ${valueText(change.value, { hide: hides.now })}`
      return [`~ ${printPlace(change.from)} -> ${place}${keysOnly ? '' : ' (moved)'}${value}`]
    }
    case 'reordered':
      return [`~ ${place} (order)`]
    case 'changed': {
      const { from, to } = change
      if (keysOnly) return [`~ ${place}${from.type === to.type ? '' : ' (type)'}`]
      const isHidden = hides.old || hides.now || isEncrypted(from) || isEncrypted(to)
      if (!isHidden && from.type === 'str' && to.type === 'str' && (isBlock(from) || isBlock(to))) {
        return [`~ ${place}:`, ...blockLines(from.text, to.text, colors)]
      }
      const [old, now] = changeText(from, to, hides.old || hides.now)
      return [`~ ${place}: ${painted(old, colors.old, colors)} -> ${painted(now, colors.new, colors)}`]
    }
    default:
      return change satisfies never
  }
}

/** Two texts of several lines. */
function blockLines(before: string, after: string, colors: PatchColors): readonly string[] {
  const lines = textDiff(before, after).flatMap((hunk, i) => [
    ...(i === 0 && hunk.new.start <= 1 ? [] : [`    @@ line ${hunk.new.start} @@`]),
    ...hunk.lines.map(({ kind, text, noBreak }) => {
      const end = noBreak && kind !== 'same' ? ' (no line break)' : ''
      return paintedLine(`${SIGNS[kind]}   ${lineText(text)}${end}`, kind, colors)
    }),
  ])
  return cutLines(lines)
}
