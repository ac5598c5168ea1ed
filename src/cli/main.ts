import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { homedir, userInfo } from 'node:os'
import { isAbsolute } from 'node:path'
import type { Host } from '../host/host.ts'
import { openTerminal } from '../host/terminal.ts'
import { EXIT } from './exit-codes.ts'
import { run } from './run.ts'

/** The real machine. The only place that names `process`. */
function realHost(): Host {
  const stop = new AbortController()
  let foreground = 0
  const interrupt = () => {
    if (foreground > 0) return
    // Who presses it a second time does not want to wait.
    process.off('SIGINT', interrupt)
    stop.abort('SIGINT')
  }
  process.on('SIGINT', interrupt)
  for (const name of ['SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort(name))
  const { signal } = stop
  // Many files are worked on at the same time, and each listens while it waits.
  setMaxListeners(0, signal)
  const { env, platform } = process
  let terminal: { found: Host['terminal'] } | undefined
  return {
    cwd: process.cwd(),
    env,
    platform,
    homeDir: ownHome(),
    // Making a stream takes time, and most runs need one of them.
    get stdin() {
      return process.stdin
    },
    get stdout() {
      return quietlyClosed(process.stdout)
    },
    get stderr() {
      return quietlyClosed(process.stderr)
    },
    get terminal() {
      terminal ??= { found: openTerminal({ platform, signal }) }
      return terminal.found
    },
    now: () => new Date(),
    randomBytes,
    signal,
    async inForeground(action) {
      foreground++
      try {
        return await action()
      } finally {
        foreground--
      }
    },
  }
}

/**
 * The user's home. With an empty or relative `HOME`, whatever lies in the working directory would count as the user's own: which
 * keys git may ask for, which programs to start. Then it is what the system says, also for the AWS SDK and for programs we start.
 */
function ownHome(): string {
  const home = attempt(homedir)
  if (home !== undefined && isAbsolute(home)) return home
  // Some containers run users that the system does not know.
  const known = attempt(() => userInfo().homedir) ?? '/'
  process.env['HOME'] = isAbsolute(known) ? known : '/'
  return process.env['HOME']
}

function attempt(find: () => string): string | undefined {
  try {
    return find()
  } catch {
    return undefined
  }
}

/**
 * A reader that has seen enough (`| head`) is no error, and no reason to end at once: git takes the end of a hook for its
 * answer, whether or not anybody read why.
 */
function quietlyClosed<T extends NodeJS.WriteStream>(stream: T): T {
  if (stream.listenerCount('error') > 0) return stream
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  return stream
}

const host = realHost()
run(process.argv.slice(2), host).then((code) => {
  process.exitCode = code === EXIT.interrupted && host.signal.reason === 'SIGTERM' ? 143 : code
})
