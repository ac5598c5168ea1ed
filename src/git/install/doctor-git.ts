import { join } from 'node:path'
import type { Host } from '../../host/host.ts'
import { type Check, problemOf } from '../../operations/doctor-check.ts'
import { readGitConfig } from '../../vcs/git-config.ts'
import { installedGits } from '../../vcs/git-versions.ts'
import type { Repository } from '../../vcs/repository.ts'
import { isThere } from '../check/file-changes.ts'
import { samplePaths } from '../check/sample-path.ts'
import { checkDrivers } from './doctor-drivers.ts'
import { checkHooks } from './doctor-hooks.ts'
import { checkLeftovers, checkPlaces } from './doctor-places.ts'
import { checkKeptPlaintext } from './doctor-plaintext.ts'
import { hasConfigHooks } from './hooks.ts'
import { installationOf } from './installation.ts'

/**
 * Looks whether git calls kmsfile in a clone as it should: hooks, drivers, attributes, other work trees; and what git or an editor
 * left. A repository without rules has nothing to be looked at. No key is used, and no hook but ours is run.
 */
export async function checkGit(
  host: Host,
  repository: Repository,
  options: { readonly version: string },
): Promise<readonly Check[]> {
  if (repository.bare) return []
  try {
    const config = await readGitConfig(repository)
    const samples = await samplePaths(repository)
    if (samples.length === 0 && !(await isThere(join(repository.topLevel, '.sops.yaml')))) return []
    const installation = await installationOf(host, repository, config)
    const context = { host, repository, config, installation, samples, sample: samples[0] }
    return [
      ...(await checkVersions(host)),
      ...(await checkHooks(context)),
      ...(await checkDrivers(context)),
      ...(await checkPlaces(host, repository)),
      ...(await checkLeftovers(repository)),
      ...(await checkKeptPlaintext(repository, options)),
    ]
  } catch (error) {
    return [problemOf('git', error)]
  }
}

async function checkVersions(host: Host): Promise<readonly Check[]> {
  const gits = await installedGits(host)
  const older = gits.filter((git) => !hasConfigHooks(git))
  if (older.length === 0 || older.length === gits.length) return []
  const message = `there is an older git on the PATH, which knows hook files alone: ${older[0]?.path} (${older[0]?.text})`
  return [{ about: 'git', state: 'warning', message, hint: 'for both: kmsfile git install' }]
}
