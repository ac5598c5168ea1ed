import type { Options } from 'yargs'
import { COMMON_OPTIONS, type Command } from '../../src/cli/command.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { LISTED_GIT_COMMANDS } from '../../src/cli/git-commands.ts'

/** A page with the text of each block below `<!-- reference NAME -->` made anew: usage and options of a command. */
export async function withReference(text: string): Promise<string> {
  const references = new Map([['common', optionLines(COMMON_OPTIONS).join('\n')]])
  for (const [name, { load }] of Object.entries(COMMANDS)) references.set(name, referenceOf(await load()))
  for (const [name, { load }] of LISTED_GIT_COMMANDS) references.set(`git ${name}`, referenceOf(await load()))
  return text.replace(
    /^(<!-- reference ([\w -]+) -->\n```text\n)[\s\S]*?^(```)$/gm,
    (_, head, name, tail) => `${head}${references.get(name) ?? 'no such command'}\n${tail}`,
  )
}

function referenceOf({ usage, summary, positionals = {}, options }: Command): string {
  const parts = [
    [`kmsfile ${usage}`, ...wrapped(summary)],
    optionLines(positionals, { bare: true }),
    optionLines(options),
  ]
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

function optionLines(options: Readonly<Record<string, Options>>, { bare = false } = {}): readonly string[] {
  // Hidden ones are known only to be refused with a reason.
  const shown = Object.entries(options).filter(([, own]) => own.hidden !== true)
  const rows = shown.map(([name, own]) => [bare ? `  ${name}` : flagOf(name, own), own.describe ?? ''] as const)
  const width = Math.max(22, ...rows.map(([flag]) => flag.length))
  return rows.map(([flag, describe]) => `${flag.padEnd(width)}  ${describe}`)
}

function flagOf(name: string, { alias, type, choices, default: value }: Options): string {
  const short = typeof alias === 'string' ? `-${alias},` : '   '
  const what =
    choices === undefined
      ? type === 'boolean'
        ? ''
        : ` ${type === 'number' ? 'NUMBER' : 'TEXT'}`
      : ` ${choices.join('|')}`
  return `  ${short} --${value === true ? 'no-' : ''}${name}${what}`
}

function wrapped(text: string): readonly string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + word.length >= 120) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}
