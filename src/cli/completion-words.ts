import type { Options } from 'yargs'
import { COMMON_OPTIONS, type Command } from './command.ts'

/** One option as it is typed. */
export interface OptionWord {
  /** With its dashes: `--in-place`, `--no-input`. */
  readonly long: string
  /** `-i`; undefined where it has none. */
  readonly short: string | undefined
  readonly summary: string
  /** What its value can be: nothing where it has none, one of a few words, or something else, which may be a file. */
  readonly value: 'none' | 'any' | readonly string[]
}

/** What can be typed behind one command. */
export interface CommandWords {
  readonly name: string
  readonly summary: string
  readonly options: readonly OptionWord[]
  /** What else stands behind it: files, one of a few words, or nothing that can be known. */
  readonly arguments: 'files' | 'none' | readonly string[]
}

/** What can be typed where no command is named yet: these options may stand before it. */
export const LEADING_OPTIONS: readonly OptionWord[] = [
  ...Object.entries(COMMON_OPTIONS).flatMap(([option, spec]) => optionWords(option, spec)),
  { long: '--help', short: '-h', summary: 'show the commands', value: 'none' },
  { long: '--version', short: '-V', summary: 'show the version', value: 'none' },
]

/** The words of a command, those that every command has included. */
export function commandWords(name: string, summary: string, command: Command): CommandWords {
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS }).flatMap(([option, spec]) =>
    optionWords(option, spec),
  )
  const positionals = Object.entries(command.positionals ?? {})
  const choices = positionals.flatMap(([, spec]) => wordsOf(spec))
  const files = positionals.some(([positional]) => /^files?$/.test(positional))
  return {
    name,
    summary,
    options: [...options, { long: '--help', short: '-h', summary: 'show its options', value: 'none' }],
    arguments: choices.length > 0 ? choices : files ? 'files' : 'none',
  }
}

function optionWords(option: string, spec: Options): readonly OptionWord[] {
  const summary = spec.describe ?? ''
  if (spec.type === 'boolean') {
    // What is on can only be switched off.
    const long = spec.default === true ? `--no-${option}` : `--${option}`
    return [{ long, short: shortOf(spec), summary, value: 'none' }]
  }
  const choices = wordsOf(spec)
  return [{ long: `--${option}`, short: shortOf(spec), summary, value: choices.length > 0 ? choices : 'any' }]
}

function shortOf({ alias }: Options): string | undefined {
  const letter = [alias ?? []].flat().find((each) => each.length === 1)
  return letter === undefined ? undefined : `-${letter}`
}

function wordsOf({ choices }: Options): readonly string[] {
  return Array.isArray(choices) ? choices.map(String) : []
}
