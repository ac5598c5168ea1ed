import { once } from 'node:events'
import { KmsfileError } from '../errors.ts'
import type { Host } from '../host/host.ts'
import { inChunks } from '../host/text-chunks.ts'
import { type Arguments, type Cli, COMMON_OPTIONS, type Command } from './command.ts'
import { COMMANDS, type CommandName, commandList, nearestCommand } from './commands.ts'
import { EXIT, exitCodeFor } from './exit-codes.ts'
import { plainArguments } from './plain-arguments.ts'
import { pausedByQuestions, progressLine } from './progress.ts'
import { escaped, hintOf, reportError, shownName, talk, usesColor } from './report.ts'
import { VERSION } from './version.ts'

/**
 * Runs one command line. Never throws: errors are reported on stderr.
 *
 * Returns the exit code.
 */
export async function run(argv: readonly string[], host: Host): Promise<number> {
  const json = argv.includes('--json')
  try {
    return await dispatch(argv, host)
  } catch (error) {
    if ((error as NodeJS.ErrnoException)?.code === 'EPIPE') return EXIT.ok
    reportError(error, host, { json, color: usesColor(host, colorChoice(argv)) })
    return exitCodeFor(error)
  }
}

/** What `--color` says, also where the command line cannot be read. */
function colorChoice(argv: readonly string[]): string | undefined {
  const at = argv.findIndex((argument) => argument === '--color' || argument.startsWith('--color='))
  return argv[at]?.split('=')[1] ?? (at === -1 ? undefined : argv[at + 1])
}

async function dispatch(argv: readonly string[], host: Host): Promise<number> {
  const { name, rest } = commandOf(argv)
  if (name === undefined) return withoutCommand(rest, host)
  if (name === 'git') return dispatchGit(rest, host)
  return runCommand(await COMMANDS[name].load(), rest, host)
}

/** `kmsfile git COMMAND`: a table of its own, since git starts some of them often. */
async function dispatchGit(argv: readonly string[], host: Host): Promise<number> {
  const { findGitCommand, gitCommandList, nearestGitCommand } = await import('./git-commands.ts')
  const at = firstWord(argv)
  const word = at === -1 ? undefined : (argv[at] as string)
  const found = word === undefined ? undefined : findGitCommand(word)
  if (found !== undefined) return runCommand(await found.load(), argv.toSpliced(at, 1), host)
  if (word !== undefined) throw unknownCommand(`git ${word}`, nearestGitCommand(word))
  if (argv.includes('--help') || argv.includes('-h')) {
    await write(host, gitCommandList())
    return EXIT.ok
  }
  throw new KmsfileError('no git command given', { code: 'USAGE', hint: 'see what there is: kmsfile git --help' })
}

async function runCommand(command: Command, rest: readonly string[], host: Host): Promise<number> {
  const parsed = command.verbatim
    ? { words: rest }
    : (plainArguments(command, rest) ?? (await parseWithYargs(command, rest)))
  if (typeof parsed === 'string') {
    await write(host, `${parsed}\n`)
    return EXIT.ok
  }
  const cli = cliFor(host, parsed)
  return (await command.run(parsed, cli)) ?? EXIT.ok
}

/** The command among the arguments, and the arguments without it. A file name alone means `edit`. */
function commandOf(argv: readonly string[]): { name: CommandName | undefined; rest: readonly string[] } {
  const at = firstWord(argv)
  const word = at === -1 ? undefined : argv[at]
  const short = argv.findIndex((argument) => argument === '-d' || argument === '-e')
  if (short !== -1 && (at === -1 || short < at || !isCommand(word))) {
    return { name: argv[short] === '-d' ? 'decrypt' : 'encrypt', rest: argv.toSpliced(short, 1) }
  }
  if (word === undefined) return { name: undefined, rest: argv }
  if (isCommand(word)) return { name: word, rest: argv.toSpliced(at, 1) }
  // A word with a dot or a slash is a file; anything else is a command that somebody misspelt.
  if (/[./\\]/.test(word)) return { name: 'edit', rest: argv }
  throw unknownCommand(word, nearestCommand(word))
}

const WITH_VALUE = new Set(
  Object.entries(COMMON_OPTIONS).flatMap(([name, { type }]) => (type === 'string' ? [`--${name}`] : [])),
)

function firstWord(argv: readonly string[]): number {
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] as string
    if (argument === '--') return -1
    if (!argument.startsWith('-') || argument === '-') return at
    if (WITH_VALUE.has(argument)) at++
  }
  return -1
}

function isCommand(word: string | undefined): word is CommandName {
  return word !== undefined && Object.hasOwn(COMMANDS, word)
}

async function withoutCommand(rest: readonly string[], host: Host): Promise<number> {
  if (rest.includes('--version') || rest.includes('-V')) {
    await write(host, `kmsfile ${VERSION}\n`)
    return EXIT.ok
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    await write(host, commandList())
    return EXIT.ok
  }
  const [unknown] = rest
  throw new KmsfileError(unknown === undefined ? 'no command given' : `unknown option ${escaped(unknown)}`, {
    code: 'USAGE',
    hint: 'see what there is: kmsfile --help',
  })
}

function unknownCommand(word: string, nearest: string | undefined): KmsfileError {
  return new KmsfileError(`there is no command ${JSON.stringify(word)}`, {
    code: 'USAGE',
    hint: nearest === undefined ? 'see what there is: kmsfile --help' : `did you mean: kmsfile ${nearest}`,
  })
}

async function parseWithYargs(command: Command, argv: readonly string[]): Promise<Arguments | string> {
  const { parseArguments } = await import('./yargs-arguments.ts')
  return parseArguments(command, argv)
}

function cliFor(host: Host, args: Arguments): Cli {
  const json = args['json'] === true
  const quiet = args['quiet'] === true
  const color = usesColor(host, args['color'])
  const progress = progressLine(host, { silent: quiet || json })
  return {
    host: args['input'] === false ? { ...host, terminal: undefined } : pausedByQuestions(host, progress),
    json,
    quiet,
    color,
    verbose: args['verbose'] === true,
    progress,
    out(text) {
      progress.clear()
      return write(host, text)
    },
    outJson: (data) => write(host, `${JSON.stringify(data)}\n`),
    say(line) {
      if (quiet || json) return
      progress.clear()
      host.stderr.write(`${escaped(line)}\n`)
    },
    warn(message, { file, hint } = {}) {
      progress.clear()
      host.stderr.write(talk('warning', `${file === undefined ? '' : `${shownName(file)}: `}${message}`, color))
      const what = hintOf({ hint, file })
      if (what !== undefined) host.stderr.write(talk('hint', what, color))
    },
  }
}

async function write({ stdout }: Host, text: string | Uint8Array): Promise<void> {
  for (const chunk of inChunks(text)) {
    // Nobody reads any more; there will be no drain to wait for.
    if (stdout.destroyed) throw Object.assign(new Error('stdout is closed'), { code: 'EPIPE' })
    if (!stdout.write(chunk)) await once(stdout, 'drain')
  }
}
