import { resolve } from 'node:path'
import { requireRepository } from '../../vcs/repository.ts'
import { type Command, READ_OPTIONS } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { filesOf } from '../flags.ts'
import { resolveFile } from '../resolve-files.ts'
import { withWorkspace } from '../workspace.ts'

export const gitMergetool: Command = {
  usage: 'git mergetool <files..>',
  summary:
    'Resolves one merge for `git mergetool`, which stages the file where that succeeds. Of several files the last one counts: BASE LOCAL REMOTE MERGED.',
  positionals: {
    files: { type: 'string', array: true, describe: 'what git mergetool passes; the last is the file in conflict' },
  },
  options: {
    'decryption-order': READ_OPTIONS['decryption-order'],
    'aws-profile': READ_OPTIONS['aws-profile'],
  },
  examples: [['git mergetool --tool=kmsfile', 'after a merge with conflicts']],
  run: (args, cli) =>
    withWorkspace(args, cli, async (workspace) => {
      // Copies of the versions lie beside the file. The index has them, too, and nobody can have changed those.
      const name = filesOf(args).at(-1) ?? ''
      const repository = await requireRepository(cli.host, resolve(cli.host.cwd, name))
      const answers = { side: undefined, paths: new Map() } as const
      const { outcome } = await resolveFile(workspace, cli, { name, repository, answers, overwrite: false })
      return outcome === 'left' ? EXIT.found : EXIT.ok
    }),
}
