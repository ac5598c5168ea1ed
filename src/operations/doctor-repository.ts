import { join } from 'node:path'
import { attributesOf } from '../vcs/git-attributes.ts'
import { gitVersion } from '../vcs/porcelain.ts'
import type { Repository } from '../vcs/repository.ts'
import { type Check, problemOf } from './doctor-check.ts'
import { planAttributes } from './git-attributes.ts'
import { type FileStatus, statusOf } from './status.ts'
import type { Workspace } from './workspace.ts'

/** AWS takes a signature for as long; clocks that differ by less are none that anybody would set. */
const CLOCK_TOLERANCE_MS = 5 * 60_000

/** Looks at the repository of the working directory, and at the secrets files in it. No key is used. */
export async function checkRepository(workspace: Workspace): Promise<readonly Check[]> {
  const repository = await workspace.repository(join(workspace.host.cwd, 'x'))
  const checks: Check[] = []
  if (repository === undefined) checks.push({ about: 'git', state: 'ok', message: 'not in a git repository' })
  else checks.push(...(await checkGit(repository)))
  try {
    const files = await statusOf(workspace)
    checks.push(...checkFiles(files, workspace.host.now()))
    if (repository !== undefined) checks.push(...(await checkLineEndings(repository, files)))
  } catch (error) {
    checks.push(problemOf('files', error))
  }
  return checks
}

async function checkGit(repository: Repository): Promise<readonly Check[]> {
  const checks: Check[] = []
  try {
    const version = await gitVersion({ cwd: repository.topLevel })
    checks.push({ about: 'git', state: 'ok', message: `git ${version?.text ?? 'of an unknown version'}` })
    checks.push(...(await checkAttributes(repository)))
  } catch (error) {
    checks.push(problemOf('git', error))
  }
  return checks
}

async function checkAttributes(repository: Repository): Promise<readonly Check[]> {
  const plan = await planAttributes(repository)
  if (plan === undefined) return []
  if (plan.current === plan.wanted) {
    return [{ about: 'git', state: 'ok', message: '.gitattributes names the files that the rules manage' }]
  }
  const message = '.gitattributes does not name all files that the rules manage'
  return [{ about: 'git', state: 'warning', message, hint: 'bring it up to date: kmsfile init' }]
}

/** Whether git changes the bytes of secrets files on their way into the repository or out of it. */
async function checkLineEndings(repository: Repository, files: readonly FileStatus[]): Promise<readonly Check[]> {
  const paths: string[] = []
  for (const { name } of files) paths.push((await repository.pathOf(name)) ?? '')
  const inside = paths.filter((path) => path !== '')
  const autocrlf = await repository.config('core.autocrlf')
  const converts = autocrlf === 'true' || autocrlf === 'input'
  const found = await attributesOf(repository, { paths: inside, names: ['text'] })
  const changed = found.flatMap(([path, , value]) =>
    value !== 'unset' && (value !== 'unspecified' || converts) ? [path] : [],
  )
  if (changed.length === 0) return []
  const more = changed.length > 1 ? ` and ${changed.length - 1} more` : ''
  const why = converts ? `core.autocrlf is ${autocrlf}` : '.gitattributes says text'
  return [
    {
      about: 'git',
      state: 'warning',
      message: `${why}, so git changes the line endings of ${changed[0]}${more}`,
      hint: 'let .gitattributes say -text for them; for what .kmsfile.yaml manages kmsfile init does',
    },
  ]
}

function checkFiles(files: readonly FileStatus[], now: Date): readonly Check[] {
  const attention = files.filter((file) => file.attention).length
  const message = `${files.length} secrets file${files.length === 1 ? '' : 's'}`
  const needs = attention === 1 ? '1 needs attention' : `${attention} need attention`
  const checks: Check[] = [
    attention === 0
      ? { about: 'files', state: 'ok', message }
      : { about: 'files', state: 'warning', message: `${message}, ${needs}`, hint: 'see which: kmsfile status' },
  ]
  const latest = now.getTime() + CLOCK_TOLERANCE_MS
  const early = files.find(({ lastModified }) => (lastModified?.getTime() ?? 0) > latest)
  if (early !== undefined) {
    const time = early.lastModified?.toISOString()
    checks.push({
      about: 'clock',
      state: 'warning',
      message: `${early.name} says that it was changed at ${time}, which is still to come`,
      hint: 'see whether the clock of this machine is right',
    })
  }
  return checks
}
