import { relative } from 'node:path'
import type { FileChange } from '../git/check/file-changes.ts'
import { HOOK_EVENTS } from '../git/hooks/hook-script.ts'
import type { Note } from '../git/install/hooks-plan.ts'
import { type InstallOptions, type InstallPlan, install, planInstall } from '../git/install/install.ts'
import { ownProgram } from '../host/machine.ts'
import type { Repository } from '../vcs/repository.ts'
import type { Arguments, Cli } from './command.ts'
import { escaped } from './report.ts'

/** Options for how git calls kmsfile, of every command that installs it. */
export const SETUP_OPTIONS = {
  guard: { type: 'boolean', describe: 'refuse plaintext at git add already (--no-guard: only at git commit)' },
  'strict-refs': { type: 'boolean', describe: 'look at every change of a branch, however it is made' },
  diff: {
    type: 'string',
    choices: ['plain', 'redacted'],
    requiresArg: true,
    describe: 'what git diff shows of values whose key is at hand',
  },
  hooks: {
    type: 'string',
    choices: ['auto', 'config', 'files', 'print'],
    requiresArg: true,
    describe: "where the hooks go: git's configuration (2.54 and later), files, or nowhere, but on stdout",
  },
} as const

/** What the options say. */
export function setupOptionsOf(args: Arguments): InstallOptions {
  const { guard, diff, hooks } = args
  const strictRefs = args['strict-refs']
  return {
    ...(guard !== undefined && { guard: guard === true }),
    ...(strictRefs !== undefined && { strictRefs: strictRefs === true }),
    ...(diff !== undefined && { diff: diff === 'redacted' ? 'redacted' : 'plain' }),
    ...(hooks !== undefined && { hooks: hooks as NonNullable<InstallOptions['hooks']> }),
  }
}

/** Has git call kmsfile in a repository, or finds out what that would take. */
export async function setUpGit(
  { host }: Cli,
  repository: Repository,
  { dryRun, ...options }: InstallOptions & { readonly dryRun: boolean },
): Promise<InstallPlan> {
  const plan = await planInstall(host, repository, { program: await ownProgram(), ...options })
  if (!dryRun) await install(plan)
  return plan
}

/** Whether all hooks call kmsfile now, as far as anybody wanted that. */
export function isComplete({ settings, hooks }: InstallPlan): boolean {
  return settings.hooks === 'print' || HOOK_EVENTS.every((event) => hooks.events.includes(event))
}

/** What is installed, in a few words. */
export function setupText({ settings, hooks }: InstallPlan): string {
  return [
    ...(hooks.events.length > 0 ? [`hooks${hooks.keeper === 'hook files' ? '' : ` (${hooks.keeper})`}`] : []),
    'diff and merge drivers',
    ...(settings.guard ? ['plaintext guard'] : []),
    ...((settings.transparent ?? []).length > 0 ? ['transparent mode'] : []),
  ].join(', ')
}

/** Says what is not as somebody may expect. */
export function tellNotes(cli: Cli, notes: readonly Note[]): void {
  for (const { message, hint } of notes) cli.warn(message, hint === undefined ? {} : { hint })
}

/** A file as people know it: from the top of the work tree, where it lies below. */
export function shownPath({ topLevel }: Pick<Repository, 'topLevel'>, path: string): string {
  const short = relative(topLevel, path)
  return escaped(short.startsWith('..') ? path : short)
}

/** What happens to one file, in a line. */
export function changeText(repository: Pick<Repository, 'topLevel'>, change: FileChange): string {
  const file = shownPath(repository, change.path)
  if (change.kind === 'move') return `${file} -> ${shownPath(repository, change.to)}`
  return change.kind === 'remove' ? `- ${file}` : `${change.before === undefined ? '+' : '~'} ${file}`
}

/** What happens to one file, for machines. */
export function changeData(repository: Pick<Repository, 'topLevel'>, change: FileChange): Record<string, string> {
  const file = shownPath(repository, change.path)
  if (change.kind === 'move') return { kind: 'move', file, to: shownPath(repository, change.to) }
  return { kind: change.kind, file }
}

/**
 * How git is set up, for machines: `{guard, strictRefs, diff, transparent?, hooks: {keeper, events, chained}, changes: [{kind, file, to?}],
 * notes: [{message, hint?}], instructions?}`. Files are from the top of the work tree where they lie below it; `kind` is
 * `write`, `remove` or `move`; `keeper` is `git configuration`, `hook files`, `husky`, `lefthook` or `nobody`.
 */
export function setupData(repository: Repository, plan: InstallPlan): Record<string, unknown> {
  const { settings, hooks, changes, notes } = plan
  const { guard, strictRefs, diff, transparent = [] } = settings
  return {
    ...{ guard, strictRefs, diff },
    ...(transparent.length > 0 && { transparent }),
    hooks: { keeper: hooks.keeper, events: hooks.events, chained: hooks.chained },
    changes: changes.map((change) => changeData(repository, change)),
    notes,
    ...(hooks.instructions !== undefined && { instructions: hooks.instructions }),
  }
}
