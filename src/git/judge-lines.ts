import { SELECTOR_FIELDS } from '../core/envelope.ts'
import { compileSelector, type Selection, type SelectorKind } from '../core/selection.ts'
import type { Flaw } from './finding.ts'
import { isEnvelope } from './judge-values.ts'

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
  const lines = /^\[sops\]\r?$/m.test(text) ? iniLines(text) : dotenvLines(text)
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
    return line.trim() === '' || /^\s*[#;]/.test(line) ? [] : [{ number: i + 1, line }]
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
