import { spawn } from 'node:child_process'

/** How a program ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface ProgramOptions {
  readonly cwd: string
  /** The whole environment, but for `PATH`. */
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

const PATIENCE_MS = 120_000

/** Runs a program to its end, or ends it after a time that is too long for any. Never throws for an exit code. */
export function runProgram(file: string, args: readonly string[], { cwd, env, input }: ProgramOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // A home of its own: nothing of who runs the tests takes part.
    const child = spawn(file, args, { cwd, env: { PATH: process.env['PATH'], HOME: cwd, ...env } })
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    // sops asks for ever whether to go back to the editor, and nobody answers.
    const patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(patience)
      resolve({ code, stdout: Buffer.concat(stdout).toString('utf8'), stderr: Buffer.concat(stderr).toString('utf8') })
    })
    // A program that ends without reading is judged by its exit code.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input ?? '')
  })
}
