import { KmsfileError } from '../errors.ts'

/** One thing that was looked at. */
export interface Check {
  /** Stable, for machines: what the check is about. Several may have the same. */
  readonly about:
    | 'version'
    | 'editor'
    | 'plaintext'
    | 'clock'
    | 'identity'
    | 'aws'
    | 'config'
    | 'key'
    | 'git'
    | 'files'
    | 'hooks'
    | 'drivers'
  /** `warning`: it works, and may yet do harm. `problem`: something does not work. */
  readonly state: 'ok' | 'warning' | 'problem'
  /** Lower case, without period. */
  readonly message: string
  /** The one thing to do about it. */
  readonly hint?: string | undefined
}

/** An error as a check; whatever is none of ours is a bug. */
export function problemOf(about: Check['about'], error: unknown): Check {
  if (!(error instanceof KmsfileError) || error.code === 'INTERRUPTED') throw error
  const place = [error.file, error.line, error.line === undefined ? undefined : error.column]
  const where = place.filter((part) => part !== undefined).join(':')
  const message = where === '' ? error.message : `${where}: ${error.message}`
  return { about, state: 'problem', message, ...(error.hint !== undefined && { hint: error.hint }) }
}
