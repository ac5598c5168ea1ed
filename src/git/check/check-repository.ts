import { join, resolve } from 'node:path'
import type { Host } from '../../host/host.ts'
import { type Repository, requireRepository } from '../../vcs/repository.ts'

/**
 * The repository that git started us for, or else that of the working directory. Its objects are read as they are stored: what
 * `git replace` shows in their place is not what is sent.
 *
 * @throws KmsfileError `GIT_NOT_A_REPOSITORY`
 */
export function ownRepository(host: Pick<Host, 'cwd' | 'env' | 'signal'>): Promise<Repository> {
  const { GIT_DIR, GIT_WORK_TREE } = host.env
  // Who names both may be anywhere.
  const top = GIT_DIR && GIT_WORK_TREE ? resolve(host.cwd, GIT_WORK_TREE) : host.cwd
  return requireRepository(host, join(top, 'x'), { asStored: true })
}
