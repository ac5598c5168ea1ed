import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { KmsfileError } from '../errors.ts'

export interface RunOptions {
  /** Default: the environment of kmsfile itself. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** What the program reads from its stdin; without it, stdin is empty. The place for secrets, which `args` is not. */
  readonly input?: Uint8Array | string | undefined
  readonly timeoutMs?: number | undefined
  readonly cwd?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface RunResult {
  readonly stdout: Uint8Array
  readonly stderr: string
  /** The exit code; 128 and the number of the signal where one ended the program, as shells count. */
  readonly code: number
}

/**
 * Runs a program to its end, never through a shell, so no argument is ever taken for syntax. Any exit code is a result.
 *
 * Arguments show in the process list of the machine: no secret belongs there.
 *
 * @throws KmsfileError `INTERRUPTED` after `timeoutMs` or when `signal` aborts; the system's error (`code: 'ENOENT'`) where
 * the program cannot be started
 */
export function run(
  command: string,
  args: readonly string[],
  { env, input, timeoutMs, cwd, signal }: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      shell: false,
      windowsHide: true,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(env && { env: { ...env } }),
      ...(cwd !== undefined && { cwd }),
      ...(signal && { signal }),
    })
    let late = false
    const timer = setTimeout(
      () => {
        late = true
        child.kill()
      },
      timeoutMs ?? 2 ** 31 - 1,
    )
    if (timeoutMs === undefined) clearTimeout(timer)
    const stdout: Uint8Array[] = []
    const stderr: Uint8Array[] = []
    child.stdout?.on('data', (chunk: Uint8Array) => stdout.push(chunk))
    child.stderr?.on('data', (chunk: Uint8Array) => stderr.push(chunk))
    // A program may end without having read all of its input; what counts is its exit code.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)

    child.on('error', (error) => {
      clearTimeout(timer)
      reject(signal?.aborted ? interrupted(`${command} was stopped`) : error)
    })
    child.on('close', (code, signalName) => {
      clearTimeout(timer)
      if (late) return reject(interrupted(`${command} did not end within ${timeoutMs} ms`))
      resolve({
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr).toString('utf8'),
        code: code ?? 128 + (signalName === null ? 0 : constants.signals[signalName]),
      })
    })
  })
}

function interrupted(message: string): KmsfileError {
  return new KmsfileError(message, { code: 'INTERRUPTED' })
}
