import { KmsfileError } from '../errors.ts'

const BEGIN = '# kmsfile-begin'
const END = '# kmsfile-end'
/** Second line of a block, where the file ended without a line break before it. */
const GAP = '# (the line break above this block belongs to it)'
/** Second line of a block, where the file was there, and empty. */
const EMPTY = '# (this file was empty)'

export interface BlockOptions {
  /** The file, as errors name it. */
  readonly file: string
  /** Where a new block goes: the start of a line. Default: the end, since later lines win in most files of git. */
  readonly at?: number | undefined
}

/**
 * A text with our lines in it, between marks; whatever else is in it stays, byte for byte. A block that is there is replaced
 * where it stands. Undefined stands for no file: {@link withoutBlock} tells it from an empty one.
 *
 * @throws KmsfileError `CONFIG_INVALID` where one of the marks is missing, or stands twice
 */
export function withBlock(
  text: string | undefined,
  lines: readonly string[],
  { file, at = text?.length ?? 0 }: BlockOptions,
): string {
  const old = text ?? ''
  const eol = /\r\n/.test(old) ? '\r\n' : '\n'
  const found = findBlock(old, file)
  if (found !== undefined) {
    const note = [GAP, EMPTY].find((each) => old.slice(found.start, found.end).includes(each))
    return old.slice(0, found.start) + linesWith(lines, note).join(eol) + old.slice(found.end)
  }
  const gap = at === 0 || old[at - 1] === '\n' ? '' : eol
  const note = gap !== '' ? GAP : text === '' ? EMPTY : undefined
  return `${old.slice(0, at)}${gap}${linesWith(lines, note).join(eol)}${eol}${old.slice(at)}`
}

/**
 * Reverses {@link withBlock}, to the last byte. Undefined where the block was all there is, so that the file goes, too.
 *
 * @throws KmsfileError `CONFIG_INVALID` as {@link withBlock} does
 */
export function withoutBlock(text: string, { file }: Pick<BlockOptions, 'file'>): string | undefined {
  const found = findBlock(text, file)
  if (found === undefined) return text
  const inside = text.slice(found.start, found.end)
  const rest = text.slice(found.end).replace(/^\r?\n/, '')
  const before = text.slice(0, found.start)
  // Where something was added below, the line break has become its own.
  const kept = inside.includes(GAP) && rest === '' ? before.replace(/\r?\n$/, '') : before
  return kept + rest === '' && !inside.includes(EMPTY) ? undefined : kept + rest
}

/** The lines between the marks; undefined where there are none, or none that belong together. */
export function linesOfBlock(text: string): readonly string[] | undefined {
  const lines = text.split(/\r?\n/)
  const [begin, end] = [lines.indexOf(BEGIN), lines.indexOf(END)]
  if (begin === -1 || end < begin) return undefined
  return lines.slice(begin + 1, end).filter((line) => line !== GAP && line !== EMPTY)
}

/** Our lines between marks, for who puts them into a text himself; each may be indented. */
export function block(lines: readonly string[], { gap = false }: { readonly gap?: boolean } = {}): readonly string[] {
  return [BEGIN, ...(gap ? [GAP] : []), ...lines, END]
}

/** A text without any block, however many there are and however far they are indented. A mark without the other stays. */
export function withoutBlocks(text: string): string {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? []
  const kept: string[] = []
  let closesFile = false
  for (let at = 0; at < lines.length; at++) {
    const end = lines[at]?.trim() === BEGIN ? lines.findIndex((line, i) => i > at && line.trim() === END) : -1
    if (end === -1) kept.push(lines[at] as string)
    else {
      closesFile = end === lines.length - 1 && lines[at + 1]?.trim() === GAP
      at = end
    }
  }
  const rest = kept.join('')
  return closesFile ? rest.replace(/\r?\n$/, '') : rest
}

/** From the first mark to the end of the last, without the line break behind it. */
function findBlock(text: string, file: string): { readonly start: number; readonly end: number } | undefined {
  const lines = text.split(/\r?\n/)
  const [begins, ends] = [indicesOf(lines, BEGIN), indicesOf(lines, END)]
  if (begins.length === 0 && ends.length === 0) return undefined
  const [begin = -1, end = -1] = [begins[0], ends[0]]
  if (begins.length === 1 && ends.length === 1 && end > begin) {
    return { start: offsetOf(text, begin), end: offsetOf(text, end) + END.length }
  }
  throw new KmsfileError(`the lines "${BEGIN}" and "${END}" do not stand there once each`, {
    code: 'CONFIG_INVALID',
    file,
    line: Math.max(begin, end) + 1,
    hint: `remove what is left of the block from ${file}, then try again`,
  })
}

function linesWith(lines: readonly string[], note: string | undefined): readonly string[] {
  return block(note === undefined ? lines : [note, ...lines])
}

function indicesOf(lines: readonly string[], mark: string): readonly number[] {
  return [...lines.keys()].filter((index) => lines[index] === mark)
}

/** Where a line starts. */
function offsetOf(text: string, line: number): number {
  let offset = 0
  for (let i = 0; i < line; i++) offset = text.indexOf('\n', offset) + 1
  return offset
}
