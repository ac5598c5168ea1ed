import { parsePath, printPath } from '../../core/path.ts'
import { detectFormat } from '../../formats/detect.ts'
import { decrypt } from '../../operations/decrypt.ts'
import { readSource } from '../../operations/secrets-file.ts'
import { type Command, READ_OPTIONS } from '../command.ts'
import { textOf } from '../flags.ts'
import { withWorkspace } from '../workspace.ts'

export const get: Command = {
  usage: 'get <file> <path>',
  summary: 'Print one value: a text as it is, a map or a list in the format of the file.',
  positionals: {
    file: { type: 'string', describe: 'a file, or - for stdin' },
    path: { type: 'string', describe: 'a.b[0], or ["a"]["b"][0]; . is the whole file' },
  },
  options: {
    ...READ_OPTIONS,
    'output-type': { type: 'string', describe: 'format to print maps and lists in: yaml or json', requiresArg: true },
  },
  examples: [
    ['kmsfile get secrets/prod.yaml db.password', 'print it; a line break follows on a terminal only'],
    ['kmsfile get --json secrets/prod.yaml db', 'print an object with its path and its value'],
  ],
  run: (args, cli) =>
    withWorkspace(args, cli, async (workspace) => {
      const extract = parsePath(String(args['path']))
      const outputType = textOf(args, 'output-type')
      const format = cli.json ? 'json' : outputType
      const source = await readSource(workspace, String(args['file']), {
        inputType: textOf(args, 'input-type'),
        filenameOverride: textOf(args, 'filename-override'),
      })
      const { text, bare } = await decrypt(workspace, source, {
        extract,
        outputFormat: format === undefined ? undefined : detectFormat('', format),
        spelled: cli.json,
      })
      if (cli.json) {
        // Not parsed and printed again: a number may have more digits than JavaScript keeps.
        await cli.out(`{"path":${JSON.stringify(printPath(extract))},"value":${onOneLine(text)}}\n`)
        return undefined
      }
      await cli.out(bare && cli.host.stdout.isTTY === true ? `${text}\n` : text)
      return undefined
    }),
}

/** JSON without the white space between its tokens. */
function onOneLine(json: string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, quoted = '') => quoted)
}
