import { KmsfileError } from '../errors.ts'
import { run } from '../host/child-process.ts'
import type { Host } from '../host/host.ts'

/**
 * Runs the command of a variable like `SOPS_AGE_KEY_CMD` and returns what it prints. Split into words as sops does it,
 * and never given to a shell. The recipient is in its environment.
 *
 * @throws KmsfileError `KEY_UNAVAILABLE` where it cannot be started or fails; nothing that it printed is told
 */
export async function runIdentityCommand(
  variable: string,
  recipient: string,
  { env, cwd, signal }: Pick<Host, 'env' | 'cwd' | 'signal'>,
): Promise<Uint8Array> {
  const [command, ...args] = splitWords(env[variable] ?? '') ?? []
  if (command === undefined) throw failed(variable, 'the command is empty or a quote in it is not closed')
  let code: number
  let stdout: Uint8Array
  try {
    const recipients = { SOPS_AGE_RECIPIENT: recipient, KMSFILE_AGE_RECIPIENT: recipient }
    ;({ code, stdout } = await run(command, args, { env: { ...env, ...recipients }, cwd, signal }))
  } catch (error) {
    if (error instanceof KmsfileError) throw error
    throw failed(variable, 'the command cannot be started', error)
  }
  if (code !== 0) throw failed(variable, `the command ended with exit code ${code}`)
  return stdout
}

/**
 * Splits a command line into words by the rules of Go's google/shlex, which sops uses: quotes and backslashes as in a
 * shell, `#` before a comment, nothing is expanded. Undefined where a quote or escape is not finished.
 */
export function splitWords(line: string): readonly string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < line.length; at++) {
    const character = line[at]!
    if (character === '\\' && quote !== "'") {
      at++
      if (at === line.length) return undefined
      word = (word ?? '') + line[at]
    } else if (quote !== '') {
      if (character === quote) quote = ''
      else word += character
    } else if (character === '"' || character === "'") {
      quote = character
      word ??= ''
    } else if (/[ \t\r\n]/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (character === '#' && word === undefined) {
      const end = line.indexOf('\n', at)
      at = end === -1 ? line.length : end
    } else {
      word = (word ?? '') + character
    }
  }
  if (quote !== '') return undefined
  return word === undefined ? words : [...words, word]
}

function failed(variable: string, message: string, cause?: unknown): KmsfileError {
  return new KmsfileError(message, {
    code: 'KEY_UNAVAILABLE',
    file: variable,
    hint: `run the command of ${variable} by hand to see what it says`,
    cause,
  })
}
