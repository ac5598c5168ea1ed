import type { Command } from '../command.ts'
import { bashScript } from '../completion-bash.ts'
import { fishScript } from '../completion-fish.ts'
import { type CommandWords, commandWords } from '../completion-words.ts'
import { zshScript } from '../completion-zsh.ts'
import { usage } from '../flags.ts'

const SCRIPTS: Readonly<Record<string, (commands: readonly CommandWords[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

/** Every command by its name, as the table of commands has them. */
type Table = Readonly<Record<string, { readonly summary: string; load(): Promise<Command> }>>

/** The command that completes the commands of a table, itself among them. */
export function completionOf(table: Table): Command {
  return {
    usage: 'completion <shell>',
    summary: 'Print a completion script. It asks kmsfile nothing when it is used, so print it again after an update.',
    positionals: { shell: { type: 'string', choices: Object.keys(SCRIPTS), describe: 'bash, zsh or fish' } },
    options: {},
    examples: [
      ['source <(kmsfile completion bash)', 'in ~/.bashrc'],
      ['source <(kmsfile completion zsh)', 'in ~/.zshrc, after compinit'],
      ['kmsfile completion fish | source', 'in config.fish'],
    ],
    async run(args, cli) {
      const shell = String(args['shell'])
      const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined
      if (script === undefined)
        throw usage(`there is no completion for ${JSON.stringify(shell)}`, 'name bash, zsh or fish')
      const words = Object.entries(table).map(async ([name, { summary, load }]) =>
        commandWords(name, summary, await load()),
      )
      await cli.out(script(await Promise.all(words)))
      return undefined
    },
  }
}
