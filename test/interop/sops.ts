import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inject } from 'vitest'
import { scratch } from '../host/scratch.ts'
import { ana, type Person } from './people.ts'
import { type Ended, type ProgramOptions, runProgram } from './program.ts'

/** Two cores, and every run of sops is a process. */
export const PROCESSES = 2

/** A folder with files, in which programs run; it is gone after the test. */
export interface Desk {
  readonly folder: string
  write(name: string, content: string | Uint8Array): void
  read(name: string): string
  sops(args: readonly string[], options?: Omit<ProgramOptions, 'cwd'>): Promise<Ended>
  /** Runs the built command line. */
  kmsfile(args: readonly string[], options?: Omit<ProgramOptions, 'cwd'>): Promise<Ended>
}

/** `env` says whose identities there are: Ana's, unless told otherwise. */
export function newDesk(env: Person['env'] = ana.env): Desk {
  const folder = scratch()
  const { sops, kmsfile } = inject('peers')
  const atDesk = (options: Omit<ProgramOptions, 'cwd'> = {}) => ({
    ...options,
    cwd: folder,
    env: { ...env, ...options.env },
  })
  return {
    folder,
    write(name, content) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    },
    read: (name) => readFileSync(join(folder, name), 'utf8'),
    sops: (args, options) => runProgram(sops ?? 'sops', args, atDesk(options)),
    kmsfile: (args, options) => runProgram(process.execPath, [kmsfile, ...args], atDesk(options)),
  }
}

/** Whether sops is at hand; if not, `KMSFILE_INTEROP_SKIP` says so. */
export const hasSops = inject('peers').sops !== null
