import { KmsfileError } from '../../errors.ts'
import { type DriverCall, driverMessage, mergeForGit } from '../../git/merge/merge-driver.ts'
import { trustedWorkspace } from '../../git/trust/trusted-keys.ts'
import type { Cli, Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { escaped, reportError } from '../report.ts'
import { withWorkspace } from '../workspace.ts'

/** Longer than for a diff: somebody merges once, and what cannot be opened now has to be merged by hand. */
const LIMIT_MS = 15_000

/**
 * Called by git: `kmsfile git merge-driver %O %A %B %L %P %S %X %Y`. Whatever goes wrong, the exit code is 1 and our version
 * stays: beyond 128, git from 2.42 on gives up the whole merge.
 */
export const gitMergeDriver: Command = {
  usage: 'git merge-driver <words..>',
  summary: 'Merges three encrypted versions of a file; git calls it.',
  positionals: { words: { type: 'string', array: true, describe: 'what git puts in for %O %A %B %L %P %S %X %Y' } },
  options: {},
  verbatim: true,
  examples: [],
  async run(args, cli) {
    try {
      return await merge(callOf(args['words'] as readonly string[]), cli)
    } catch (error) {
      reportError(error, cli.host, { json: false, color: cli.color })
      return EXIT.found
    }
  },
}

function callOf(words: readonly string[]): DriverCall {
  const [base, ours, theirs, markerSize, path, baseLabel, oursLabel, theirsLabel] = words
  if (base === undefined || ours === undefined || theirs === undefined || markerSize === undefined) throw tooFew()
  if (path === undefined) throw tooFew()
  const labels = { base: baseLabel, ours: oursLabel, theirs: theirsLabel }
  return { files: { base, ours, theirs }, markerSize, path, labels }
}

function tooFew(): KmsfileError {
  return new KmsfileError('git merge-driver needs what git puts in for %O %A %B %L %P', {
    code: 'USAGE',
    hint: 'set up git to call it: kmsfile git install',
  })
}

async function merge(call: DriverCall, cli: Cli): Promise<number> {
  // Nobody is asked: stdin and the terminal are those of whoever runs git. Nor is anybody told about configurations, at
  // each of fifty picks.
  const quiet: Cli = { ...cli, host: { ...cli.host, terminal: undefined }, warn: () => {} }
  return withWorkspace({}, quiet, async (workspace) => {
    const repository = await workspace.repository(cli.host.cwd)
    const trusted = trustedWorkspace(workspace, repository, { limitMs: LIMIT_MS })
    const outcome = await mergeForGit({ ...trusted, warn: cli.warn }, call)
    const message = driverMessage(call, outcome)
    if (message !== undefined) cli.host.stderr.write(`kmsfile: ${escaped(message)}\n`)
    if (outcome.kind === 'lines') return outcome.conflicts
    return outcome.kind === 'merged' ? EXIT.ok : EXIT.found
  })
}
