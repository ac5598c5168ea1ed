import { realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { GitConfig } from '../../vcs/git-config.ts'
import type { Repository } from '../../vcs/repository.ts'
import type { FileChange } from '../check/file-changes.ts'
import type { HookEvent } from '../hooks/hook-script.ts'
import { hookHome } from './hooks.ts'
import { planHookFilesRemoval } from './hooks-files.ts'
import { planLefthookRemoval } from './hooks-lefthook.ts'
import type { HooksPlan } from './hooks-plan.ts'
import { planTrackedHooksRemoval } from './hooks-tracked.ts'

export interface HooksRemovalOptions {
  readonly config: GitConfig
  readonly events: readonly HookEvent[]
  /** Also what is committed, which others have as well. */
  readonly purge: boolean
}

/**
 * Takes back what `planHooks` did, wherever it was: the keeper of the hooks may be another one since.
 *
 * @throws KmsfileError `GIT_FAILED`, `FILE_UNREADABLE`, `CONFIG_INVALID`
 */
export async function planHooksRemoval(
  repository: Repository,
  { config, events, purge }: HooksRemovalOptions,
): Promise<Pick<HooksPlan, 'changes' | 'notes'>> {
  const home = await hookHome(repository, config)
  const usual = join(repository.commonDir, 'hooks')
  // Through a link it may be everybody's.
  const isOwn = (await realpath(usual).catch(() => usual)).startsWith(repository.commonDir + sep)
  const own = new Set([...(isOwn ? [usual] : []), ...(home.kind === 'own' ? [home.folder] : [])])
  const plans = await Promise.all([
    ...Array.from(own, (folder) => planHookFilesRemoval(folder, events)),
    ...(home.kind === 'husky' || home.kind === 'tracked'
      ? [planTrackedHooksRemoval(repository, home, { events, purge })]
      : []),
    ...(home.kind === 'lefthook' ? [planLefthookRemoval(repository, home.file, { purge })] : []),
  ])
  const changes: FileChange[] = plans.flatMap((plan) => [...plan.changes])
  return { changes, notes: plans.flatMap(({ notes }) => [...notes]) }
}
