import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { GitConfig } from '../vcs/git-config.ts'
import type { Cli } from './command.ts'

/** Where a long result goes: to the user's pager on a terminal, else to stdout. */
export interface Pager {
  write(text: string | Uint8Array): Promise<void>
  /** Waits until the reader has seen enough. */
  end(): Promise<void>
}

/** The pager that git would use: GIT_PAGER, core.pager, PAGER, less. */
export function openPager({ host, out }: Cli, config: GitConfig): Pager {
  const { env, stdout } = host
  const command = env['GIT_PAGER'] ?? config.get('core.pager')?.value ?? env['PAGER'] ?? 'less'
  if (stdout.isTTY !== true || command === '' || command === 'cat') return { write: out, end: async () => {} }
  const child = spawn('/bin/sh', ['-c', command], {
    cwd: host.cwd,
    env: { LESS: 'FRX', LV: '-c', ...env },
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  // A reader who leaves early has seen enough.
  child.stdin.on('error', () => {})
  return {
    async write(text) {
      if (child.stdin.destroyed) throw Object.assign(new Error('the pager has ended'), { code: 'EPIPE' })
      if (!child.stdin.write(text)) await Promise.race([once(child.stdin, 'drain'), ended])
    },
    async end() {
      child.stdin.end()
      await ended
    },
  }
}
