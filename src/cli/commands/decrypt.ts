import { parsePath } from '../../core/path.ts'
import { KmsfileError } from '../../errors.ts'
import { detectFormat } from '../../formats/detect.ts'
import { decrypt as decryptFile } from '../../operations/decrypt.ts'
import { readSource, updateFile } from '../../operations/secrets-file.ts'
import type { Workspace } from '../../operations/workspace.ts'
import { type Command, READ_OPTIONS } from '../command.ts'
import { confirm } from '../confirm.ts'
import { expandFiles } from '../file-arguments.ts'
import { filesOf, refuseBoth, textOf } from '../flags.ts'
import { OUTPUT_OPTIONS, outputOf, put } from '../output.ts'
import { mapWithProgress } from '../progress.ts'
import { withWorkspace } from '../workspace.ts'

export const decrypt: Command = {
  usage: 'decrypt [files..]',
  summary: 'Print files with their values. The result is the original, byte for byte.',
  positionals: { files: { type: 'string', array: true, describe: 'files, folders, or - for stdin' } },
  options: {
    ...OUTPUT_OPTIONS,
    ...READ_OPTIONS,
    'output-type': { type: 'string', describe: 'format to print: yaml or json', requiresArg: true },
    extract: { type: 'string', describe: 'print one value: ["a"]["b"][0] or a.b[0]', requiresArg: true },
    all: { type: 'boolean', describe: 'all files that the rules manage and git does not ignore' },
    yes: { type: 'boolean', alias: 'y', describe: 'answer yes: plaintext may lie where the rules want none' },
  },
  examples: [
    ['kmsfile decrypt secrets/prod.yaml', 'print it'],
    ['kmsfile decrypt --extract db.password secrets/prod.yaml', 'print one value'],
    ['kmsfile decrypt --output-dir /run/secrets secrets/', 'write what the rules manage below a folder elsewhere'],
  ],
  run: (args, cli) =>
    withWorkspace(args, cli, async (workspace) => {
      refuseBoth(args, 'extract', 'in-place')
      const files = await expandFiles(workspace, filesOf(args), { all: args['all'] === true })
      const output = outputOf(args, files)
      const outputType = textOf(args, 'output-type')
      const extract = textOf(args, 'extract')
      const options = {
        outputFormat: outputType === undefined ? undefined : detectFormat('', outputType),
        extract: extract === undefined ? undefined : parsePath(extract),
      }
      const one = async (name: string) => {
        const source = await readSource(workspace, name, {
          inputType: textOf(args, 'input-type'),
          filenameOverride: textOf(args, 'filename-override'),
        })
        return decryptFile(workspace, source, options)
      }
      if (output.kind === 'in-place') {
        await allowPlaintext(workspace, files, { yes: args['yes'] === true })
        const inPlace = (name: string) =>
          updateFile(workspace, name, async () => ({ text: (await one(name)).text, result: undefined }))
        await mapWithProgress(cli, files, { doing: 'decrypting', work: inPlace })
        for (const name of files) cli.say(`${name}: decrypted`)
        return undefined
      }
      const elsewhere = async (name: string) => {
        const { text, bare } = await one(name)
        const ended = bare && output.kind === 'stdout' && cli.host.stdout.isTTY === true ? `${text}\n` : text
        await put(cli, workspace, { output, name, text: ended })
      }
      await mapWithProgress(cli, files, { doing: 'decrypting', work: elsewhere })
      return undefined
    }),
}

/** Plaintext in the place of a secret is one `git add` away from everybody. */
async function allowPlaintext(workspace: Workspace, files: readonly string[], { yes }: { yes: boolean }) {
  const managed: string[] = []
  for (const file of files) if (await workspace.config.manages(file)) managed.push(file)
  if (managed.length === 0 || yes) return
  const question = `The rules want ${managed.join(', ')} encrypted. Put the plaintext there all the same?`
  if (await confirm(workspace.host, question, { flag: '--yes' })) return
  throw new KmsfileError('nothing was changed', { code: 'USAGE', hint: 'write it elsewhere with --output FILE' })
}
