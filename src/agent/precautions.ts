import { writeFileSync } from 'node:fs'
// Signals and debuggers are the process's own; no Host could speak for it.
import process from 'node:process'

/**
 * Keeps what this process remembers from being read by way of Node or of the kernel; returns what is to be called now and then.
 *
 * Not in Node's power: that memory is not swapped, and that the user's own debugger is not attached where the system lets it.
 */
export async function takePrecautions(): Promise<() => void> {
  // Node's own answer to SIGUSR1 is to listen for a debugger, which any user of this machine may then attach.
  process.on('SIGUSR1', () => {})
  // A dump of the core has none of our memory in it. It is a limit that the one on its size is not: dumps that go to a
  // program are not subject to that. Linux only.
  try {
    writeFileSync('/proc/self/coredump_filter', '0')
  } catch {
    // Another system.
  }
  // There may have been a signal before, or an option. Node can be built without it.
  const inspector = await import('node:inspector').catch(() => undefined)
  const close = () => {
    if (inspector?.url() !== undefined) inspector.close()
  }
  close()
  return close
}
