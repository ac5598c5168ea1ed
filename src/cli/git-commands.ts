import type { Command } from './command.ts'
import { nearestWord } from './nearest-word.ts'

interface Listed {
  /** Undefined for what git calls, and nobody types. */
  readonly summary: string | undefined
  load(): Promise<Command>
}

/** Every command of `kmsfile git`, as it is typed. */
const GIT_COMMANDS: Readonly<Record<string, Listed>> = {
  install: {
    summary: 'have git call kmsfile in this clone: hooks, diff and merge drivers',
    load: async () => (await import('./commands/git-install.ts')).gitInstall,
  },
  uninstall: {
    summary: 'take all of that out again',
    load: async () => (await import('./commands/git-uninstall.ts')).gitUninstall,
  },
  check: {
    summary: 'look for plaintext and for tampering: staged, in a range of commits, in all history',
    load: async () => (await import('./commands/git-check.ts')).gitCheck,
  },
  diff: {
    summary: 'as git diff, with encrypted files by their values',
    load: async () => (await import('./commands/git-diff.ts')).gitDiff,
  },
  log: {
    summary: 'as git log, with encrypted files by their values, and much faster than by git itself',
    load: async () => (await import('./commands/git-log.ts')).gitLog,
  },
  show: {
    summary: 'as git show, with encrypted files by their values',
    load: async () => (await import('./commands/git-show.ts')).gitShow,
  },
  scrub: {
    summary: 'remove plaintext that this clone keeps although nothing leads to it',
    load: async () => (await import('./commands/git-scrub.ts')).gitScrub,
  },
  hook: {
    summary: undefined,
    load: async () => (await import('./commands/git-hook.ts')).gitHook,
  },
  textconv: {
    summary: undefined,
    load: async () => (await import('./commands/git-textconv.ts')).gitTextconv,
  },
  'filter-guard': {
    summary: undefined,
    load: async () => (await import('./commands/git-filter-guard.ts')).gitFilterGuard,
  },
  'filter-transparent': {
    summary: undefined,
    load: async () => (await import('./commands/git-filter-transparent.ts')).gitFilterTransparent,
  },
  resolve: {
    summary: 'resolve merges of encrypted files, value by value',
    load: async () => (await import('./commands/git-resolve.ts')).gitResolve,
  },
  mergetool: {
    summary: 'the same for git mergetool',
    load: async () => (await import('./commands/git-mergetool.ts')).gitMergetool,
  },
  'merge-driver': {
    summary: undefined,
    load: async () => (await import('./commands/git-merge-driver.ts')).gitMergeDriver,
  },
}

/** The same as a list, with the names. */
export const LISTED_GIT_COMMANDS = Object.entries(GIT_COMMANDS)

/** The entry of a command that is typed behind `git`. */
export function findGitCommand(word: string): Listed | undefined {
  return Object.hasOwn(GIT_COMMANDS, word) ? GIT_COMMANDS[word] : undefined
}

/** What `kmsfile git --help` prints. */
export function gitCommandList(): string {
  const lines = LISTED_GIT_COMMANDS.flatMap(([name, { summary }]) =>
    summary === undefined ? [] : `  ${name.padEnd(14)}${summary}`,
  )
  return `kmsfile git COMMAND [options]\n\n${lines.join('\n')}\n\nkmsfile git COMMAND --help shows the options of a command.\n`
}

export function nearestGitCommand(word: string): string | undefined {
  const nearest = nearestWord(
    word,
    LISTED_GIT_COMMANDS.flatMap(([name, { summary }]) => (summary === undefined ? [] : name)),
  )
  return nearest && `git ${nearest}`
}

/** All of them as one, for completion and for the list of commands. */
export const gitCommand: Command = {
  usage: 'git <command>',
  summary: 'Keeps plaintext out of a git repository, and shows and merges what is encrypted in it.',
  positionals: {
    command: {
      type: 'string',
      choices: LISTED_GIT_COMMANDS.flatMap(([name, { summary }]) => (summary === undefined ? [] : name)),
      describe: 'what to do',
    },
  },
  options: {},
  examples: [],
  run: async () => {
    throw new TypeError('every git command has its own entry')
  },
}
