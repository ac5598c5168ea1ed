import { resolve } from 'node:path'
import { KmsfileError } from '../../errors.ts'
import { unmergedPaths } from '../../git/merge/resolve-versions.ts'
import { shellWord } from '../../host/shell-words.ts'
import { requireRepository } from '../../vcs/repository.ts'
import { type Cli, type Command, READ_OPTIONS } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { filesOf, refuseBoth } from '../flags.ts'
import { reportError } from '../report.ts'
import { type ResolvedFile, resolveFile } from '../resolve-files.ts'
import { pathAnswers } from '../resolve-questions.ts'
import { withWorkspace } from '../workspace.ts'

export const gitResolve: Command = {
  usage: 'git resolve [files..]',
  summary:
    'Resolves merges of encrypted files, value by value: the versions that git has are verified and merged again, whatever the file says.',
  positionals: {
    files: { type: 'string', array: true, describe: 'files in conflict; without any, all that are unmerged' },
  },
  options: {
    ours: { type: 'boolean', describe: 'take our version wherever both sides changed something' },
    theirs: { type: 'boolean', describe: 'take their version there' },
    path: {
      type: 'string',
      array: true,
      describe: 'take one version at a path and below it: KEY=ours, KEY=theirs; may be repeated',
      requiresArg: true,
    },
    yes: { type: 'boolean', alias: 'y', describe: 'write over what was changed in a file since it was merged' },
    'decryption-order': READ_OPTIONS['decryption-order'],
    'aws-profile': READ_OPTIONS['aws-profile'],
  },
  examples: [
    ['kmsfile git resolve secrets/prod.yaml', 'be asked about each value that both sides changed'],
    ['kmsfile git resolve --path db.password=theirs --ours secrets/prod.yaml', 'decide without being asked'],
  ],
  run: (args, cli) =>
    withWorkspace(args, cli, async (workspace) => {
      refuseBoth(args, 'ours', 'theirs')
      const { cwd } = cli.host
      const [first = cwd] = filesOf(args)
      const repository = await requireRepository(cli.host, resolve(cwd, first))
      const named = filesOf(args)
      const files =
        named.length > 0 ? named : (await unmergedPaths(repository)).map((path) => resolve(repository.topLevel, path))
      const side = args['ours'] === true ? 'ours' : args['theirs'] === true ? 'theirs' : undefined
      const answers = { side, paths: pathAnswers([args['path'] ?? []].flat().map(String)) } as const
      const options = { repository, answers, overwrite: args['yes'] === true }
      const results: ResolvedFile[] = []
      const failures: KmsfileError[] = []
      for (const name of files) {
        try {
          results.push(await resolveFile(workspace, cli, { name, ...options }))
        } catch (error) {
          const isFatal = !(error instanceof KmsfileError) || error.code === 'INTERRUPTED'
          if (named.length > 0 || isFatal) throw error
          // What nobody named does not keep the others from being resolved; what is not encrypted is none of our business.
          if (!isForeign(error)) failures.push(error)
        }
      }
      if (files.length === 0) cli.say('nothing is unmerged')
      await tell(cli, results)
      if (failures.length > 0) {
        for (const error of failures.slice(1)) reportError(error, cli.host, { json: cli.json, color: cli.color })
        throw failures[0]
      }
      return results.some(({ outcome }) => outcome === 'left') ? EXIT.found : EXIT.ok
    }),
}

async function tell(cli: Cli, results: readonly ResolvedFile[]): Promise<void> {
  if (cli.json) await cli.outJson({ files: results })
  const done = results.filter(({ outcome }) => outcome === 'resolved').map(({ file }) => file)
  if (done.length > 0) cli.say(`next: git add ${done.map(shellWord).join(' ')}`)
}

function isForeign(error: KmsfileError): boolean {
  return error.code === 'FILE_NOT_ENCRYPTED' || error.code === 'FORMAT_UNSUPPORTED'
}
