import { type ErrorCode, KmsfileError } from '../errors.ts'

/** What the process says to whoever started it. */
export const EXIT = {
  ok: 0,
  found: 1,
  usage: 2,
  config: 3,
  file: 4,
  key: 5,
  integrity: 6,
  git: 7,
  /** sysexits' `EX_SOFTWARE`: our own mistake. */
  bug: 70,
  interrupted: 130,
} as const

/** The exit code of an error. Anything that is not a `KmsfileError` is a bug. */
export function exitCodeFor(error: unknown): number {
  return error instanceof KmsfileError ? exitCodeOf(error.code) : EXIT.bug
}

function exitCodeOf(code: ErrorCode): number {
  switch (code) {
    case 'USAGE':
    case 'INPUT_NEEDED':
    case 'PATH_INVALID':
    case 'VALUE_INVALID':
      return EXIT.usage
    case 'CONFIG_NOT_FOUND':
    case 'CONFIG_INVALID':
    case 'CONFIG_NO_RULE':
    case 'CONFIG_EXISTS':
      return EXIT.config
    case 'FILE_NOT_FOUND':
    case 'FILE_UNREADABLE':
    case 'FILE_UNWRITABLE':
    case 'FILE_EXISTS':
    case 'FILE_LOCKED':
    case 'FILE_CHANGED':
    case 'FILE_TOO_LARGE':
    case 'FILE_ALREADY_ENCRYPTED':
    case 'FILE_NOT_ENCRYPTED':
    case 'FILE_PARTLY_ENCRYPTED':
    case 'FILE_IN_CONFLICT':
    case 'FORMAT_SYNTAX':
    case 'FORMAT_DUPLICATE_KEY':
    case 'FORMAT_TOO_DEEP':
    case 'FORMAT_TOO_MANY_ALIASES':
    case 'FORMAT_UNSUPPORTED':
    case 'FORMAT_ENCODING':
    case 'FORMAT_VALUE':
    case 'ENVELOPE_INVALID':
    case 'PATH_NOT_FOUND':
    case 'EDITOR_FAILED':
    case 'EDITOR_NOT_FOUND':
      return EXIT.file
    case 'KEY_UNAVAILABLE':
    case 'KEY_WRAP_FAILED':
    case 'KEY_UNSUPPORTED':
    case 'KEY_INVALID':
    case 'KEY_IDENTITY_INVALID':
    case 'AGENT_FAILED':
      return EXIT.key
    case 'INTEGRITY_TAG_MISMATCH':
    case 'INTEGRITY_VALUE_NOT_ENCRYPTED':
    case 'INTEGRITY_MAC_MISMATCH':
    case 'INTEGRITY_MAC_MISSING':
    case 'INTEGRITY_SEAL_MISMATCH':
    case 'INTEGRITY_SELECTOR_CHANGED':
    case 'INTEGRITY_RECIPIENTS_CHANGED':
    case 'INTEGRITY_AMBIGUOUS':
    case 'INTEGRITY_NOT_SEALED':
    case 'INTEGRITY_REPLAY':
    case 'INTEGRITY_NONCE_REUSED':
    case 'INTEGRITY_LAYOUT':
      return EXIT.integrity
    case 'GIT_FAILED':
    case 'GIT_NOT_A_REPOSITORY':
    case 'GIT_TOO_OLD':
      return EXIT.git
    case 'INTERRUPTED':
      return EXIT.interrupted
    default:
      return code satisfies never
  }
}
