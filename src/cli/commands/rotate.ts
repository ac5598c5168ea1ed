import { masterKeyName } from '../../core/master-key.ts'
import { wholeValue } from '../../operations/restore.ts'
import { planRotation, type Rotation, rotate as rotateFile } from '../../operations/rotate.ts'
import { sameSelector } from '../../operations/update-keys.ts'
import type { WrittenFile } from '../../operations/write-secrets.ts'
import { changeOptions, RECIPIENT_OPTIONS, runChange } from '../change-command.ts'
import { recipientConcerns, recipientData, recipientLines, selectorText } from '../change-lines.ts'
import { type Arguments, type Cli, type Command, READ_OPTIONS } from '../command.ts'
import { keysOf, refuseBoth, usage } from '../flags.ts'
import { groupsLabel } from '../key-names.ts'
import { OUTPUT_OPTIONS, type Output, outputOf } from '../output.ts'
import { shownName } from '../report.ts'
import { counted } from '../words.ts'

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
    ...RECIPIENT_OPTIONS,
    'add-age': listOf('age recipients to add'),
    'rm-age': listOf('age recipients to leave out'),
    'add-kms': listOf('AWS KMS keys to add'),
    'rm-kms': listOf('AWS KMS keys to leave out'),
    ...changeOptions({ yes: 'the file is for other keys than before' }),
  },
  examples: [
    ['kmsfile rotate -i secrets/prod.yaml', 'a new data key, after somebody left'],
    ['kmsfile rotate -i --all', 'for everything that the rules manage'],
  ],
  async run(args, cli) {
    const options = { add: changedKeys(args, 'add'), remove: changedKeys(args, 'rm') }
    return runChange<Rotation>(args, cli, {
      outputOf: (files) => outputFor(args, cli, files),
      plan: (workspace, source) => planRotation(workspace, source, options),
      describe: (plan, name) => describe(plan, name, cli),
      isNeeded: () => true,
      concerns: ({ recipients, target }) => recipientConcerns(recipients, { names: target.names, losses: true }),
      write: rotateFile,
      tell: (plan, name, result) => tell(cli, name, { plan, result }),
      data,
      afterwards: (done) => tellOfVersions(cli, done.length),
    })
  },
}

function outputFor(args: Arguments, cli: Cli, files: readonly string[]): Output {
  const output = outputOf(args, files)
  if (cli.json && output.kind === 'stdout') {
    throw usage('--json and the file cannot both go to stdout', 'add --in-place, --output or --output-dir')
  }
  return output
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
      ...(name !== '-' && { hint: `kmsfile updatekeys ${name}` }),
    })
  }
  const lines = recipientLines(recipients, { names: target.names, unconfirmed: file.recipients === 'changed' })
  return lines.length === 0 ? [] : [`${shownName(name)}:`, ...lines.map((line) => `  ${line}`)]
}

function tell(cli: Cli, name: string, { plan, result }: { plan: Rotation; result: WrittenFile }): void {
  const { groups, threshold, names } = plan.target
  const values = `${counted(result.encrypted, 'value')} encrypted anew for ${groupsLabel(groups, { names, threshold })}`
  cli.say(`${shownName(name)}: new data key, ${values}`)
  if (result.whole !== undefined) cli.warn(`encrypted as one value, keys and all: ${result.whole}`, { file: name })
}

function tellOfVersions(cli: Cli, rotated: number): void {
  if (rotated === 0) return
  cli.say('note: whoever could open the versions before still has their values: change them at their source')
}

function data({ target, recipients }: Rotation, result: WrittenFile | undefined) {
  return {
    keys: target.groups.map((group) => group.map(masterKeyName)),
    ...recipientData(recipients, target.names),
    ...(result !== undefined && { encrypted: result.encrypted, readable: result.readable }),
  }
}
