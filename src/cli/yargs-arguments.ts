import yargs from 'yargs'
import { KmsfileError } from '../errors.ts'
import { type Arguments, COMMON_OPTIONS, type Command } from './command.ts'
import { escaped } from './report.ts'

/**
 * Arguments of one command, checked; or the text of its help.
 *
 * @throws KmsfileError `USAGE`
 */
export async function parseArguments(command: Command, argv: readonly string[]): Promise<Arguments | string> {
  const [name = ''] = command.usage.split(' ', 1)
  let printed = ''
  // yargs reads what it took for a positional a second time, as an option: `-` and the first of two would be lost.
  const forHelp = argv.includes('--help') || argv.includes('-h')
  const parser = yargs([])
    .scriptName('kmsfile')
    .locale('en')
    .exitProcess(false)
    .version(false)
    .help('help')
    .wrap(110)
    .parserConfiguration({
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      // Only where an option may be repeated; elsewhere the last one counts.
      'duplicate-arguments-array': Object.values(command.options).some(({ array }) => array === true),
      'strip-aliased': true,
      'greedy-arrays': false,
    })
    // No argument is demanded: the help is for those who do not know them yet.
    .command(forHelp ? `$0 ${withOptional(command.usage)}` : '$0', false, (builder) => {
      for (const [positional, options] of Object.entries(forHelp ? (command.positionals ?? {}) : {})) {
        builder.positional(positional, options as never)
      }
      return builder
        .usage(`kmsfile ${command.usage}\n\n${command.summary}`)
        .options({ ...command.options, ...COMMON_OPTIONS })
        .example(command.examples.map(([text, what]) => [text, what]))
    })
    .strictOptions()
    .fail((message, error) => {
      throw usageError(shownMessage(message ?? error?.message ?? 'malformed command line', argv), name)
    })
  const parsed = await parser.parseAsync(forHelp ? ['--help'] : [...argv], {}, (_error, _argv, output) => {
    printed = output
  })
  // Before the usage that we gave it yargs prints one of its own making.
  return printed === '' ? withPositionals(command, parsed) : printed.slice(printed.indexOf(`kmsfile ${command.usage}`))
}

/** The positionals of a usage, each in square brackets. */
function withOptional(usage: string): string {
  return (usage.match(/[<[][\w.-]+[>\]]/g) ?? []).map((each) => `[${each.slice(1, -1)}]`).join(' ')
}

/** Gives the words that are no options to the positionals of the usage, in their order. */
function withPositionals({ usage }: Command, { _: words, ...options }: { _: (string | number)[] }): Arguments {
  const args: Record<string, unknown> = { ...options }
  const left = words.map(String)
  const [command = ''] = usage.split(' ', 1)
  for (const [, bracket, name = '', many] of usage.matchAll(/([<[])(\w+)(\.\.)?[>\]]/g)) {
    if (many !== undefined) args[name] = left.splice(0)
    else if (left.length > 0) args[name] = left.shift()
    if (bracket === '<' && (args[name] === undefined || (many !== undefined && (args[name] as []).length === 0))) {
      throw usageError(`no ${name.toUpperCase()} given`, command)
    }
  }
  // Which one is not said: it may be a value in the wrong place.
  if (left.length > 0) throw usageError(left.length === 1 ? 'one argument too many' : 'too many arguments', command)
  return args
}

/** What yargs says, without letters of an argument that was no option: they may be those of a value. */
function shownMessage(message: string, argv: readonly string[]): string {
  const [, names] = /^Unknown arguments?: (.*)$/m.exec(message) ?? []
  if (names === undefined) return message
  const [option] = argv
    .filter((word) => /^--[a-z]/.test(word))
    .map((word) => word.replace(/=.*/s, ''))
    .filter((word) => names.split(', ').includes(word.slice(2)))
  return option === undefined ? 'unknown option' : `unknown option ${option}`
}

function usageError(message: string, command: string): KmsfileError {
  const [first = ''] = message.split('\n')
  return new KmsfileError(escaped(first.charAt(0).toLowerCase() + first.slice(1)), {
    code: 'USAGE',
    hint: `see its options: kmsfile ${command} --help`,
  })
}
