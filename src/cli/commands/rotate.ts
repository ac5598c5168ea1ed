import { masterKeyName } from '../../core/master-key.ts'
import { wholeValue } from '../../operations/restore.ts'
import { planRotation, type Rotation, rotate as rotateFile } from '../../operations/rotate.ts'
import { readSource, updateFile } from '../../operations/secrets-file.ts'
import { sameSelector } from '../../operations/update-keys.ts'
import type { Workspace } from '../../operations/workspace.ts'
import type { WrittenFile } from '../../operations/write-secrets.ts'
import { recipientConcerns, recipientData, recipientLines, selectorText } from '../change-lines.ts'
import { type Arguments, type Cli, type Command, READ_OPTIONS, RULE_OPTIONS } from '../command.ts'
import { expandFiles } from '../file-arguments.ts'
import { filesOf, keysOf, refuseBoth, textOf, usage } from '../flags.ts'
import { groupsLabel } from '../key-names.ts'
import { OUTPUT_OPTIONS, type Output, outputOf, put } from '../output.ts'
import { changeFiles, refuseOtherText } from '../planned-changes.ts'
import { counted } from '../words.ts'
import { withWorkspace } from '../workspace.ts'

const { 'ignore-mac': _, ...readOptions } = READ_OPTIONS
const listOf = (what: string) =>
  ({ type: 'string', describe: `where no rule says who: ${what}`, requiresArg: true }) as const

export const rotate: Command = {
  usage: 'rotate [files..]',
  summary: 'Give files a new data key and encrypt everything anew, for the keys of their rules.',
  positionals: { files: { type: 'string', array: true, describe: 'files, folders, or - for stdin' } },
  options: {
    ...OUTPUT_OPTIONS,
    ...readOptions,
    age: RULE_OPTIONS.age,
    kms: RULE_OPTIONS.kms,
    'encryption-context': RULE_OPTIONS['encryption-context'],
    'shamir-secret-sharing-threshold': RULE_OPTIONS['shamir-secret-sharing-threshold'],
    'add-age': listOf('age recipients to add'),
    'rm-age': listOf('age recipients to leave out'),
    'add-kms': listOf('AWS KMS keys to add'),
    'rm-kms': listOf('AWS KMS keys to leave out'),
    all: { type: 'boolean', describe: 'all files that the rules manage and git does not ignore' },
    yes: { type: 'boolean', alias: 'y', describe: 'answer yes: the file is for other keys than before' },
    'dry-run': { type: 'boolean', describe: 'show what would change, and change nothing' },
  },
  examples: [
    ['kmsfile rotate -i secrets/prod.yaml', 'a new data key, after somebody left'],
    ['kmsfile rotate -i --all', 'for everything that the rules manage'],
  ],
  run: (args, cli) =>
    withWorkspace(args, cli, async (workspace) => {
      const files = await expandFiles(workspace, filesOf(args), { all: args['all'] === true })
      const dryRun = args['dry-run'] === true
      const output = dryRun ? undefined : outputOf(args, files)
      if (cli.json && output?.kind === 'stdout') {
        throw usage('--json and the file cannot both go to stdout', 'add --in-place, --output or --output-dir')
      }
      const options = { add: changedKeys(args, 'add'), remove: changedKeys(args, 'rm') }
      const source = { inputType: textOf(args, 'input-type'), filenameOverride: textOf(args, 'filename-override') }
      const { exitCode, done } = await changeFiles<Rotation, WrittenFile>(cli, files, {
        dryRun,
        yes: args['yes'] === true,
        plan: async (name) => planRotation(workspace, await readSource(workspace, name, source), options),
        describe: (plan, name) => describe(plan, name, cli),
        isNeeded: () => true,
        concerns: ({ recipients, target }) => recipientConcerns(recipients, { names: target.names, losses: true }),
        apply: (plan, name) => write(cli, workspace, { plan, name, output }),
        tell: (plan, name, result) => tell(cli, name, { plan, result }),
        data,
      })
      if (done.length > 0) {
        cli.say('note: whoever could open the versions before still has their values: change them at their source')
      }
      return exitCode
    }),
}

function changedKeys(args: Arguments, verb: 'add' | 'rm') {
  for (const service of ['age', 'kms']) refuseBoth(args, `add-${service}`, service)
  return [...keysOf(args, 'age', { option: `${verb}-age` }), ...keysOf(args, 'kms', { option: `${verb}-kms` })]
}

function describe({ opened, target, recipients }: Rotation, name: string, cli: Cli): readonly string[] {
  const { file, rule } = opened
  const { selector } = file.envelope
  const isWhole = wholeValue(file.scanned.documents) !== undefined
  if (rule !== undefined && !isWhole && !sameSelector(rule.selector, selector)) {
    cli.warn(`its selector is ${selectorText(selector)}, that of its rule ${selectorText(rule.selector)}`, {
      file: name,
      hint: `kmsfile updatekeys ${name}`,
    })
  }
  const lines = recipientLines(recipients, { names: target.names, unconfirmed: file.recipients === 'changed' })
  return lines.length === 0 ? [] : [`${name}:`, ...lines.map((line) => `  ${line}`)]
}

async function write(
  cli: Cli,
  workspace: Workspace,
  { plan, name, output }: { plan: Rotation; name: string; output: Output | undefined },
): Promise<WrittenFile> {
  if (output?.kind === 'in-place') {
    return updateFile(workspace, name, async () => {
      await refuseOtherText(workspace, plan.opened.source)
      const result = await rotateFile(workspace, plan)
      return { text: result.text, result }
    })
  }
  const result = await rotateFile(workspace, plan)
  if (output !== undefined) await put(cli, workspace, { output, name, text: result.text })
  return result
}

function tell(cli: Cli, name: string, { plan, result }: { plan: Rotation; result: WrittenFile }): void {
  const { groups, threshold, names } = plan.target
  const values = `${counted(result.encrypted, 'value')} encrypted anew for ${groupsLabel(groups, { names, threshold })}`
  cli.say(`${name}: new data key, ${values}`)
  if (result.whole !== undefined) cli.warn(`encrypted as one value, keys and all: ${result.whole}`, { file: name })
}

function data({ target, recipients }: Rotation, result: WrittenFile | undefined) {
  return {
    keys: target.groups.map((group) => group.map(masterKeyName)),
    ...recipientData(recipients, target.names),
    ...(result !== undefined && { encrypted: result.encrypted, readable: result.readable }),
  }
}
