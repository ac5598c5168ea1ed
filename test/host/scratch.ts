import { randomBytes } from 'node:crypto'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { build } from 'esbuild'
import { onTestFinished } from 'vitest'
import type { Host } from '../../src/host/host.ts'

/** A folder that is gone after the test. */
export function scratch(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'kmsfile-test-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export type TestHost = Host & { readonly abort: () => void }

/** A machine with an empty environment, whose home, session folder and working directory are `folder`. */
export function hostIn(folder: string, overrides: Partial<Host> = {}): TestHost {
  const controller = new AbortController()
  return {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, XDG_RUNTIME_DIR: folder, TMPDIR: folder },
    platform: process.platform,
    homeDir: folder,
    stdin: Readable.from([]),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    terminal: undefined,
    now: () => new Date(),
    randomBytes: (size) => new Uint8Array(randomBytes(size)),
    signal: controller.signal,
    abort: () => controller.abort(),
    ...overrides,
  }
}

/** Bundles a program that may import from `src/` (as `#src/...`) for a process of its own; returns its path. */
export async function program(folder: string, source: string): Promise<string> {
  const outfile = join(folder, `program-${randomBytes(4).toString('hex')}.mjs`)
  const resolveDir = new URL('.', import.meta.url).pathname
  const contents = source.replaceAll('#src/', '../../src/')
  await build({
    stdin: { contents, resolveDir, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'error',
  })
  return outfile
}
