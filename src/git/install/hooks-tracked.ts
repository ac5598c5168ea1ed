import { basename, join } from 'node:path'
import { linesOfBlock, withBlock, withoutBlock } from '../../operations/marked-block.ts'
import type { Repository } from '../../vcs/repository.ts'
import { type FileChange, readBinary, rewritten } from '../check/file-changes.ts'
import { callsKmsfile, type HookEvent, MISSING } from '../hooks/hook-script.ts'
import { isExecutable } from './hooks-files.ts'
import { type HookKeeper, type HooksPlan, liesWithin, type Note } from './hooks-plan.ts'

const NEW_HOOK = '#!/bin/sh\n'

export interface TrackedHooks {
  readonly keeper: HookKeeper
  /** Absolute: where the hooks lie that people write, inside the work tree. */
  readonly folder: string
  /** Hooks of a kind that nothing starts. */
  readonly unknown?: readonly HookEvent[] | undefined
}

/**
 * Hooks that are part of the repository, husky's or those of a folder that `core.hooksPath` names: ours is a marked block at
 * the beginning of each, without a path of this machine, since everybody gets it.
 *
 * @throws KmsfileError `FILE_UNREADABLE`; `CONFIG_INVALID` where the marks of a block are broken
 */
export async function planTrackedHooks(
  { topLevel }: Pick<Repository, 'topLevel'>,
  { keeper, folder, unknown = [] }: TrackedHooks,
  events: readonly HookEvent[],
): Promise<HooksPlan> {
  const changes: FileChange[] = []
  const notes: Note[] = unknown
    .filter((event) => events.includes(event))
    .map((event) => ({ message: `${keeper} does not run ${event}`, hint: 'have hook files instead, without husky' }))
  const [done, chained]: [HookEvent[], string[]] = [[], []]
  for (const event of events.filter((each) => !unknown.includes(each))) {
    const path = join(folder, event)
    if (!(await liesWithin(topLevel, path))) {
      notes.push({ message: `${path} leads out of the repository, so it was not changed` })
      continue
    }
    const before = await readBinary(path)
    if (before !== undefined && linesOfBlock(before) === undefined && callsKmsfile(before, event)) {
      done.push(event)
      continue
    }
    if (before !== undefined && !isShellScript(before)) {
      const hint = `have it run first: kmsfile git hook ${event}`
      notes.push({ message: `${path} is no shell script, so it was not changed`, hint })
      continue
    }
    const text = before ?? (keeper === 'husky' ? undefined : NEW_HOOK)
    const after = withBlock(text, blockLines(event), { file: path, at: headerEnd(text ?? '') })
    const change = rewritten(path, before, after, before === undefined ? { mode: 0o755 } : {})
    if (change !== undefined) changes.push(change)
    if (before !== undefined && withoutBlock(before, { file: path }) !== undefined) chained.push(event)
    if (before !== undefined && keeper !== 'husky' && !(await isExecutable(path))) {
      notes.push({ message: `${path} is not executable, so git does not run it`, hint: `chmod +x ${path}` })
    } else done.push(event)
  }
  return { keeper, events: done, chained, changes, notes }
}

/**
 * Takes {@link planTrackedHooks} back, but for what is committed, since others have it then; `purge` takes that, too.
 *
 * @throws KmsfileError as {@link planTrackedHooks}, `GIT_FAILED`
 */
export async function planTrackedHooksRemoval(
  repository: Repository,
  { folder }: Pick<TrackedHooks, 'folder'>,
  { events, purge }: { readonly events: readonly HookEvent[]; readonly purge: boolean },
): Promise<Pick<HooksPlan, 'changes' | 'notes'>> {
  const changes: FileChange[] = []
  const notes: Note[] = []
  const paths = events.map((event) => join(folder, event))
  const committed = purge ? new Set<string>() : await withCommittedBlock(repository, paths)
  for (const path of paths) {
    const before = await readBinary(path)
    if (before === undefined || linesOfBlock(before) === undefined) continue
    if (!(await liesWithin(repository.topLevel, path))) continue
    if (committed.has(path)) {
      notes.push(committedNote(path))
      continue
    }
    const rest = withoutBlock(before, { file: path })
    const change = rewritten(path, before, rest === NEW_HOOK ? undefined : rest)
    if (change !== undefined) changes.push(change)
  }
  return { changes, notes }
}

/** Those of some files that have a block of ours in the last commit. */
export async function withCommittedBlock(
  repository: Repository,
  paths: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const inside = await Promise.all(paths.map((path) => repository.pathOf(path)))
  const known = paths.flatMap((path, i) => (inside[i] === undefined ? [] : [{ path, name: `HEAD:${inside[i]}` }]))
  let at = 0
  for await (const object of repository.catFiles(known.map(({ name }) => name))) {
    const { path } = known[at++] as { path: string }
    if (/^[ \t]*# kmsfile-begin\r?$/m.test(Buffer.from(object?.content ?? '').toString('latin1'))) found.add(path)
  }
  return found
}

export function committedNote(path: string): Note {
  return {
    message: `${basename(path)} is committed, so what is ours in it stays`,
    hint: 'take it out as well: kmsfile git uninstall --purge',
  }
}

/** The lines that find kmsfile and call it from a shell script which goes on afterwards. */
function blockLines(event: HookEvent): readonly string[] {
  return [
    'kmsfile=$(command -v kmsfile) || kmsfile=node_modules/.bin/kmsfile',
    `[ -x "$kmsfile" ] || { echo "kmsfile: refused: ${MISSING}" >&2; exit 1; }`,
    ...callLines(event, '"$kmsfile"'),
  ]
}

/** The lines that call kmsfile by a word, from a shell script which goes on afterwards with the same arguments and stdin. */
export function callLines(event: HookEvent, program: string): readonly string[] {
  if (event !== 'pre-push' && event !== 'reference-transaction') return [`${program} git hook ${event} "$@" || exit`]
  return [
    // What follows gets the same stdin again.
    'kmsfile_refs=$(cat)',
    'printf %s "${kmsfile_refs:+$kmsfile_refs',
    `}" | ${program} git hook ${event} "$@" || exit`,
    'if [ -z "$kmsfile_refs" ]; then exec </dev/null; else exec <<KMSFILE',
    '$kmsfile_refs',
    'KMSFILE',
    'fi',
  ]
}

/** Behind the line that names the interpreter, and that by which older versions of husky start. */
function headerEnd(text: string): number {
  const husky = /^\. .*husky\.sh.*\r?\n/m.exec(text)
  if (husky !== null) return husky.index + husky[0].length
  return /^#!.*\n/.exec(text)?.[0].length ?? 0
}

function isShellScript(text: string): boolean {
  if (text.includes('\0')) return false
  return !text.startsWith('#!') || /^#!.*\b(?:a|ba|da|k|z)?sh\b/.test(text)
}
