import { join } from 'node:path'
import { KmsfileError } from '../../errors.ts'
import type { Host } from '../../host/host.ts'
import type { OwnProgram } from '../../host/machine.ts'
import { type AttributesPlan, planAttributes } from '../../operations/git-attributes.ts'
import { withBlock, withoutBlock } from '../../operations/marked-block.ts'
import { type GitConfig, isTrue, readGitConfig } from '../../vcs/git-config.ts'
import { type InstalledGit, installedGits } from '../../vcs/git-versions.ts'
import type { Repository } from '../../vcs/repository.ts'
import { applyChanges, binary, type FileChange, readBinary, rewritten } from '../check/file-changes.ts'
import { transparentPatterns } from '../filters/transparent-chosen.ts'
import { HOOK_EVENTS, type HookEvent, STRICT_EVENT } from '../hooks/hook-script.ts'
import { localAttributes, sopsPatterns } from './attributes-local.ts'
import { configLines, type InstallSettings } from './config-block.ts'
import { planHooks } from './hooks.ts'
import type { HooksPlan, Note } from './hooks-plan.ts'
import { planHooksRemoval } from './hooks-removal.ts'

export interface InstallOptions extends Partial<InstallSettings> {
  /** The kmsfile that git shall start; without it, the one on its PATH. */
  readonly program?: OwnProgram | undefined
  /** Every git on this machine, where they are known already. */
  readonly gits?: readonly Pick<InstalledGit, 'major' | 'minor'>[] | undefined
  /** The `.gitattributes`, where somebody else plans it. Default: it is brought up to date here. */
  readonly attributes?: AttributesPlan | undefined
}

export interface InstallPlan {
  readonly settings: InstallSettings
  readonly hooks: HooksPlan
  readonly changes: readonly FileChange[]
  readonly notes: readonly Note[]
}

/** Files within what git keeps for itself, shared by all work trees. */
export function gitFiles({ commonDir }: Pick<Repository, 'commonDir'>) {
  return { config: join(commonDir, 'config'), attributes: join(commonDir, 'info', 'attributes') }
}

/**
 * Works out what is missing so that git calls kmsfile: drivers and hooks in `.git/config`, the macro in `.git/info/attributes`,
 * the patterns in `.gitattributes`, hook files. What was chosen before stays, unless an option says otherwise; a second run
 * has nothing to do.
 *
 * @throws KmsfileError `GIT_NOT_A_REPOSITORY` for a bare one; `GIT_FAILED`, `GIT_TOO_OLD`, `CONFIG_INVALID`, `FILE_UNREADABLE`
 */
export async function planInstall(
  host: Pick<Host, 'env' | 'platform'>,
  repository: Repository,
  options: InstallOptions = {},
): Promise<InstallPlan> {
  if (repository.bare) throw bare(repository)
  const config = await readGitConfig(repository)
  const settings = settingsOf(config, options)
  const { program } = options
  const events: readonly HookEvent[] = settings.strictRefs ? [...HOOK_EVENTS, STRICT_EVENT] : HOOK_EVENTS
  const versions = options.gits ?? (await installedGits(host))
  const hooks = await planHooks(repository, { config, events, wanted: settings.hooks, program, versions })

  const files = gitFiles(repository)
  const configEvents = hooks.keeper === 'git configuration' ? hooks.events : []
  const patterns = await sopsPatterns(repository)
  const any = patterns.length > 0
  const attributes = options.attributes ?? (await planAttributes(repository))
  const changes = [
    await withLines(files.config, configLines(settings, { program, events: configEvents, any }), { locked: true }),
    await withLines(files.attributes, localAttributes(settings, patterns)),
    attributes && rewritten(attributes.path, optionalBinary(attributes.current), binary(attributes.wanted)),
    ...hooks.changes,
    ...(await droppedHooks(repository, config, settings)),
  ]
  return { settings, hooks, changes: changes.filter((change) => change !== undefined), notes: hooks.notes }
}

/** Does what was planned. @throws KmsfileError `FILE_CHANGED`, `FILE_LOCKED`, `FILE_UNWRITABLE` */
export async function install(plan: Pick<InstallPlan, 'changes'>): Promise<void> {
  await applyChanges(plan.changes)
}

/** How a clone is set up, and how it shall be. */
function settingsOf(config: GitConfig, options: InstallOptions): InstallSettings {
  const { guard, strictRefs, diff, hooks, transparent } = options
  const own = (name: string) => config.get(`kmsfile.${name}`)?.value
  const chosen = own('hooks')
  return {
    guard: guard ?? isTrue(own('guard')),
    strictRefs: strictRefs ?? isTrue(own('strictrefs')),
    transparent: transparent ?? transparentPatterns(config),
    diff: diff ?? (own('diff') === 'redacted' ? 'redacted' : 'plain'),
    hooks: hooks ?? (chosen === 'config' || chosen === 'files' || chosen === 'print' ? chosen : 'auto'),
  }
}

/** The hook for every ref, where it was asked for before and is not any more. */
async function droppedHooks(
  repository: Repository,
  config: GitConfig,
  { strictRefs }: InstallSettings,
): Promise<readonly FileChange[]> {
  if (strictRefs || !isTrue(config.get('kmsfile.strictrefs')?.value)) return []
  const { changes } = await planHooksRemoval(repository, { config, events: [STRICT_EVENT], purge: true })
  return changes.filter(({ path }) => path.endsWith(STRICT_EVENT) || path.includes(`${STRICT_EVENT}.`))
}

async function withLines(
  path: string,
  lines: readonly string[],
  options: { readonly locked?: boolean } = {},
): Promise<FileChange | undefined> {
  const before = await readBinary(path)
  return rewritten(path, before, withBlock(before, lines.map(binary), { file: path }), options)
}

/** Takes our lines out of a file. */
export async function withoutLines(
  path: string,
  options: { readonly locked?: boolean } = {},
): Promise<FileChange | undefined> {
  const before = await readBinary(path)
  return before === undefined ? undefined : rewritten(path, before, withoutBlock(before, { file: path }), options)
}

function optionalBinary(text: string | undefined): string | undefined {
  return text === undefined ? undefined : binary(text)
}

function bare({ topLevel }: Repository): KmsfileError {
  return new KmsfileError('a bare repository has no work tree that plaintext could come from', {
    code: 'GIT_NOT_A_REPOSITORY',
    file: topLevel,
    hint: 'on a server, check what is pushed: copy hooks/pre-receive of the package to its hooks folder',
  })
}
