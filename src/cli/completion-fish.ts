import { type CommandWords, LEADING_OPTIONS, type OptionWord } from './completion-words.ts'

/** A completion script for fish: `kmsfile completion fish | source`. */
export function fishScript(commands: readonly CommandWords[]): string {
  const leading = LEADING_OPTIONS.map((option) => optionLine('__fish_use_subcommand', option))
  const lines = commands.flatMap((command) => [
    `complete -c kmsfile -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.summary)}`,
    ...command.options.map((option) => optionLine(seen(command.name), option)),
    ...argumentLines(command),
  ])
  return `# kmsfile completion for fish: kmsfile completion fish | source\n${[...leading, ...lines].join('\n')}\n`
}

function optionLine(condition: string, { long, short, summary, value }: OptionWord): string {
  const names = [`-l ${long.slice(2)}`, ...(short === undefined ? [] : [`-s ${short.slice(1)}`])].join(' ')
  // -r: a value follows; -x: and it is no file.
  const values = value === 'none' ? '' : value === 'any' ? ' -r' : ` -x -a ${quoted(value.join(' '))}`
  return `complete -c kmsfile -n ${condition} ${names}${values} -d ${quoted(summary)}`
}

function argumentLines({ name, arguments: words }: CommandWords): readonly string[] {
  if (words === 'files') return []
  // -f: no files.
  const choices = words === 'none' ? '' : ` -a ${quoted(words.join(' '))}`
  return [`complete -c kmsfile -n ${seen(name)} -f${choices}`]
}

function seen(command: string): string {
  return quoted(`__fish_seen_subcommand_from ${command}`)
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`
}
