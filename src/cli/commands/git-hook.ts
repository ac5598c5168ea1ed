import { refuses } from '../../git/check/finding.ts'
import { reportLines } from '../../git/check/report-text.ts'
import { runHook } from '../../git/hooks/hook-run.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { VERSION } from '../version.ts'

export const gitHook: Command = {
  usage: 'git hook <words..>',
  summary: 'Called by git: refuses what would put plaintext into the repository.',
  positionals: { words: { type: 'string', array: true, describe: 'the hook, as git names it, and what git gives it' } },
  options: {},
  // A remote may be called --help.
  verbatim: true,
  examples: [['kmsfile git hook pre-commit', 'what the hook file runs']],
  async run(args, cli) {
    const [event = '', ...rest] = args['words'] as readonly string[]
    const result = await runHook(cli.host, { event, args: rest, version: VERSION })
    if (result === undefined) return EXIT.ok
    const { findings, occasion, allowed } = result
    if (allowed !== undefined) {
      cli.warn('let pass, this one time: KMSFILE_ALLOW_PLAINTEXT names it', { file: allowed })
    }
    for (const line of reportLines(findings, occasion)) cli.say(line)
    return refuses(findings) ? EXIT.found : EXIT.ok
  },
}
