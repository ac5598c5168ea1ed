import { findUnresolved, type UnresolvedFile } from '../git/merge/resolve.ts'
import type { Decision } from '../operations/resolve.ts'
import { updateFile } from '../operations/secrets-file.ts'
import type { Workspace } from '../operations/workspace.ts'
import type { Repository } from '../vcs/repository.ts'
import type { Cli } from './command.ts'
import { confirm } from './confirm.ts'
import { type Answers, decide } from './resolve-questions.ts'
import { counted } from './words.ts'

export interface ResolveOptions {
  readonly repository: Repository
  readonly answers: Answers
  /** Writes over what somebody changed in the file since it was merged. */
  readonly overwrite: boolean
}

/** What became of a file. */
export interface ResolvedFile {
  readonly file: string
  readonly outcome: 'resolved' | 'left' | 'not in conflict'
  readonly conflicts: readonly { readonly path: string; readonly taken: 'ours' | 'theirs' | 'edited' }[]
}

/** Resolves one file: as flags say, else by asking. Nothing is staged. */
export async function resolveFile(
  workspace: Workspace,
  cli: Cli,
  { name, repository, answers, overwrite }: ResolveOptions & { readonly name: string },
): Promise<ResolvedFile> {
  const file = await findUnresolved(workspace, repository, name)
  if (file === undefined) {
    cli.say(`${name}: not in conflict`)
    return { file: name, outcome: 'not in conflict', conflicts: [] }
  }
  const decisions = (await mayWrite(cli, file, overwrite)) ? await decide(workspace, cli, { file, answers }) : undefined
  if (decisions === undefined) {
    cli.say(`${name}: left as it is`)
    return { file: name, outcome: 'left', conflicts: [] }
  }
  await updateFile(workspace, name, async () => {
    const text = await file.resolution.finish(decisions)
    // Somebody may have thought for a long time.
    await file.refuseChanged()
    return { text, result: undefined }
  })
  const conflicts = file.resolution.questions.map(({ path }, i) => ({ path, taken: takenOf(decisions[i]) }))
  cli.say(`${name}: resolved${conflicts.length === 0 ? '' : `, ${summaryOf(conflicts)}`}`)
  return { file: name, outcome: 'resolved', conflicts }
}

async function mayWrite({ host }: Cli, { name, isEdited }: UnresolvedFile, overwrite: boolean): Promise<boolean> {
  if (!isEdited || overwrite) return true
  const question = `${name} was changed since it was merged; merge its versions again, and write over that?`
  return confirm(host, question, { flag: '--yes' })
}

function takenOf(decision: Decision | undefined): 'ours' | 'theirs' | 'edited' {
  return typeof decision === 'string' ? decision : 'edited'
}

function summaryOf(conflicts: ResolvedFile['conflicts']): string {
  const named = conflicts.slice(0, MAX_NAMED).map(({ path, taken }) => `${path}: ${taken}`)
  const more = conflicts.length > MAX_NAMED ? ` and ${conflicts.length - MAX_NAMED} more` : ''
  return `${counted(conflicts.length, 'conflict')} (${named.join(', ')}${more})`
}

const MAX_NAMED = 5
