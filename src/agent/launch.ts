import { spawn } from 'node:child_process'
import { openSync, readdirSync, readFileSync } from 'node:fs'
// The program to start is the one that runs.
import { argv, execPath } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Host } from '../host/host.ts'
import { connectAgent } from './client.ts'
import { canHaveAgent } from './socket.ts'

export interface LaunchOptions {
  /** As `--idle` takes it: `15m`. */
  readonly idle: string
  /** Gives up waiting. The agent stays. */
  readonly signal?: AbortSignal | undefined
}

const READY_MS = 2000
const PAUSE_MS = 15
/** What tells the agent where its socket lies. */
const VARIABLES = ['XDG_RUNTIME_DIR', 'TMPDIR']
/**
 * $0 and the arguments are the program. Zero is the hard limit as well, so it stays. It runs in this process, whose memory goes
 * no further than it does.
 */
const WITHOUT_CORE = 'ulimit -c 0; exec "$0" "$@"'

/**
 * Starts an agent that outlives this process and has nothing of it: no terminal, no stream, no folder, no environment but what
 * says where its socket lies. True when it can be reached.
 */
export async function launchAgent(
  host: Pick<Host, 'env' | 'platform' | 'homeDir'>,
  { idle, signal }: LaunchOptions,
): Promise<boolean> {
  const program = argv[1]
  if (program === undefined || !canHaveAgent(host)) return false
  const command = [execPath, program, 'agent', 'start', '--foreground', '--idle', idle]
  const env = Object.fromEntries(VARIABLES.flatMap((name) => (host.env[name] ? [[name, host.env[name]]] : [])))
  const args = ['-c', WITHOUT_CORE, ...command]
  const child = spawn('/bin/sh', args, { detached: true, stdio: nothing(), cwd: '/', env })
  let failed = false
  child.once('error', () => {
    failed = true
  })
  // 0: another agent was quicker.
  child.once('exit', (code) => {
    failed = code !== 0
  })
  child.unref()

  for (let waited = 0; waited < READY_MS && !failed && !signal?.aborted; waited += PAUSE_MS) {
    const connection = await connectAgent(host)
    if (connection !== undefined) {
      connection.close()
      return true
    }
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => {})
  }
  return false
}

/**
 * No stream at all: also none of those that whoever started us left open beyond the usual three, and whose end somebody may wait
 * for. Node closes them where it knows of them; Linux tells us of the others.
 */
function nothing(): (number | 'ignore')[] {
  const streams: (number | 'ignore')[] = ['ignore', 'ignore', 'ignore']
  const left = openToChildren()
  if (left.length === 0) return streams
  const empty = openSync('/dev/null', 'r')
  for (const fd of left) streams[fd] = empty
  return Array.from(streams, (stream) => stream ?? 'ignore')
}

// open(2): O_CLOEXEC, in octal as proc(5) prints it.
const CLOSED_FOR_CHILDREN = 0o2000000

function openToChildren(): readonly number[] {
  try {
    const descriptors = readdirSync('/proc/self/fd').map(Number)
    return descriptors.filter((fd) => fd > 2 && fd < 1024 && (flagsOf(fd) & CLOSED_FOR_CHILDREN) === 0)
  } catch {
    return []
  }
}

function flagsOf(fd: number): number {
  try {
    const [, flags] = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')) ?? []
    return flags === undefined ? CLOSED_FOR_CHILDREN : Number.parseInt(flags, 8)
  } catch {
    // That of the listing itself.
    return CLOSED_FOR_CHILDREN
  }
}
