import { KmsfileError } from '../../errors.ts'
import { runFilterOnce, runFilterProcess } from '../../git/filters/filter-guard.ts'
import { startGuard } from '../../git/filters/filter-guard-judge.ts'
import { requireRepository } from '../../vcs/repository.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { textOf } from '../flags.ts'
import { guardReporter } from '../guard-report.ts'

export const gitFilterGuard: Command = {
  usage: 'git filter-guard',
  summary: 'Called by git: lets files into the repository as they are, unless they are plaintext where none may be.',
  options: {
    clean: {
      type: 'string',
      describe:
        'judge stdin as the content of this path, and print it if nothing is wrong; for tools without filter processes',
      requiresArg: true,
    },
  },
  examples: [['kmsfile git filter-guard', 'what git runs, once a command']],
  async run(args, cli) {
    const path = textOf(args, 'clean')
    const guard = startGuard(await requireRepository(cli.host, cli.host.cwd))
    const options = { guard, refuse: guardReporter(cli) }
    try {
      if (path === undefined) {
        await runFilterProcess(cli.host, options)
        return EXIT.ok
      }
      return (await runFilterOnce(cli.host, path, options)) ? EXIT.ok : EXIT.found
    } catch (error) {
      if (!(error instanceof KmsfileError) || error.code !== 'INTERRUPTED') throw error
      // Git was stopped, by Ctrl-C or by who read what it printed: no word more about it.
      return EXIT.interrupted
    } finally {
      guard.close()
    }
  },
}
