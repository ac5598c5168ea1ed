import type { Options } from 'yargs'
import { type Arguments, COMMON_OPTIONS, type Command } from './command.ts'

/**
 * Reads a command line in which nothing is unusual, as yargs would; undefined for every other, which is then yargs' to
 * read, to explain or to refuse. Loading yargs takes longer than decrypting a file, and hooks start us often.
 */
export function plainArguments(command: Command, argv: readonly string[]): Arguments | undefined {
  const options: Readonly<Record<string, Options>> = { ...command.options, ...COMMON_OPTIONS }
  const names = namesOf(options)
  const found: Record<string, unknown> = {}
  const words: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] as string
    if (argument === '-' || (argument !== '' && !argument.startsWith('-'))) {
      words.push(argument)
      continue
    }
    const read = readOption(argument, argv[at + 1], names)
    if (read === undefined || Object.hasOwn(found, read.name)) return undefined
    found[read.name] = read.value
    if (read.usedNext) at++
  }
  const positionals = readPositionals(command, words)
  if (positionals === undefined) return undefined
  for (const [name, { default: value }] of Object.entries(options)) {
    if (value !== undefined && !Object.hasOwn(found, name)) found[name] = value
  }
  return { ...found, ...positionals }
}

interface Named {
  readonly name: string
  readonly options: Options
}

/** Options by what is typed: `--name`, `-n`. */
function namesOf(options: Readonly<Record<string, Options>>): ReadonlyMap<string, Named> {
  const names = new Map<string, Named>()
  for (const [name, own] of Object.entries(options)) {
    names.set(`--${name}`, { name, options: own })
    if (typeof own.alias === 'string') names.set(`-${own.alias}`, { name, options: own })
  }
  return names
}

function readOption(
  argument: string,
  next: string | undefined,
  names: ReadonlyMap<string, Named>,
): { name: string; value: unknown; usedNext: boolean } | undefined {
  const negated = /^--no-([a-z-]+)$/.exec(argument)?.[1]
  if (negated !== undefined && names.get(`--${negated}`)?.options.type === 'boolean') {
    return { name: negated, value: false, usedNext: false }
  }
  const [, typed = argument, joined] = /^(--[a-z-]+)=([\s\S]+)$/.exec(argument) ?? []
  const named = names.get(typed)
  if (named === undefined) return undefined
  const { name, options } = named
  if (options.type === 'boolean') {
    // yargs takes a word `true` or `false` behind a boolean for its value.
    if (joined !== undefined || next === 'true' || next === 'false') return undefined
    return { name, value: true, usedNext: false }
  }
  const text = joined ?? next
  // What starts with a dash may be the next option, and the value forgotten.
  if (text === undefined || text === '' || text.startsWith('-') || options.type !== 'string') return undefined
  if (options.choices !== undefined && !options.choices.includes(text)) return undefined
  return { name, value: text, usedNext: joined === undefined }
}

/** Words in the places that the command has for them: `<file>`, `[value]`, `[files..]`. */
function readPositionals({ usage, positionals = {} }: Command, words: readonly string[]): Arguments | undefined {
  const places = Array.from(usage.matchAll(/([<[])([\w-]+)(\.\.)?[>\]]/g), ([, bracket, name = '', many]) => ({
    name,
    required: bracket === '<',
    many: many !== undefined,
  }))
  const found: Record<string, unknown> = {}
  let at = 0
  for (const { name, required, many } of places) {
    if (Object.keys(positionals[name] ?? {}).some((key) => !/^(type|describe|array|normalize)$/.test(key)))
      return undefined
    const rest = words.slice(at)
    if (required && rest.length === 0) return undefined
    if (many) found[name] = rest
    else if (rest[0] !== undefined) found[name] = rest[0]
    at += many ? rest.length : Math.min(1, rest.length)
  }
  return at === words.length ? found : undefined
}
