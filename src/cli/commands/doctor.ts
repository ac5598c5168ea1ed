import { join } from 'node:path'
import { configFinder } from '../../config/find.ts'
import { checkGit } from '../../git/install/doctor-git.ts'
import { doctor as examine, withoutRepeats } from '../../operations/doctor.ts'
import type { Check } from '../../operations/doctor-check.ts'
import { type Cli, type Command, READ_OPTIONS } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { textOf } from '../flags.ts'
import { escaped } from '../report.ts'
import { VERSION } from '../version.ts'
import { counted } from '../words.ts'
import { withWorkspace } from '../workspace.ts'

export const doctor: Command = {
  usage: 'doctor',
  summary:
    'Look for what is missing or wrong on this machine and in this repository. Ends with 1 if there is a problem.',
  options: {
    online: { type: 'boolean', describe: 'have the AWS KMS keys of the rules wrap and unwrap a throw-away data key' },
    'aws-profile': READ_OPTIONS['aws-profile'],
  },
  examples: [
    ['kmsfile doctor', 'without asking anybody'],
    ['kmsfile doctor --online', 'whether AWS lets you use the keys of the rules'],
  ],
  run: (args, cli) =>
    withWorkspace(args, cli, async (workspace) => {
      // A finder of its own: its warnings are among the checks, not beside them.
      const config = configFinder({ host: cli.host, config: textOf(args, 'config') })
      const online = args['online'] === true
      const examined = await examine({ ...workspace, config }, { version: VERSION, online })
      const repository = await workspace.repository(join(cli.host.cwd, 'x'))
      const git = repository === undefined ? [] : await checkGit(cli.host, repository, { version: VERSION })
      const checks = withoutRepeats([...examined, ...git])
      const [warnings, problems] = (['warning', 'problem'] as const).map(
        (state) => checks.filter((check) => check.state === state).length,
      )
      if (cli.json) await cli.outJson({ checks, warnings, problems })
      else await print(cli, checks)
      cli.say(
        `${counted(checks.length, 'check')}: ${counted(problems ?? 0, 'problem')}, ${counted(warnings ?? 0, 'warning')}`,
      )
      return problems === 0 ? EXIT.ok : EXIT.found
    }),
}

/**
 * The output of `--json` is `{"checks": [{about, state, message, hint?}], "warnings": NUMBER, "problems": NUMBER}`, with
 * `state` `ok`, `warning` or `problem`, and `about` one of `Check`'s.
 */
async function print(cli: Cli, checks: readonly Check[]): Promise<void> {
  const lines = checks.flatMap(({ state, message, hint }) => [
    `${state.padEnd(8)} ${message}`,
    ...(hint === undefined ? [] : [`${' '.repeat(9)}${hint}`]),
  ])
  await cli.out(lines.map((line) => `${escaped(shortened(line))}\n`).join(''))
}

/** Recipients as talk shows them; one that is to be sent to somebody stays whole. */
function shortened(line: string): string {
  return /your recipient: /.test(line)
    ? line
    : line.replace(/\b(age1[a-z0-9]{2})[a-z0-9]{40,}([a-z0-9]{4})\b/g, '$1...$2')
}
