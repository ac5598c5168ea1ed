import { KmsfileError } from '../errors.ts'

/** The system's name of what went wrong (`ENOENT`); undefined for an error that is not the system's. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

/** A failed read of `file`: `FILE_NOT_FOUND` or `FILE_UNREADABLE`. An error that is ours already stays. */
export function readFailure(cause: unknown, file: string): KmsfileError {
  if (cause instanceof KmsfileError) return cause.in(file)
  const code = systemCode(cause)
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new KmsfileError('no such file', { code: 'FILE_NOT_FOUND', file, cause })
  }
  return new KmsfileError(reasonOf(code, 'read'), { code: 'FILE_UNREADABLE', file, cause })
}

/** A failed write of `file`: `FILE_UNWRITABLE`. An error that is ours already stays. */
export function writeFailure(cause: unknown, file: string): KmsfileError {
  if (cause instanceof KmsfileError) return cause.in(file)
  return new KmsfileError(reasonOf(systemCode(cause), 'written'), { code: 'FILE_UNWRITABLE', file, cause })
}

function reasonOf(code: string | undefined, done: 'read' | 'written'): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `cannot be ${done}: permission denied`
    case 'EISDIR':
      return 'is a folder, not a file'
    case 'ENOENT':
    case 'ENOTDIR':
      return `cannot be ${done}: its folder does not exist`
    case 'ENOSPC':
    case 'EDQUOT':
      return `cannot be ${done}: no space left`
    case 'EROFS':
      return `cannot be ${done}: the file system is read-only`
    // A single file that is mounted, as container runtimes do it, cannot be replaced.
    case 'EBUSY':
      return `cannot be ${done}: it is mounted or in use`
    default:
      return `cannot be ${done}${code === undefined ? '' : ` (${code})`}`
  }
}
