import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { OwnProgram } from '../host/machine.ts'
import { binary, type FileChange, isThere, readBinary } from './file-changes.ts'
import { callsKmsfile, chainedName, type HookEvent, hookScript, isOurHook } from './hook-script.ts'
import type { HooksPlan, Note } from './hooks-plan.ts'

const EXECUTABLE = 0o755

/**
 * Hooks as files of their own in a folder that is the repository's alone. A hook that is there is moved aside and runs after
 * ours: what is appended to a script may never run, since it may end before.
 *
 * @throws KmsfileError `FILE_UNREADABLE`
 */
export async function planHookFiles(
  folder: string,
  events: readonly HookEvent[],
  program: OwnProgram | undefined,
): Promise<HooksPlan> {
  const changes: FileChange[] = []
  const notes: Note[] = []
  const [done, chained]: [HookEvent[], string[]] = [[], []]
  for (const event of events) {
    const path = join(folder, event)
    const aside = join(folder, chainedName(event))
    const after = binary(hookScript(event, program))
    const before = (await isThere(path)) ? ((await readBinary(path)) ?? '') : undefined
    const ours = before !== undefined && isOurHook(before, event)
    if (before !== undefined && !ours && callsKmsfile(before, event)) {
      notes.push({ message: `the hook ${event} calls kmsfile in its own way, and stays as it is` })
      done.push(event)
      continue
    }
    if (before !== undefined && !ours) {
      if (await isThere(aside)) {
        const hint = `keep one of them, then try again: ${path}, ${aside}`
        notes.push({ message: `the hook ${event} is not ours, and there is ${chainedName(event)} besides`, hint })
        continue
      }
      changes.push({ kind: 'move', path, to: aside })
    }
    if (await isThere(aside)) chained.push(event)
    else if (before !== undefined && !ours) chained.push(event)
    done.push(event)
    if (!ours) changes.push({ kind: 'write', path, before: undefined, after, mode: EXECUTABLE })
    else if (before !== after || !(await isExecutable(path))) {
      changes.push({ kind: 'write', path, before, after, mode: EXECUTABLE })
    }
  }
  return { keeper: 'hook files', events: done, chained, changes, notes }
}

/**
 * Takes {@link planHookFiles} back. A hook that was changed since stays, and so does what it calls.
 *
 * @throws KmsfileError `FILE_UNREADABLE`
 */
export async function planHookFilesRemoval(
  folder: string,
  events: readonly HookEvent[],
): Promise<Pick<HooksPlan, 'changes' | 'notes'>> {
  const changes: FileChange[] = []
  const notes: Note[] = []
  for (const event of events) {
    const path = join(folder, event)
    const before = await readBinary(path)
    if (before === undefined || !callsKmsfile(before, event)) continue
    if (!isOurHook(before, event)) {
      notes.push({ message: `the hook ${event} was changed, and stays`, hint: `take kmsfile out of it: ${path}` })
      continue
    }
    changes.push({ kind: 'remove', path, before })
    const aside = join(folder, chainedName(event))
    if (await isThere(aside)) changes.push({ kind: 'move', path: aside, to: path })
  }
  return { changes, notes }
}

/** Whether the system would start the file; on Windows git looks at its first line instead. */
export async function isExecutable(path: string): Promise<boolean> {
  const kind = await lstat(path).catch(() => undefined)
  return kind !== undefined && (kind.isSymbolicLink() || (kind.mode & 0o111) !== 0)
}
