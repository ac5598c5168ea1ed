import { showPatches } from '../git/show/show.ts'
import { hidesValues, TEXTCONV_VARIABLE } from '../git/show/textconv.ts'
import { trustedWorkspace } from '../git/trust/trusted-keys.ts'
import { type GitConfig, isTrue, readGitConfig } from '../vcs/git-config.ts'
import { requireRepository } from '../vcs/repository.ts'
import type { Cli, Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { refuseBoth } from './flags.ts'
import { openPager } from './pager.ts'
import { withWorkspace } from './workspace.ts'

const OPTIONS = {
  values: { type: 'boolean', describe: 'show key by key what changed, with both values, instead of lines' },
  keys: { type: 'boolean', describe: 'name the keys that changed, without values' },
  redacted: { type: 'boolean', describe: 'show no values, although their key is at hand' },
  'no-pager': { type: 'boolean', describe: 'start no pager' },
} as const

/** One of git's commands that print patches, with those of encrypted files made from their values. */
export function viewCommand(command: 'diff' | 'log' | 'show', what: string): Command {
  return {
    usage: `git ${command} [args..]`,
    summary: `${what}, in one process. All other options and arguments are those of git ${command}.`,
    positionals: { args: { type: 'string', array: true, describe: `what git ${command} takes` } },
    options: OPTIONS,
    verbatim: true,
    examples: [],
    async run(args, cli) {
      const words = args['words'] as readonly string[]
      if (words.length === 1 && (words[0] === '--help' || words[0] === '-h')) {
        await cli.out(helpOf(command, what))
        return EXIT.ok
      }
      return view(command, words, cli)
    },
  }
}

function helpOf(command: string, what: string): string {
  const options = Object.entries(OPTIONS).map(([name, { describe }]) => `  --${name.padEnd(12)}${describe}`)
  return `kmsfile git ${command} [options] [args..]\n\n${what}, in one process.\n\n${options.join('\n')}\n\nAll else goes to git ${command}.\n`
}

async function view(command: 'diff' | 'log' | 'show', words: readonly string[], cli: Cli): Promise<number> {
  const { host } = cli
  const repository = await requireRepository(host, host.cwd)
  const config = await readGitConfig(repository)
  const end = words.includes('--') ? words.indexOf('--') : words.length
  const own = words.slice(0, end).filter((word) => isOwn(word))
  refuseBoth(Object.fromEntries(own.map((word) => [word.slice(2), true])), 'keys', 'values')
  const args = words.filter((word, i) => i >= end || !isOwn(word))
  // Whoever looks at a repository does not vouch for it: nobody is asked, and no key service that the user has not used here.
  const silent = Object.create(host, { terminal: { value: undefined } }) as Cli['host']
  return withWorkspace({}, { ...cli, host: silent }, async (workspace) => {
    const hide =
      own.includes('--redacted') ||
      ['redacted', 'off'].includes(host.env[TEXTCONV_VARIABLE] ?? '') ||
      (await hidesValues(workspace))
    const pager = own.includes('--no-pager') ? { write: cli.out, end: async () => {} } : openPager(cli, config)
    try {
      return await showPatches(
        trustedWorkspace(workspace, repository),
        repository,
        { command, args, view: viewOf(own), hide, color: wantsColor(cli, config), config },
        pager.write,
      )
    } catch (error) {
      // A reader that has seen enough.
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
    } finally {
      await pager.end()
    }
    return EXIT.ok
  })
}

function isOwn(word: string): boolean {
  return Object.keys(OPTIONS).some((name) => word === `--${name}`)
}

function viewOf(own: readonly string[]): 'lines' | 'values' | 'keys' {
  if (own.includes('--keys')) return 'keys'
  return own.includes('--values') ? 'values' : 'lines'
}

/** Git cannot know that its output ends on a terminal. */
function wantsColor({ host }: Cli, config: GitConfig): boolean {
  if (host.stdout.isTTY !== true || host.env['NO_COLOR'] || host.env['TERM'] === 'dumb') return false
  const value = config.get('color.diff')?.value ?? config.get('color.ui')?.value ?? 'auto'
  return /^(?:auto|always)$/i.test(value) || isTrue(value)
}
