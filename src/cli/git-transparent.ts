import { planEntering, planLeaving, requireTransparent, rewriteFiles } from '../git/filters/transparent.ts'
import { transparentPatterns } from '../git/filters/transparent-chosen.ts'
import type { Concealing, Rewriting } from '../git/filters/transparent-files.ts'
import type { InstallPlan } from '../git/install/install.ts'
import { readGitConfig } from '../vcs/git-config.ts'
import type { Repository } from '../vcs/repository.ts'
import type { Arguments, Cli } from './command.ts'
import { shownPath } from './git-setup.ts'
import { counted } from './words.ts'
import { withWorkspace } from './workspace.ts'

/** What became of files for which the transparent mode was switched on or off, or would. */
export interface TransparentFiles {
  readonly concealed: readonly Concealing[]
  readonly revealed: readonly Rewriting[]
  /** Whether somebody has just asked for it. */
  readonly chosen: boolean
}

interface Change {
  readonly repository: Repository
  readonly dryRun: boolean
  /** Sets git up with these patterns; undefined stands for those that it has. */
  readonly setUp: (patterns?: readonly string[]) => Promise<InstallPlan>
}

const NONE: TransparentFiles = { concealed: [], revealed: [], chosen: false }

/** Sets git up, and has the files lie in the work trees as the options say, or as they were chosen before. */
export async function withTransparent(
  args: Arguments,
  cli: Cli,
  { repository, dryRun, setUp }: Change,
): Promise<{ readonly plan: InstallPlan; readonly files: TransparentFiles }> {
  const before = transparentPatterns(await readGitConfig(repository))
  const given = patternsOf(args)
  const patterns = given ?? before
  if (patterns.length === 0 && before.length === 0) return { plan: await setUp(given), files: NONE }
  return withWorkspace({}, cli, async (workspace) => {
    if (given !== undefined && given.length > 0) await requireTransparent(workspace, repository, given)
    const concealed = given === undefined ? [] : await planLeaving(workspace, repository, given)
    // As long as git still encrypts them, there is no moment in which it would take plaintext.
    if (!dryRun) await rewriteFiles(concealed)
    const plan = await setUp(given)
    const revealed = dryRun ? [] : await planEntering(workspace, repository)
    await rewriteFiles(revealed)
    return { plan, files: { concealed, revealed, chosen: given !== undefined && given.length > 0 } }
  })
}

/** Has all files be ciphertext in the work trees, before git forgets about them. */
export async function withoutTransparent(
  cli: Cli,
  { repository, dryRun }: Pick<Change, 'repository' | 'dryRun'>,
): Promise<TransparentFiles> {
  if (transparentPatterns(await readGitConfig(repository)).length === 0) return NONE
  return withWorkspace({}, cli, async (workspace) => {
    const concealed = await planLeaving(workspace, repository, [])
    if (!dryRun) await rewriteFiles(concealed)
    return { ...NONE, concealed }
  })
}

/** What the option says; undefined where it is not given. */
function patternsOf(args: Arguments): readonly string[] | undefined {
  const value = args['transparent']
  if (value === undefined) return undefined
  const all = Array.isArray(value) ? value : [value]
  return all.some((each) => each === false) ? [] : all.map(String)
}

/** Says what lies where as what, and what that costs. */
export function tellTransparent(
  cli: Cli,
  { transparent = [] }: { readonly transparent?: readonly string[] | undefined },
  { concealed, revealed, chosen }: TransparentFiles,
): void {
  const count = (plans: readonly Rewriting[]) => plans.flatMap(({ changes }) => changes).length
  if (count(concealed) > 0) cli.say(`${counted(count(concealed), 'file')}: ciphertext in the work tree again`)
  for (const path of concealed.flatMap(({ untracked }) => untracked)) {
    cli.warn('stays plaintext: git does not track it', { file: path, hint: 'kmsfile encrypt -i FILE' })
  }
  if (chosen) {
    cli.say(`transparent (experimental), in this clone alone: ${transparent.join(', ')}`)
    for (const line of COSTS) cli.say(`  ${line}`)
  }
  if (count(revealed) > 0) {
    cli.say(`${counted(count(revealed), 'file')}: plaintext in the work tree, with the permissions as they were`)
  }
  for (const { path, reason } of revealed.flatMap(({ left }) => left)) {
    cli.warn(`stays encrypted in the work tree: ${reason}`, { file: path })
  }
}

const COSTS = [
  'their plaintext lies in the work tree, and so in backups, in indexes of editors, and open to every program that you run',
  'without a key, git add refuses them, and a checkout leaves them encrypted',
  'git add -p, and graphical programs that stage parts of files, break them',
  'git diff shows ciphertext, kmsfile git diff shows values; git difftool and external diffs write plaintext to temporary files',
]

/** The same for machines: `{concealed: [FILE], revealed: [FILE], left: [{file, reason}]}` where there is anything. */
export function transparentData(
  repository: Repository,
  { concealed, revealed }: TransparentFiles,
): Record<string, unknown> {
  const names = (plans: readonly Rewriting[]) =>
    plans.flatMap(({ changes }) => changes.map(({ path }) => shownPath(repository, path)))
  const left = revealed.flatMap((plan) => plan.left)
  if (names(concealed).length + names(revealed).length + left.length === 0) return {}
  return {
    files: {
      concealed: names(concealed),
      revealed: names(revealed),
      left: left.map(({ path, reason }) => ({ file: shownPath(repository, path), reason })),
    },
  }
}
