import type { Readable, Writable } from 'node:stream'

/** What kmsfile knows of the machine. `cli/main` makes the real one; tests make their own. */
export interface Host {
  /** Absolute path of the working directory. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: string
  /** Absolute path of the user's home directory. */
  readonly homeDir: string
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  /** Undefined where nobody can be asked: no terminal, or `--no-input`. */
  readonly terminal: Terminal | undefined
  now(): Date
  randomBytes(size: number): Uint8Array
  /** Aborts on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
  /** Runs `action`, in which a program of the user's has the terminal: meanwhile Ctrl-C is not ours. Absent: it never is. */
  readonly inForeground?: (<T>(action: () => Promise<T>) => Promise<T>) | undefined
}

/** Questions to a person, on `/dev/tty`, whatever stdin and stdout are. */
export interface Terminal {
  /** One line, echoed. */
  ask(question: string): Promise<string>
  /** One line, not echoed. */
  askHidden(question: string): Promise<string>
}
