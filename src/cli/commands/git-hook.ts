import { refuses } from '../../git/finding.ts'
import { runHook } from '../../git/hook-run.ts'
import { reportLines } from '../../git/report-text.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { VERSION } from '../version.ts'

export const gitHook: Command = {
  usage: 'git hook <event> [args..]',
  summary: 'Called by git: refuses what would put plaintext into the repository.',
  positionals: {
    event: { type: 'string', describe: 'the hook, as git names it' },
    args: { type: 'string', array: true, describe: 'what git gives the hook' },
  },
  options: {},
  examples: [['kmsfile git hook pre-commit', 'what the hook file runs']],
  async run(args, cli) {
    const rest = (args['args'] as readonly string[] | undefined) ?? []
    const result = await runHook(cli.host, { event: String(args['event']), args: rest, version: VERSION })
    if (result === undefined) return EXIT.ok
    const { findings, occasion, allowed } = result
    if (allowed !== undefined) {
      cli.warn('let pass, this one time: KMSFILE_ALLOW_PLAINTEXT names it', { file: allowed })
    }
    for (const line of reportLines(findings, occasion)) cli.say(line)
    return refuses(findings) ? EXIT.found : EXIT.ok
  },
}
