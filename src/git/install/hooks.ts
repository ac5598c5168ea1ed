import { realpath } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { KmsfileError } from '../../errors.ts'
import type { OwnProgram } from '../../host/machine.ts'
import type { GitConfig } from '../../vcs/git-config.ts'
import type { Repository } from '../../vcs/repository.ts'
import { isThere } from '../check/file-changes.ts'
import { type HookEvent, hookScript } from '../hooks/hook-script.ts'
import { CONFIG_HOOKS_SINCE, type InstallSettings } from './config-block.ts'
import { planHookFiles } from './hooks-files.ts'
import { lefthookFile, planLefthook } from './hooks-lefthook.ts'
import type { HooksPlan, Note } from './hooks-plan.ts'
import { callLines, planTrackedHooks } from './hooks-tracked.ts'

/** Where git looks for hooks in a repository, and who has put what there. */
export type HookHome =
  /** A folder within what git keeps for itself: nobody else's. */
  | { readonly kind: 'own'; readonly folder: string }
  /** `folder`: where people write the hooks; `started`: where git looks, undefined until husky is installed. */
  | { readonly kind: 'husky'; readonly folder: string; readonly started: string | undefined }
  | { readonly kind: 'lefthook'; readonly file: string; readonly folder: string }
  /** A folder of the work tree that `core.hooksPath` names. */
  | { readonly kind: 'tracked'; readonly folder: string }
  /** A folder outside, which may serve many repositories; whose configuration names it, undefined where a link leads there. */
  | { readonly kind: 'elsewhere'; readonly folder: string; readonly scope: string | undefined }

/** Finds out whose the hooks of a repository are. @throws KmsfileError `GIT_FAILED` */
export async function hookHome(repository: Repository, config: GitConfig): Promise<HookHome> {
  const { topLevel, commonDir } = repository
  const path = config.get('core.hookspath')
  const named = path !== undefined && path.value !== ''
  const found = named ? await hooksFolder(repository) : join(commonDir, 'hooks')
  // What is written through a link may serve many repositories.
  const folder = await realpath(found).catch(() => found)
  const lefthook = await lefthookFile(repository)
  const inside = (parent: string) => folder === parent || folder.startsWith(parent + sep)
  const own = inside(commonDir) || inside(repository.gitDir)

  if (named && !own && (await startsHusky(folder))) {
    return { kind: 'husky', folder: /[\\/]_$/.test(folder) ? resolve(folder, '..') : folder, started: folder }
  }
  if (lefthook !== undefined) return { kind: 'lefthook', file: lefthook, folder }
  // In a fresh clone husky comes with the packages that are not installed yet.
  if (!named && (await isThere(join(topLevel, '.husky')))) {
    return { kind: 'husky', folder: join(topLevel, '.husky'), started: undefined }
  }
  if (own) return { kind: 'own', folder }
  return inside(topLevel)
    ? { kind: 'tracked', folder }
    : { kind: 'elsewhere', folder, scope: named ? path?.scope : undefined }
}

/** The folder in which git looks for hooks, absolute. */
async function hooksFolder({ git, topLevel }: Pick<Repository, 'git' | 'topLevel'>): Promise<string> {
  const { stdout } = await git(['rev-parse', '--git-path', 'hooks'])
  return resolve(topLevel, Buffer.from(stdout).toString('utf8').replace(/\n$/, ''))
}

async function startsHusky(folder: string): Promise<boolean> {
  if (/[\\/]\.husky(?:[\\/]_)?$/.test(folder)) return true
  return /[\\/]_$/.test(folder) && (await isThere(join(folder, 'husky.sh')))
}

/** Husky has a stub for each of a list of hooks, and this is none of them. */
const UNKNOWN_TO_HUSKY: readonly HookEvent[] = ['reference-transaction']

export interface HooksOptions {
  readonly config: GitConfig
  readonly events: readonly HookEvent[]
  readonly wanted: InstallSettings['hooks']
  readonly program: OwnProgram | undefined
  /** Of every git that may be started here; the first is the one that we start. */
  readonly versions: readonly GitVersionNumbers[]
}

export interface GitVersionNumbers {
  readonly major: number
  readonly minor: number
}

/** Whether a git starts hooks that its configuration names. */
export function hasConfigHooks({ major, minor }: GitVersionNumbers): boolean {
  const [sinceMajor, sinceMinor] = CONFIG_HOOKS_SINCE
  return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor)
}

/**
 * Works out how every hook comes to call kmsfile: by the configuration, where git can do that, since it touches no file and
 * nobody else's hooks get in its way; else as whoever keeps the hooks here wants it.
 *
 * @throws KmsfileError `GIT_TOO_OLD`, `GIT_FAILED`, `FILE_UNREADABLE`, `CONFIG_INVALID`
 */
export async function planHooks(repository: Repository, options: HooksOptions): Promise<HooksPlan> {
  const { config, events, wanted, program, versions } = options
  const able = versions.filter(hasConfigHooks)
  if (wanted === 'print') return printed(events, program)
  if (wanted === 'config' && (versions[0] === undefined || !hasConfigHooks(versions[0]))) {
    throw new KmsfileError(`git has hooks in its configuration from version ${CONFIG_HOOKS_SINCE.join('.')} on`, {
      code: 'GIT_TOO_OLD',
      hint: 'update git, or leave out --hooks config',
    })
  }
  const byConfig: HooksPlan = { keeper: 'git configuration', events, chained: [], changes: [], notes: [] }
  if (wanted === 'config' || (wanted === 'auto' && able.length > 0 && able.length === versions.length)) return byConfig
  const home = await hookHome(repository, config)
  const plan = await planFor(home, repository, { events, program })
  // Another git, that of a graphical program, knows only the files.
  return wanted === 'auto' && able.length > 0 ? { ...plan, keeper: 'git configuration', events } : plan
}

async function planFor(
  home: HookHome,
  repository: Repository,
  { events, program }: Pick<HooksOptions, 'events' | 'program'>,
): Promise<HooksPlan> {
  switch (home.kind) {
    case 'own': {
      const plan = await planHookFiles(home.folder, events, program)
      const framework = await preCommitNote(repository)
      return framework === undefined ? plan : { ...plan, notes: [...plan.notes, framework] }
    }
    case 'husky': {
      const tracked = { keeper: 'husky' as const, folder: home.folder, unknown: UNKNOWN_TO_HUSKY }
      const plan = await planTrackedHooks(repository, tracked, events)
      const worktrees = {
        message: 'hooks of husky run in another work tree only once its packages are installed there',
        hint: 'see whether they do: kmsfile doctor',
      }
      if (home.started !== undefined) return { ...plan, notes: [...plan.notes, worktrees] }
      // Until husky is there, git looks into its own folder.
      const own = await planHookFiles(join(repository.commonDir, 'hooks'), events, program)
      return {
        ...plan,
        events: own.events,
        chained: own.chained,
        changes: [...plan.changes, ...own.changes],
        notes: [...plan.notes, worktrees, ...own.notes],
      }
    }
    case 'lefthook':
      return planLefthook(repository, home.file, events)
    case 'tracked':
      return planTrackedHooks(repository, { keeper: 'hook files', folder: home.folder }, events)
    case 'elsewhere':
      return {
        keeper: 'nobody',
        events: [],
        chained: [],
        changes: [],
        notes: [elsewhereNote(home, join(repository.commonDir, 'hooks'))],
        instructions: callsFor(events),
      }
    default:
      return home satisfies never
  }
}

function elsewhereNote({ folder, scope }: Extract<HookHome, { kind: 'elsewhere' }>, usual: string): Note {
  const what = scope === undefined ? `${usual} leads to` : `core.hooksPath (${scope}) is`
  const own = scope === undefined ? `put a folder in its place: ${usual}` : `git config core.hooksPath ${usual}`
  return {
    message: `${what} ${folder}, which may serve other repositories, so nothing was written there`,
    hint: `call kmsfile from the hooks there, as is shown, or give this repository its own: ${own}`,
  }
}

/** What somebody puts into hooks of his own. */
function callsFor(events: readonly HookEvent[]): string {
  return events.map((event) => `# ${event}, at the beginning\n${callLines(event, 'kmsfile').join('\n')}\n`).join('')
}

function printed(events: readonly HookEvent[], program: OwnProgram | undefined): HooksPlan {
  const scripts = events.map((event) => `# ${event}\n${hookScript(event, program)}`)
  return { keeper: 'nobody', events: [], chained: [], changes: [], notes: [], instructions: scripts.join('\n') }
}

/** How the pre-commit framework brings kmsfile to everybody. */
async function preCommitNote({ topLevel }: Repository) {
  if (!(await isThere(join(topLevel, '.pre-commit-config.yaml')))) return undefined
  return {
    message: 'pre-commit runs after our hooks, in this clone',
    hint: 'for everybody, add to .pre-commit-config.yaml what docs/git.md shows under pre-commit',
  }
}
