import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { onTestFinished } from 'vitest'
import type { Host } from '../../src/host/host.ts'

export interface Machine {
  readonly host: Host
  /** Every question that was asked. */
  readonly asked: readonly string[]
  readonly homeDir: string
  /** Writes a file into the home directory and returns its absolute path. */
  write(path: string, content: string | Uint8Array): string
}

export interface MachineOptions {
  readonly env?: Record<string, string>
  /** What the person at the terminal answers, in order; without it there is no terminal. */
  readonly answers?: readonly string[]
  readonly platform?: string
}

/** A machine with an empty home directory of its own, removed when the test ends. */
export function machine({ env = {}, answers, platform = 'linux' }: MachineOptions = {}): Machine {
  const homeDir = mkdtempSync(join(tmpdir(), 'age-'))
  onTestFinished(() => rmSync(homeDir, { recursive: true }))
  const asked: string[] = []
  const left = [...(answers ?? [])]
  const sink = () => new Writable({ write: (_chunk, _encoding, done) => done() })
  const answer = async (question: string) => {
    asked.push(question)
    return left.shift() ?? ''
  }
  const host: Host = {
    cwd: homeDir,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    platform,
    homeDir,
    stdin: Readable.from([]),
    stdout: sink(),
    stderr: sink(),
    terminal: answers && { ask: answer, askHidden: answer },
    now: () => new Date('2026-11-25T07:00:00.123Z'),
    randomBytes: (size) => randomBytes(size),
    signal: new AbortController().signal,
  }
  const write = (path: string, content: string | Uint8Array) => {
    const absolute = join(homeDir, path)
    mkdirSync(dirname(absolute), { recursive: true })
    writeFileSync(absolute, content)
    return absolute
  }
  return { host, asked, homeDir, write }
}

/** A file that another program made. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/age/${name}`, import.meta.url), 'utf8')
}

/** What every fixture holds. */
export const FIXTURE_BYTES = Uint8Array.from({ length: 32 }, (_, i) => i)
