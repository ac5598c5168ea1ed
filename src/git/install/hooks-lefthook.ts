import { basename, join } from 'node:path'
import type { Entry, ListNode, MapNode } from '../../core/tree.ts'
import { KmsfileError } from '../../errors.ts'
import { yaml } from '../../formats/yaml.ts'
import { block, withoutBlocks } from '../../operations/marked-block.ts'
import type { Repository } from '../../vcs/repository.ts'
import { binary, isThere, readBinary, rewritten } from '../check/file-changes.ts'
import { callsKmsfile, type HookEvent } from '../hooks/hook-script.ts'
import { type HooksPlan, liesWithin } from './hooks-plan.ts'
import { committedNote, withCommittedBlock } from './hooks-tracked.ts'

/** The names under which lefthook looks for its configuration, in its order. */
const NAMES = ['lefthook', '.lefthook', '.config/lefthook'].flatMap((stem) =>
  ['yml', 'yaml', 'json', 'jsonc', 'toml'].map((extension) => `${stem}.${extension}`),
)

/** The configuration of lefthook; undefined in a repository without it. */
export async function lefthookFile({ topLevel }: Pick<Repository, 'topLevel'>): Promise<string | undefined> {
  for (const name of NAMES) if (await isThere(join(topLevel, name))) return join(topLevel, name)
  return undefined
}

/**
 * Hooks as jobs of lefthook, in marked blocks of its configuration. The files that lefthook itself writes are not touched: it
 * writes them anew whenever it wants. What cannot be put in by itself is given as instructions.
 *
 * @throws KmsfileError `FILE_UNREADABLE`
 */
export async function planLefthook(
  { topLevel }: Pick<Repository, 'topLevel'>,
  file: string,
  events: readonly HookEvent[],
): Promise<HooksPlan> {
  const before = await readBinary(file)
  const wanted = events.filter((event) => before === undefined || !callsKmsfile(withoutBlocks(before), event))
  const after =
    before !== undefined && /\.ya?ml$/.test(file) && (await liesWithin(topLevel, file))
      ? withJobs(withoutBlocks(before), wanted)
      : undefined
  if (after === undefined) {
    return {
      keeper: 'lefthook',
      events: events.filter((event) => !wanted.includes(event)),
      chained: [],
      changes: [],
      notes: [{ message: `${basename(file)} has to be changed by hand`, hint: 'put in what is shown' }],
      instructions: wanted.map((event) => topLines(event).join('\n')).join('\n'),
    }
  }
  const change = rewritten(file, before, after)
  return {
    keeper: 'lefthook',
    events,
    chained: [],
    changes: change === undefined ? [] : [change],
    notes:
      change === undefined
        ? []
        : [
            {
              message: `${basename(file)} is part of the repository: commit it`,
              hint: 'then let lefthook read it: lefthook install',
            },
          ],
  }
}

/** Takes {@link planLefthook} back, as `planTrackedHooksRemoval` does. */
export async function planLefthookRemoval(
  repository: Repository,
  file: string,
  { purge }: { readonly purge: boolean },
): Promise<Pick<HooksPlan, 'changes' | 'notes'>> {
  const before = await readBinary(file)
  const change = before === undefined ? undefined : rewritten(file, before, withoutBlocks(before))
  if (change === undefined || !(await liesWithin(repository.topLevel, file))) return { changes: [], notes: [] }
  const stays = !purge && (await withCommittedBlock(repository, [file])).has(file)
  return stays ? { changes: [], notes: [committedNote(file)] } : { changes: [change], notes: [] }
}

/**
 * Lefthook puts the arguments of a hook in as they are, the address of a remote among them: where it had `$(...)` in it, a shell
 * would run that. So only those that are words of git's own are passed on.
 */
function commandOf(event: HookEvent): string {
  return `kmsfile git hook ${event}${event === 'reference-transaction' ? ' {1}' : ''}`
}

function fields(event: HookEvent): readonly string[] {
  const stdin = event === 'pre-push' || event === 'reference-transaction'
  return [`run: ${commandOf(event)}`, ...(stdin ? ['use_stdin: true'] : [])]
}

function topLines(event: HookEvent): readonly string[] {
  return [`${event}:`, '  commands:', '    kmsfile:', ...fields(event).map((line) => `      ${line}`)]
}

/** The text with a job for each event; undefined where it is written in a way that is not understood. */
function withJobs(bytes: string, events: readonly HookEvent[]): string | undefined {
  let text = Buffer.from(bytes, 'latin1').toString('utf8')
  if (binary(text) !== bytes) return undefined
  const root = rootOf(text)
  if (root === undefined) return undefined
  const missing = events.filter((event) => entryOf(root, event) === undefined)
  for (const event of events.filter((each) => !missing.includes(each))) {
    const entry = entryOf(rootOf(text) ?? root, event)
    const next = entry && withJob(text, entry, event)
    if (next === undefined) return undefined
    text = next
  }
  if (missing.length > 0) text = appended(text, missing.flatMap(topLines))
  return rootOf(text) === undefined || events.some((event) => !callsKmsfile(text, event)) ? undefined : binary(text)
}

/** The map that is all of the configuration; undefined where it is something else. */
function rootOf(text: string): MapNode | undefined {
  try {
    const { documents, bom } = yaml.scan(text)
    const [document, ...others] = documents
    const root = document?.root
    return root?.kind === 'map' && !root.flow && others.length === 0 && !bom ? root : undefined
  } catch (error) {
    if (error instanceof KmsfileError) return undefined
    throw error
  }
}

function entryOf(map: MapNode, key: string): Entry | undefined {
  return map.items.find((item): item is Entry => item.kind === 'entry' && item.key === key)
}

function withJob(text: string, { value }: Entry, event: HookEvent): string | undefined {
  if (value.kind !== 'map' || value.flow) return undefined
  const jobs = entryOf(value, 'jobs')?.value
  if (jobs?.kind === 'list' && !jobs.flow) {
    const first = firstOf(jobs)
    const [name, ...rest] = ['name: kmsfile', ...fields(event)]
    return first && insertedAt(text, first, [`- ${name}`, ...rest.map((line) => `  ${line}`)])
  }
  const commands = entryOf(value, 'commands')?.value
  if (commands?.kind === 'map' && !commands.flow) {
    const first = firstOf(commands)
    return first && insertedAt(text, first, ['kmsfile:', ...fields(event).map((line) => `  ${line}`)])
  }
  const first = commands === undefined ? firstOf(value) : undefined
  return (
    first &&
    insertedAt(
      text,
      first,
      topLines(event)
        .slice(1)
        .map((line) => line.slice(2)),
    )
  )
}

/** Where the first entry or item of a block starts. */
function firstOf(node: MapNode | ListNode): { readonly offset: number; readonly dash: boolean } | undefined {
  const [first] = node.items.filter((item) => item.kind !== 'comment')
  if (first === undefined) return undefined
  return { offset: first.kind === 'entry' ? first.keySpan.start : first.start, dash: node.kind === 'list' }
}

/** Puts lines before the one in which something starts, as far indented as that is. */
function insertedAt(
  text: string,
  { offset, dash }: { readonly offset: number; readonly dash: boolean },
  lines: readonly string[],
): string | undefined {
  const start = text.lastIndexOf('\n', offset - 1) + 1
  const indent = /^( *)(- +)?$/.exec(text.slice(start, offset))
  if (indent === null || (indent[2] !== undefined) !== dash) return undefined
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const added = block(lines).map((line) => `${indent[1]}${line}${eol}`)
  return text.slice(0, start) + added.join('') + text.slice(start)
}

function appended(text: string, lines: readonly string[]): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const gap = text !== '' && !text.endsWith('\n')
  return `${text}${gap ? eol : ''}${block(lines, { gap })
    .map((line) => `${line}${eol}`)
    .join('')}`
}
