import { KmsfileError } from '../errors.ts'
import type { Host } from '../host/host.ts'

/**
 * Asks a person on the terminal; no answer is no.
 *
 * @throws KmsfileError `INPUT_NEEDED` where nobody can be asked, naming the flag that answers
 */
export async function confirm(
  { terminal }: Pick<Host, 'terminal'>,
  question: string,
  { flag }: { flag: string },
): Promise<boolean> {
  if (terminal === undefined) {
    throw new KmsfileError(`a question needs an answer: ${question}`, {
      code: 'INPUT_NEEDED',
      hint: `answer it with ${flag}`,
    })
  }
  return /^y(es)?$/i.test((await terminal.ask(`${question} [y/N] `)).trim())
}
