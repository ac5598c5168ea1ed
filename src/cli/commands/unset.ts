import { parsePath } from '../../core/path.ts'
import { changeValue } from '../../operations/set.ts'
import { type Command, READ_OPTIONS } from '../command.ts'
import { textOf } from '../flags.ts'
import { tellChange } from '../value-change.ts'
import { withWorkspace } from '../workspace.ts'

export const unset: Command = {
  usage: 'unset <file> <path>',
  summary: 'Remove one value, be it a map or a list; everything else keeps its bytes.',
  positionals: {
    file: { type: 'string', describe: 'a file' },
    path: { type: 'string', describe: 'a.b[0], or ["a"]["b"][0]' },
  },
  options: {
    idempotent: { type: 'boolean', describe: 'say nothing where there is no such value' },
    ...READ_OPTIONS,
  },
  examples: [['kmsfile unset secrets/prod.yaml db.old_password', 'remove it']],
  run: (args, cli) =>
    withWorkspace(args, cli, async (workspace) => {
      const file = String(args['file'])
      const path = parsePath(String(args['path']))
      const result = await changeValue(workspace, file, {
        path,
        value: undefined,
        idempotent: args['idempotent'] === true,
        inputType: textOf(args, 'input-type'),
        filenameOverride: textOf(args, 'filename-override'),
      })
      await tellChange(cli, { file, path, result })
      return undefined
    }),
}
