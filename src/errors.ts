/** Every code an error of kmsfile can carry. They are API: never renamed, only added. */
export type ErrorCode =
  // usage
  | 'USAGE'
  | 'INPUT_NEEDED'
  | 'PATH_INVALID'
  | 'VALUE_INVALID'
  // configuration
  | 'CONFIG_NOT_FOUND'
  | 'CONFIG_INVALID'
  | 'CONFIG_NO_RULE'
  | 'CONFIG_EXISTS'
  // files and their text
  | 'FILE_NOT_FOUND'
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'FILE_EXISTS'
  | 'FILE_LOCKED'
  | 'FILE_CHANGED'
  | 'FILE_TOO_LARGE'
  | 'FILE_ALREADY_ENCRYPTED'
  | 'FILE_NOT_ENCRYPTED'
  | 'FILE_PARTLY_ENCRYPTED'
  | 'FILE_IN_CONFLICT'
  | 'FORMAT_SYNTAX'
  | 'FORMAT_DUPLICATE_KEY'
  | 'FORMAT_TOO_DEEP'
  | 'FORMAT_TOO_MANY_ALIASES'
  | 'FORMAT_UNSUPPORTED'
  | 'FORMAT_ENCODING'
  | 'FORMAT_VALUE'
  | 'ENVELOPE_INVALID'
  | 'PATH_NOT_FOUND'
  | 'EDITOR_FAILED'
  | 'EDITOR_NOT_FOUND'
  // keys
  | 'KEY_UNAVAILABLE'
  | 'KEY_WRAP_FAILED'
  | 'KEY_UNSUPPORTED'
  | 'KEY_INVALID'
  | 'KEY_IDENTITY_INVALID'
  | 'AGENT_FAILED'
  // integrity
  | 'INTEGRITY_TAG_MISMATCH'
  | 'INTEGRITY_VALUE_NOT_ENCRYPTED'
  | 'INTEGRITY_MAC_MISMATCH'
  | 'INTEGRITY_MAC_MISSING'
  | 'INTEGRITY_SEAL_MISMATCH'
  | 'INTEGRITY_SELECTOR_CHANGED'
  | 'INTEGRITY_RECIPIENTS_CHANGED'
  | 'INTEGRITY_AMBIGUOUS'
  | 'INTEGRITY_NOT_SEALED'
  | 'INTEGRITY_REPLAY'
  | 'INTEGRITY_NONCE_REUSED'
  | 'INTEGRITY_LAYOUT'
  // git
  | 'GIT_FAILED'
  | 'GIT_NOT_A_REPOSITORY'
  | 'GIT_TOO_OLD'
  // stopped from outside
  | 'INTERRUPTED'

export interface ErrorDetails {
  readonly code: ErrorCode
  /** One imperative sentence that says what to do, with the command to run. */
  readonly hint?: string | undefined
  /** The file that the error is about, as the user named it. */
  readonly file?: string | undefined
  /** Place in the text of that file, 1-based. */
  readonly line?: number | undefined
  readonly column?: number | undefined
  readonly cause?: unknown
}

/**
 * Base class of everything that kmsfile throws on purpose. Whatever else arrives is a bug.
 *
 * No value, key, MAC or decrypted byte is ever part of a message, a hint or a cause.
 */
export class KmsfileError extends Error {
  override readonly name: string = 'KmsfileError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly file: string | undefined
  readonly line: number | undefined
  readonly column: number | undefined

  // The options come second, as in Error, so that linters see whether `cause` was passed on.
  constructor(message: string, { code, hint, file, line, column, cause }: ErrorDetails) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.hint = hint
    this.file = file
    this.line = line
    this.column = column
  }

  /** The same error, said of a file; a file that is already named stays. */
  in(file: string): KmsfileError {
    if (this.file !== undefined) return this
    return Object.create(this, { file: { value: file, enumerable: true } }) as KmsfileError
  }
}

/** What one master key answered when it was asked to wrap or unwrap a data key. */
export interface KeyAttempt {
  /** The master key as people know it: an ARN, a recipient. */
  readonly key: string
  /** Why it did not work, in a few words, without credentials. */
  readonly reason: string
}

/** No master key could wrap or unwrap the data key. `attempts` lists every one, in the order tried. */
export class KeyUnavailableError extends KmsfileError {
  override readonly name = 'KeyUnavailableError'
  readonly attempts: readonly KeyAttempt[]

  constructor(message: string, details: ErrorDetails & { readonly attempts: readonly KeyAttempt[] }) {
    super(message, details)
    this.attempts = details.attempts
  }
}
