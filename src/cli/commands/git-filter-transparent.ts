import { KeyUnavailableError, KmsfileError } from '../../errors.ts'
import { startGuard } from '../../git/filters/filter-guard-judge.ts'
import { convertOnce, talkToGit } from '../../git/filters/filter-process.ts'
import { chosenPaths } from '../../git/filters/transparent-chosen.ts'
import { transparentFilter } from '../../git/filters/transparent-filter.ts'
import { trustedWorkspace } from '../../git/trust/trusted-keys.ts'
import { requireRepository } from '../../vcs/repository.ts'
import type { Cli, Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { textOf } from '../flags.ts'
import { guardReporter } from '../guard-report.ts'
import { hintOf, shownName } from '../report.ts'
import { withWorkspace } from '../workspace.ts'

/** What cannot be opened now keeps a checkout in ciphertext, and refuses an add: worth waiting longer than for a diff. */
const LIMIT_MS = 15_000
/** Files that are named one by one, for each reason; a checkout may have thousands. */
const MAX_NAMED = 3

export const gitFilterTransparent: Command = {
  usage: 'git filter-transparent',
  summary: 'Called by git: encrypts files on their way into the repository, and decrypts them on their way out.',
  options: {
    clean: { type: 'string', describe: 'encrypt stdin as the content of this path', requiresArg: true },
    smudge: { type: 'string', describe: 'decrypt stdin as the content of this path', requiresArg: true },
  },
  examples: [['kmsfile git filter-transparent', 'what git runs, once a command']],
  async run(args, cli) {
    const [clean, smudge] = [textOf(args, 'clean'), textOf(args, 'smudge')]
    const { host } = cli
    // As it is stored, since git compares ids.
    const repository = await requireRepository(host, host.cwd, { asStored: true })
    const told = teller(cli)
    // The terminal is that of whoever runs git: nobody is asked.
    const silent = Object.create(host, { terminal: { value: undefined } }) as Cli['host']
    try {
      return await withWorkspace({}, { ...cli, host: silent }, async (workspace) => {
        const trusted = trustedWorkspace(workspace, repository, { limitMs: LIMIT_MS })
        const filter = transparentFilter(trusted, repository, {
          isChosen: await chosenPaths(repository),
          guard: startGuard(repository),
          refuse: guardReporter(cli),
          tell: told.tell,
        })
        try {
          if (clean !== undefined) return (await convertOnce(host, await filter.clean(clean))) ? EXIT.ok : EXIT.found
          if (smudge !== undefined) return (await convertOnce(host, await filter.smudge(smudge))) ? EXIT.ok : EXIT.found
          await talkToGit(host, filter)
          return EXIT.ok
        } finally {
          filter.close()
        }
      })
    } catch (error) {
      if (!(error instanceof KmsfileError) || error.code !== 'INTERRUPTED') throw error
      // Git was stopped, by Ctrl-C or by who read what it printed: no word more about it.
      return EXIT.interrupted
    } finally {
      told.end()
    }
  },
}

/** Says of each file in one line what became of it, and of the many as many. */
function teller(cli: Cli) {
  const counts = new Map<string, number>()
  return {
    tell(what: 'kept' | 'refused', error: KmsfileError): void {
      const count = what === 'kept' ? (counts.get(error.code) ?? 0) + 1 : 0
      if (count > 0) counts.set(error.code, count)
      if (count > MAX_NAMED) return
      const hint = hintOf(error)
      const outcome = what === 'kept' ? 'stays in the work tree as git has it' : 'not added'
      const reason = `${error.message}${attemptsText(error)}${hint === undefined ? '' : ` (${hint})`}`
      cli.warn(`${outcome}: ${reason}`, error.file === undefined ? {} : { file: shownName(error.file) })
    },
    end(): void {
      for (const [code, count] of counts) {
        if (count > MAX_NAMED)
          cli.warn(`${count - MAX_NAMED} more files stay in the work tree as git has them [${code}]`)
      }
    },
  }
}

/** Why no key could open it, each reason once. */
function attemptsText(error: KmsfileError): string {
  if (!(error instanceof KeyUnavailableError)) return ''
  const reasons = [...new Set(error.attempts.map(({ reason }) => reason))]
  return reasons.length === 0 ? '' : `: ${reasons.join('; ')}`
}
