import type { Options } from 'yargs'
import { type OpenedSource, readSource, type SourceFile, updateFile } from '../operations/secrets-file.ts'
import type { Workspace } from '../operations/workspace.ts'
import type { WrittenFile } from '../operations/write-secrets.ts'
import { type Arguments, type Cli, READ_OPTIONS, RULE_OPTIONS } from './command.ts'
import { expandFiles } from './file-arguments.ts'
import { filesOf, textOf, usage } from './flags.ts'
import { type Output, put } from './output.ts'
import { type Changed, type ChangeSteps, changeFiles, refuseOtherText } from './planned-changes.ts'
import { withWorkspace } from './workspace.ts'

/** Options that say how the files to be changed are read. */
export const OPENING_OPTIONS = {
  'input-type': READ_OPTIONS['input-type'],
  'decryption-order': READ_OPTIONS['decryption-order'],
  'aws-profile': READ_OPTIONS['aws-profile'],
} as const

/** Options that say for whom they will be, in place of their rules. */
export const RECIPIENT_OPTIONS = {
  age: RULE_OPTIONS.age,
  kms: RULE_OPTIONS.kms,
  'encryption-context': RULE_OPTIONS['encryption-context'],
  'shamir-secret-sharing-threshold': RULE_OPTIONS['shamir-secret-sharing-threshold'],
} as const

/** Options that say which files are changed, and how far. `yes`: what somebody agrees to; `change`: what is shown. */
export function changeOptions({ yes, change = 'change' }: { yes: string; change?: string }) {
  return {
    all: { type: 'boolean', describe: 'all files that the rules manage and git does not ignore' },
    yes: { type: 'boolean', alias: 'y', describe: `answer yes: ${yes}` },
    'dry-run': { type: 'boolean', describe: `show what would ${change}, and change nothing` },
  } as const satisfies Record<string, Options>
}

/** What a command does to each of its files; it opens, changes and writes one under its lock. */
export interface FileSteps<Plan extends { readonly opened: OpenedSource }>
  extends Omit<ChangeSteps<Plan, WrittenFile>, 'plan' | 'apply'> {
  plan(workspace: Workspace, source: SourceFile): Promise<Plan>
  /** Makes the new text. */
  write(workspace: Workspace, plan: Plan): Promise<WrittenFile>
  /** Where the text goes. Absent: in place, and stdin is refused. */
  outputOf?(files: readonly string[]): Output
  /** What else to say when all is done. */
  afterwards?(done: Changed<Plan>['done']): void
}

/**
 * Runs a command of {@link changeOptions}: finds its files, and plans, shows and makes the change as `changeFiles` does.
 * Returns the exit code.
 *
 * @throws KmsfileError `USAGE`, and those of `expandFiles` and `changeFiles`
 */
export async function runChange<Plan extends { readonly opened: OpenedSource }>(
  args: Arguments,
  cli: Cli,
  { plan, write, outputOf, afterwards, ...steps }: FileSteps<Plan>,
): Promise<number | undefined> {
  return withWorkspace(args, cli, async (workspace) => {
    const files = await expandFiles(workspace, filesOf(args), { all: args['all'] === true })
    if (outputOf === undefined && files.includes('-')) throw usage('stdin cannot be changed in place')
    const dryRun = args['dry-run'] === true
    const output: Output = dryRun || outputOf === undefined ? { kind: 'in-place' } : outputOf(files)
    const source = { inputType: textOf(args, 'input-type'), filenameOverride: textOf(args, 'filename-override') }
    const { exitCode, done } = await changeFiles<Plan, WrittenFile>(cli, files, {
      ...steps,
      dryRun,
      yes: args['yes'] === true,
      plan: async (name) => plan(workspace, await readSource(workspace, name, source)),
      apply: async (planned, name) => {
        if (output.kind === 'in-place') {
          return updateFile(workspace, name, async () => {
            await refuseOtherText(workspace, planned.opened.source)
            const result = await write(workspace, planned)
            return { text: result.text, result }
          })
        }
        const result = await write(workspace, planned)
        await put(cli, workspace, { output, name, text: result.text })
        return result
      },
    })
    afterwards?.(done)
    return exitCode
  })
}
