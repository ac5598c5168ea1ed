import { KmsfileError } from '../errors.ts'

/** The error of a call that was ended from outside: Ctrl-C, SIGTERM. */
export function interrupted(): KmsfileError {
  return new KmsfileError('interrupted', { code: 'INTERRUPTED' })
}

/**
 * Waits for `work`, but no longer than until `signal` aborts; what `work` does after that is nobody's concern.
 *
 * @throws KmsfileError `INTERRUPTED` when `signal` aborts; `work` does not start where it has already.
 */
export async function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (signal.aborted) throw interrupted()
  let abort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(interrupted())
    signal.addEventListener('abort', abort, { once: true })
  })
  try {
    return await Promise.race([work(), aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
