import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readGitConfig } from '../../vcs/git-config.ts'
import type { Repository } from '../../vcs/repository.ts'
import { applyChanges, type FileChange, isThere, removeEmptyFolder } from '../check/file-changes.ts'
import { HOOK_EVENTS, STRICT_EVENT } from '../hooks/hook-script.ts'
import { repositoryIdPath } from '../trust/used-keys.ts'
import { ANY } from './config-block.ts'
import type { Note } from './hooks-plan.ts'
import { planHooksRemoval } from './hooks-removal.ts'
import { committedNote, withCommittedBlock } from './hooks-tracked.ts'
import { gitFiles, withoutLines } from './install.ts'

export interface UninstallPlan {
  readonly changes: readonly FileChange[]
  /** Refs with plaintext that git made of what textconv printed. */
  readonly refs: readonly string[]
  /** Absolute paths of what we keep for ourselves. */
  readonly caches: readonly string[]
  readonly notes: readonly Note[]
}

/**
 * Works out how everything becomes what it was before `install`, to the last byte. What is committed stays, since others have
 * it as well, unless `purge` is asked for.
 *
 * @throws KmsfileError `GIT_FAILED`, `FILE_UNREADABLE`; `CONFIG_INVALID` where somebody broke the marks of a block
 */
export async function planUninstall(
  repository: Repository,
  { purge = false }: { readonly purge?: boolean | undefined } = {},
): Promise<UninstallPlan> {
  const config = await readGitConfig(repository)
  const files = gitFiles(repository)
  const hooks = await planHooksRemoval(repository, { config, events: [...HOOK_EVENTS, STRICT_EVENT], purge })
  const attributes = join(repository.topLevel, '.gitattributes')
  const own = await withoutLines(attributes)
  const stays = own !== undefined && !purge && (await withCommittedBlock(repository, [attributes])).has(attributes)
  const changes = [
    await withoutLines(files.config, { locked: true }),
    await withoutLines(files.attributes),
    stays ? undefined : own,
    ...hooks.changes,
  ]
  // Without its number, there is no key that git may ask for here.
  const kept = [join(repository.commonDir, 'kmsfile', 'verdicts'), repositoryIdPath(repository)]
  const caches: string[] = []
  for (const path of kept) if (await isThere(path)) caches.push(path)
  return {
    changes: changes.filter((change) => change !== undefined),
    refs: await textconvNotes(repository),
    caches,
    notes: [...(stays ? [committedNote(attributes)] : []), ...hooks.notes],
  }
}

/** Does what was planned. @throws KmsfileError `FILE_CHANGED`, `FILE_LOCKED`, `FILE_UNWRITABLE`, `GIT_FAILED` */
export async function uninstall(
  repository: Repository,
  { changes, refs, caches }: Pick<UninstallPlan, 'changes' | 'refs' | 'caches'>,
): Promise<void> {
  await applyChanges(changes)
  for (const ref of refs) await repository.git(['update-ref', '-d', ref])
  for (const cache of caches) await rm(cache, { force: true })
  // Folders that were made for a single file; where git has its templates there is more in them.
  for (const name of ['kmsfile', 'info', 'hooks']) await removeEmptyFolder(join(repository.commonDir, name))
}

/** Refs in which git keeps what textconv printed, where somebody let it. */
export async function textconvNotes({ git }: Pick<Repository, 'git'>): Promise<readonly string[]> {
  const names = ['kmsfile', ANY].map((driver) => `refs/notes/textconv/${driver}`)
  const { stdout } = await git(['for-each-ref', '--format=%(refname)', ...names])
  return Buffer.from(stdout).toString('utf8').split('\n').filter(Boolean)
}
