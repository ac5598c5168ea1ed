import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { PassThrough } from 'node:stream'
import type { Host } from '../src/host/host.ts'

/** A machine on which nothing is: no identities, no terminal, nothing in the environment but what a test puts there. */
export function fakeHost(changes: Partial<Host> = {}): Host {
  return {
    cwd: tmpdir(),
    env: {},
    platform: 'linux',
    homeDir: '/nonexistent',
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    terminal: undefined,
    now: () => new Date('2026-01-02T03:04:05Z'),
    randomBytes,
    signal: new AbortController().signal,
    ...changes,
  }
}
