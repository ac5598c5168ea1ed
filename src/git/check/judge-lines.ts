import { SELECTOR_FIELDS } from '../../core/envelope.ts'
import { compileSelector, DEFAULT_SELECTOR, type Selection, type SelectorKind } from '../../core/selection.ts'
import type { Path } from '../../core/tree.ts'
import type { Flaw, Stray } from './finding.ts'
import { isOfLaterSops, oddField, strayField } from './judge-metadata.ts'
import { isEnvelope } from './judge-values.ts'

const INI = /^\[sops\]\r?$/m
const COMMENT = /^\s*[#;](.*)$/s

interface Line {
  readonly number: number
  readonly keys: readonly string[]
  readonly value: string
}

/**
 * Judges what sops encrypts and kmsfile does not yet: dotenv and INI files, a value a line. Lines that are neither values nor
 * comments are taken for values.
 */
export async function judgeLines(text: string, selections: readonly Selection[]): Promise<readonly Flaw[]> {
  const lines = INI.test(text) ? iniLines(text) : dotenvLines(text)
  const metadata = new Map(lines.flatMap(({ keys, value }) => (isMetadata(keys) ? [[fieldOf(keys), value]] : [])))
  if (metadata.size === 0) {
    return [
      { verdict: 'no-metadata', severity: 'refuse', message: 'values are encrypted, but the metadata is missing' },
    ]
  }
  if (!isEnvelope({ type: 'str', text: metadata.get('mac') ?? '' })) {
    return [{ verdict: 'unreadable', severity: 'refuse', message: 'has no MAC' }]
  }
  const own = await ownSelection(metadata)
  const all = own === undefined ? selections : [own, ...selections]
  return lines
    .filter(({ keys, value }) => !isMetadata(keys) && value !== '' && !isEnvelope({ type: 'str', text: value }))
    .filter(({ keys }) => all.some((each) => each.selects(keys.some((key) => each.matches(key)))))
    .slice(0, MAX_NAMED)
    .map(({ number, keys }) => ({
      verdict: 'partly-encrypted',
      severity: 'refuse',
      line: number,
      ...(keys.length > 0 && { keys }),
      message: 'not encrypted',
    }))
}

const MAX_NAMED = 100

/** What such a file has readable beside its values: comments, and texts in the metadata. */
export async function lineStrays(text: string): Promise<readonly Stray[]> {
  const lines = INI.test(text) ? iniLines(text) : dotenvLines(text)
  const metadata = new Map(lines.flatMap(({ keys, value }) => (isMetadata(keys) ? [[fieldOf(keys), value]] : [])))
  const isLater = isOfLaterSops(metadata.get('version') ?? '')
  const fields = lines.flatMap(({ number: line, keys, value }): readonly Stray[] => {
    if (!isMetadata(keys)) return []
    const path = metadataPath(fieldOf(keys))
    // Line breaks are written as two characters.
    const odd = oddField(path, value.replaceAll('\\n', '\n'))
    return odd === undefined ? [] : [{ flaw: strayField(['sops', ...path], odd, { line, isLater }), text: value }]
  })
  const own = (await ownSelection(metadata)) ?? (await compileSelector(DEFAULT_SELECTOR))
  return own.byComment ? fields : [...commentStrays(text, own), ...fields]
}

function commentStrays(text: string, { matches, selects }: Selection): readonly Stray[] {
  let matched = false
  const isIni = INI.test(text)
  return text.split('\n').flatMap((raw, i): readonly Stray[] => {
    const line = raw.replace(/\r$/, '')
    const [, section] = (isIni ? /^\[(.*)\]$/.exec(line.trim()) : null) ?? []
    if (section !== undefined) matched = matches(section)
    const body = COMMENT.exec(line)?.[1]?.trim() ?? ''
    if (body === '' || !selects(matched) || isEnvelope({ type: 'str', text: body })) return []
    const message = 'a comment that is not encrypted'
    return [{ flaw: { verdict: 'stray-comment', severity: 'refuse', line: i + 1, message }, text: body }]
  })
}

/** `age__list_0__map_enc` is the field `enc` of the first entry of `age`. */
function metadataPath(field: string): Path {
  const parts = field.split(/__(?=(?:list_\d+|map_))/)
  return parts.map((part, i) => {
    if (i === 0) return part
    return part.startsWith('list_') ? Number(part.slice('list_'.length)) : part.slice('map_'.length)
  })
}

function dotenvLines(text: string): readonly Line[] {
  return contentLines(text).map(({ number, line }) => {
    const equals = line.indexOf('=')
    if (equals === -1) return { number, keys: [], value: line }
    return { number, keys: [line.slice(0, equals).trim()], value: line.slice(equals + 1) }
  })
}

function iniLines(text: string): readonly Line[] {
  let section = ''
  return contentLines(text).flatMap(({ number, line }) => {
    const [, opened] = /^\[(.*)\]$/.exec(line.trim()) ?? []
    if (opened !== undefined) {
      section = opened
      return []
    }
    const equals = line.indexOf('=')
    if (equals === -1) return [{ number, keys: [section], value: line }]
    const value = line.slice(equals + 1).trim()
    return [{ number, keys: [section, line.slice(0, equals).trim()], value: value.replace(/^(["`])(.*)\1$/s, '$2') }]
  })
}

function contentLines(text: string): readonly { readonly number: number; readonly line: string }[] {
  return text.split('\n').flatMap((raw, i) => {
    const line = raw.replace(/\r$/, '')
    return line.trim() === '' || COMMENT.test(line) ? [] : [{ number: i + 1, line }]
  })
}

function isMetadata([first = '', second]: readonly string[]): boolean {
  return second === undefined ? first.startsWith('sops_') : first === 'sops'
}

function fieldOf([first = '', second]: readonly string[]): string {
  return second ?? first.slice('sops_'.length)
}

async function ownSelection(metadata: ReadonlyMap<string, string>): Promise<Selection | undefined> {
  for (const [kind, field] of Object.entries(SELECTOR_FIELDS) as [SelectorKind, string][]) {
    const text = metadata.get(field)
    if (text !== undefined && text !== '') return compileSelector({ kind, text })
  }
  return undefined
}
