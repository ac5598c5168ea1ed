import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The bin of the package, as the build made it. */
export const PROGRAM =
  process.env['KMSFILE_TEST_BIN'] ?? fileURLToPath(new URL('../dist/bin/kmsfile.cjs', import.meta.url))

export interface ProgramRun {
  readonly stdout: string
  readonly stderr: string
  /** Of a program that a signal ended, 128. */
  readonly code: number
}

/** Runs the built program to its end, in nothing but the environment that is given. */
export function runProgram(
  args: readonly string[],
  { cwd, env, input = '' }: { cwd: string; env: Readonly<Record<string, string | undefined>>; input?: string },
): Promise<ProgramRun> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [PROGRAM, ...args], { cwd, env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 128
      resolve({ stdout, stderr, code })
    })
    child.stdin?.end(input)
  })
}
