import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { textconv } from '../../git/show/textconv.ts'
import { trustedWorkspace } from '../../git/trust/trusted-keys.ts'
import type { Cli, Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { withWorkspace } from '../workspace.ts'

/** For everything together: whoever looks at a log has not asked for this file in particular. */
const LIMIT_MS = 3000

/**
 * Called by git for its diffs: `kmsfile git textconv FILE`. Git ends in the middle of its log where it fails, so it never does:
 * what cannot be shown otherwise is shown as it is.
 */
export const gitTextconv: Command = {
  usage: 'git textconv <file>',
  summary: 'Prints an encrypted file as git is to compare it; git calls it.',
  positionals: { file: { type: 'string', describe: 'what git passes' } },
  options: {},
  verbatim: true,
  examples: [],
  async run(args, cli) {
    const [file = ''] = args['words'] as readonly string[]
    try {
      await cli.out(await converted(file, cli))
    } catch {
      await copy(resolve(cli.host.cwd, file), cli)
    }
    return EXIT.ok
  },
}

async function converted(file: string, cli: Cli): Promise<string | Uint8Array> {
  const { host } = cli
  const signal = AbortSignal.any([host.signal, AbortSignal.timeout(LIMIT_MS)])
  // Nobody is asked, and nothing is said: the terminal is that of whoever reads the log.
  const quiet: Cli = { ...cli, host: silent(host, signal), warn: () => {}, say: () => {} }
  return withWorkspace({}, quiet, async (workspace) => {
    const repository = await workspace.repository(host.cwd)
    return textconv(trustedWorkspace(workspace, repository), file)
  })
}

/** Not a copy: some of what a host has is made when it is first asked for. */
function silent(host: Cli['host'], signal: AbortSignal): Cli['host'] {
  return Object.create(host, { terminal: { value: undefined }, signal: { value: signal } }) as Cli['host']
}

async function copy(path: string, cli: Cli): Promise<void> {
  try {
    for await (const chunk of createReadStream(path)) await cli.out(chunk as Uint8Array)
  } catch {
    // Git says itself that it cannot read it.
  }
}
