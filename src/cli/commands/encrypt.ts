import { printPath } from '../../core/path.ts'
import { DEFAULT_SELECTOR } from '../../core/selection.ts'
import { type EncryptResult, encrypt as encryptFile } from '../../operations/encrypt.ts'
import { readSource, refuseTransparent, updateFile } from '../../operations/secrets-file.ts'
import type { Workspace } from '../../operations/workspace.ts'
import { selectorText } from '../change-lines.ts'
import { type Cli, type Command, READ_OPTIONS, RULE_OPTIONS } from '../command.ts'
import { expandFiles } from '../file-arguments.ts'
import { filesOf, textOf } from '../flags.ts'
import { groupsLabel } from '../key-names.ts'
import { OUTPUT_OPTIONS, outputOf, put } from '../output.ts'
import { mapWithProgress } from '../progress.ts'
import { shownName } from '../report.ts'
import { counted } from '../words.ts'
import { withWorkspace } from '../workspace.ts'

export const encrypt: Command = {
  usage: 'encrypt [files..]',
  summary: 'Encrypt the values of files for the keys of their rules; keys, comments and layout stay.',
  positionals: { files: { type: 'string', array: true, describe: 'files, folders, or - for stdin' } },
  options: {
    ...OUTPUT_OPTIONS,
    ...READ_OPTIONS,
    ...RULE_OPTIONS,
    previous: {
      type: 'string',
      describe:
        'version before, whose unchanged values keep their bytes; by default that of HEAD (--no-previous: none)',
    },
    all: { type: 'boolean', describe: 'all files that the rules manage and git does not ignore' },
  },
  examples: [
    ['kmsfile encrypt -i secrets/prod.yaml', 'encrypt a file, or what somebody added to it by hand'],
    ['kmsfile encrypt --age age1qz... - --filename-override a.yaml < a.yaml', 'encrypt stdin for one recipient'],
  ],
  run: (args, cli) =>
    withWorkspace(args, cli, async (workspace) => {
      const files = await expandFiles(workspace, filesOf(args), { all: args['all'] === true })
      const output = outputOf(args, files)
      const previous = args['previous'] === false ? false : textOf(args, 'previous')
      const one = async (name: string) => {
        const source = await readSource(workspace, name, {
          inputType: textOf(args, 'input-type'),
          filenameOverride: textOf(args, 'filename-override'),
        })
        if (output.kind === 'in-place' && !source.text.includes('ENC[')) await refuseTransparent(workspace, source.path)
        return encryptFile(workspace, source, { previous })
      }
      const encryptOne = async (name: string) => {
        if (output.kind === 'in-place') {
          return updateFile(workspace, name, async () => {
            const result = await one(name)
            return { text: result.text, result }
          })
        }
        const result = await one(name)
        await put(cli, workspace, { output, name, text: result.text })
        return result
      }
      const results = await mapWithProgress(cli, files, { doing: 'encrypting', work: encryptOne })
      if (cli.json && output.kind !== 'stdout') {
        const fields = ({ encrypted, kept, readable, whole, added }: EncryptResult) => ({
          encrypted,
          kept,
          readable,
          whole: whole !== undefined,
          added: added.map(printPath),
        })
        await cli.outJson({ files: results.map((result, i) => ({ file: files[i], ...fields(result) })) })
      }
      for (const [i, name] of files.entries()) await tell(cli, workspace, name, results[i] as EncryptResult)
      return undefined
    }),
}

async function tell(cli: Cli, workspace: Workspace, name: string, result: EncryptResult): Promise<void> {
  const { encrypted, readable, whole, added, kept } = result
  if (whole !== undefined) {
    cli.warn(`encrypted as one value, keys and all: ${whole}`, { file: name })
    return
  }
  if (added.length > 0) {
    cli.say(
      `${shownName(name)}: ${added.map(printPath).join(', ')} encrypted, ${counted(kept, 'value')} kept their bytes`,
    )
    return
  }
  const selector =
    workspace.flags.selector ??
    (await workspace.config.ruleIfAny(name === '-' ? 'stdin' : name))?.selector ??
    DEFAULT_SELECTOR
  if (encrypted === 0 && readable > 0) {
    cli.warn(`nothing is encrypted: ${selectorText(selector)} takes no value`, {
      file: name,
    })
    return
  }
  const parts = [
    `${counted(encrypted, 'value')} encrypted for ${await keyNames(workspace, name)}`,
    ...(kept > 0 ? [`${kept} kept their bytes`] : []),
    ...(readable > 0 ? [`${readable} left readable (${selector.text})`] : []),
  ]
  cli.say(`${shownName(name)}: ${parts.join(', ')}`)
}

async function keyNames(workspace: Workspace, name: string): Promise<string> {
  const rule = await workspace.config.ruleIfAny(name)
  const groups = workspace.flags.keys === undefined ? (rule?.groups ?? []) : [workspace.flags.keys]
  return groupsLabel(groups, { names: rule?.names, threshold: rule?.threshold })
}
