import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Host } from '../../host/host.ts'
import type { Check } from '../../operations/doctor-check.ts'
import { readGitConfig } from '../../vcs/git-config.ts'
import { findRepository, type Repository } from '../../vcs/repository.ts'
import { isThere } from '../check/file-changes.ts'
import { installationOf, missingHooks } from './installation.ts'

/** More than anybody has; each takes a process or two. */
const MAX_LOOKED_AT = 50

/** Other work trees of the repository, and repositories within it: whether hooks run there as well. */
export async function checkPlaces(host: Host, repository: Repository): Promise<readonly Check[]> {
  const checks: Check[] = []
  for (const path of (await otherWorkTrees(repository)).slice(0, MAX_LOOKED_AT)) {
    checks.push(await checkPlace(host, { path, kind: 'work tree' }))
  }
  for (const name of (await submodules(repository)).slice(0, MAX_LOOKED_AT)) {
    const path = join(repository.topLevel, name)
    const found = await findRepository(host, path)
    // One that is not checked out is part of this repository, as far as one can see.
    if (found === undefined || found.topLevel === repository.topLevel) continue
    if (await isThere(join(path, '.kmsfile.yaml'))) checks.push(await checkPlace(host, { path, kind: 'submodule' }))
    else checks.push({ about: 'git', state: 'ok', message: `submodule ${name} has no .kmsfile.yaml of its own` })
  }
  return checks
}

async function checkPlace(
  host: Host,
  { path, kind }: { readonly path: string; readonly kind: 'work tree' | 'submodule' },
): Promise<Check> {
  const found = await findRepository({ ...host, env: withoutGit(host.env), cwd: path }, path)
  if (found === undefined) return { about: 'git', state: 'ok', message: `${kind} ${path} is not there any more` }
  const missing = missingHooks(await installationOf(host, found, await readGitConfig(found)))
  if (missing.length === 0) return { about: 'hooks', state: 'ok', message: `${kind} ${path}: hooks run there, too` }
  return {
    about: 'hooks',
    state: 'warning',
    message: `${kind} ${path}: hooks that do not run there: ${missing.join(', ')}`,
    hint: 'see why: kmsfile doctor, there',
  }
}

/** What git says of this repository, it does not say of that one. */
function withoutGit(env: Host['env']): Host['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^GIT_(?:DIR|WORK_TREE|INDEX_FILE)$/.test(name)))
}

async function otherWorkTrees({ git, topLevel }: Repository): Promise<readonly string[]> {
  const { stdout } = await git(['worktree', 'list', '--porcelain'])
  return Buffer.from(stdout)
    .toString('utf8')
    .split('\n')
    .flatMap((line) => /^worktree (.+)$/.exec(line)?.[1] ?? [])
    .filter((path) => path !== topLevel)
}

async function submodules({ git }: Repository): Promise<readonly string[]> {
  const { stdout } = await git(['ls-files', '--stage', '-z'])
  return Buffer.from(stdout)
    .toString('utf8')
    .split('\0')
    .filter((entry) => entry.startsWith('160000'))
    .map((entry) => entry.slice(entry.indexOf('\t') + 1))
}

/** What merges and editors left in the work tree. */
export async function checkLeftovers({ git, topLevel }: Repository): Promise<readonly Check[]> {
  const names = (await readdir(topLevel)).filter((name) => /^\.merge_file_\w{6}$/.test(name))
  // Also what git ignores: that is where such files hide.
  const { stdout } = await git(['ls-files', '--others', '-z', '--', ':(glob)**/.decrypted~*'])
  const left = [...names, ...Buffer.from(stdout).toString('utf8').split('\0').filter(Boolean)]
  if (left.length === 0) return []
  const more = left.length > 1 ? ` and ${left.length - 1} more` : ''
  return [
    {
      about: 'plaintext',
      state: 'warning',
      message: `what a merge or an editor left may be plaintext: ${left[0]}${more}`,
      hint: 'look at it, and delete it',
    },
  ]
}
