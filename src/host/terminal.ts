import { closeSync, openSync } from 'node:fs'
import type { Host, Terminal } from './host.ts'

/**
 * The terminal that this process was started from, whatever stdin and stdout are; undefined where there is none. It is opened
 * for one question at a time, so that it keeps no process alive.
 */
export function openTerminal(host: Pick<Host, 'platform' | 'signal'>): Terminal | undefined {
  const paths = host.platform === 'win32' ? (['\\\\.\\CONIN$', '\\\\.\\CONOUT$'] as const) : (['/dev/tty'] as const)
  try {
    for (const path of paths) closeSync(openSync(path, 'r+'))
  } catch {
    return undefined
  }
  // Streams on a terminal take long to load, and most runs ask nothing.
  let opened: Promise<Terminal> | undefined
  const load = async () => {
    const { openStreams, terminalOver } = await import('./terminal-streams.ts')
    return terminalOver(() => openStreams(paths[0], paths[1] ?? paths[0]), host.signal)
  }
  const terminal = () => {
    opened ??= load()
    return opened
  }
  return {
    ask: async (question) => (await terminal()).ask(question),
    askHidden: async (question) => (await terminal()).askHidden(question),
  }
}
