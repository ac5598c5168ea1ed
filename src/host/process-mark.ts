import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
// Which process this is and whether another one lives is nothing that a Host could say for it.
import process from 'node:process'

/** `PID.START.WORLD`: the number, the start in clock ticks since boot (0 where unknown), and where both mean anything. */
const MARK = /^(\d+)\.(\d+)\.([0-9a-f]{8})$/

/** The number of the user whom this process acts for; undefined on Windows. */
export function ownUserId(): number | undefined {
  return process.geteuid?.()
}

/** A name for this process that no other gets, also after its number was given away again. Fit for a file name. */
export function ownMark(): string {
  return `${process.pid}.${statOf(process.pid)?.started ?? 0}.${world()}`
}

/** The number of the process in a mark; undefined where the text is none. */
export function processIdOf(mark: string): number | undefined {
  const pid = MARK.exec(mark)?.[1]
  return pid === undefined ? undefined : Number(pid)
}

/**
 * What became of the process that made a mark.
 *
 * `unknown`: it ran on another machine, in another container or before a restart, or the text is no mark.
 */
export function fateOf(mark: string): 'running' | 'gone' | 'unknown' {
  const [, pid, started, where] = MARK.exec(mark) ?? []
  if (pid === undefined || where !== world()) return 'unknown'
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    // EPERM: it runs, as somebody else.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'gone'
  }
  if (started === '0') return 'running'
  const stat = statOf(Number(pid))
  // A zombie has a number still, but does nothing any more.
  return stat?.started === started && !'ZX'.includes(stat?.state ?? 'X') ? 'running' : 'gone'
}

/** proc(5): state is the 3rd field, starttime the 22nd; the 2nd may have blanks and parentheses in it. */
function statOf(pid: number): { readonly state: string; readonly started: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', started: fields[19] ?? '0' }
  } catch {
    return undefined
  }
}

/** Process numbers mean something within one boot of one machine and, there, within one container. */
function world(): string {
  let name = hostname()
  try {
    name = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1') + readlinkSync('/proc/self/ns/pid')
  } catch {
    // Not Linux.
  }
  return createHash('sha256').update(name).digest('hex').slice(0, 8)
}
