import { KeyUnavailableError, KmsfileError } from '../errors.ts'
import { FormatError } from '../formats/format.ts'
import type { Host } from '../host/host.ts'
import { shellWord } from '../host/shell-words.ts'
import { visibly } from '../host/visible.ts'

/** How people and machines want to be talked to. */
export interface Manners {
  readonly json: boolean
  readonly quiet: boolean
  /** Talk may be coloured. */
  readonly color: boolean
}

/** Writes an error to stderr: what, where, and one thing to do. Never a stack, except for a bug of our own. */
export function reportError(error: unknown, host: Pick<Host, 'stderr'>, { json, color }: Omit<Manners, 'quiet'>): void {
  host.stderr.write(json ? `${JSON.stringify({ error: errorData(error) })}\n` : errorText(error, color))
}

/** Whether talk may be coloured: on a terminal that nobody asked to stay plain, or where somebody insists. */
export function usesColor({ env, stderr }: Pick<Host, 'env' | 'stderr'>, choice: unknown): boolean {
  if (choice === 'always' || choice === 'never') return choice === 'always'
  return stderr.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb' && !env['CI']
}

/** The fields of an error as `--json` prints them. */
export function errorData(error: unknown): Record<string, unknown> {
  if (!(error instanceof KmsfileError)) return { code: 'BUG', message: bugMessage(error) }
  return {
    code: error.code,
    message: error.message,
    ...defined({ hint: hintOf(error), file: error.file, line: error.line, column: error.column }),
    ...(error instanceof KeyUnavailableError && { attempts: error.attempts }),
  }
}

/** One line of talk, marked as ours. */
export function talk(kind: keyof typeof COLORS, message: string, color: boolean): string {
  const mark = color ? `\x1b[${COLORS[kind]}m${kind}:\x1b[0m` : `${kind}:`
  return `kmsfile: ${mark} ${escaped(message)}\n`
}

// SGR parameters (ECMA-48): bold red, bold yellow, bold cyan.
const COLORS = { error: '1;31', warning: '1;33', hint: '1;36' } as const

function errorText(error: unknown, color: boolean): string {
  if (!(error instanceof KmsfileError)) {
    return `${talk('error', `a bug in kmsfile: ${bugMessage(error)}`, color)}${stackOf(error)}`
  }
  const hint = hintOf(error)
  return [
    talk('error', `${placeText(error)}${error.message} [${error.code}]`, color),
    error instanceof KeyUnavailableError ? attemptsText(error) : '',
    error instanceof FormatError && error.excerpt !== '' ? `${error.excerpt}\n` : '',
    hint === undefined ? '' : talk('hint', hint, color),
  ].join('')
}

function placeText({ file, line, column }: KmsfileError): string {
  if (file === undefined) return ''
  const place = [shownName(file), line, line === undefined ? undefined : column]
  return `${place.filter((part) => part !== undefined).join(':')}: `
}

function attemptsText({ attempts }: KeyUnavailableError): string {
  const width = Math.min(60, Math.max(0, ...attempts.map(({ key }) => key.length)))
  return attempts.map(({ key, reason }) => `  ${escaped(key.padEnd(width))}   ${escaped(reason)}\n`).join('')
}

/** The name of a file as people read it. */
export function shownName(file: string): string {
  return file === '-' ? 'stdin' : file
}

/** Hints name the file where they were written before anybody knew it. */
export function hintOf({ hint, file }: Pick<KmsfileError, 'hint' | 'file'>): string | undefined {
  return file === undefined || file === '-' ? hint : hint?.replace(/\bFILE\b/g, () => shellWord(file))
}

// What we did not write ourselves may carry anything, so only the kind and the place of a bug are told.
function bugMessage(error: unknown): string {
  return error instanceof TypeError || error instanceof RangeError ? error.message : (error as Error)?.name || 'unknown'
}

function stackOf(error: unknown): string {
  const frames = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : []
  return frames.length === 0 ? '' : `${frames.slice(0, 8).join('\n')}\n`
}

/** Shows control and bidirectional characters, so that a name or a key cannot steer the terminal or its reader. */
export function escaped(text: string): string {
  return visibly(text, { kept: '\t\n' })
}

function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
