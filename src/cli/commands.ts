import type { Command } from './command.ts'
import { nearestWord } from './nearest-word.ts'

interface Listed {
  readonly group: 'start' | 'files' | 'git' | 'people and keys'
  readonly summary: string
  /** Commands load when they are run: a hook that calls one must not pay for the others. */
  load(): Promise<Command>
}

/** Every command, as it is typed. */
export const COMMANDS = {
  init: {
    group: 'start',
    summary: 'set up a repository: an identity where there is none, a configuration',
    load: async () => (await import('./commands/init.ts')).init,
  },
  status: {
    group: 'start',
    summary: 'show which files are encrypted, for whom, and what needs attention',
    load: async () => (await import('./commands/status.ts')).status,
  },
  doctor: {
    group: 'start',
    summary: 'look for what is missing or wrong on this machine',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  completion: {
    group: 'start',
    summary: 'print a completion script for bash, zsh or fish',
    load: async (): Promise<Command> => (await import('./commands/completion.ts')).completionOf(COMMANDS),
  },
  encrypt: {
    group: 'files',
    summary: 'encrypt the values of files',
    load: async () => (await import('./commands/encrypt.ts')).encrypt,
  },
  decrypt: {
    group: 'files',
    summary: 'print files with their values',
    load: async () => (await import('./commands/decrypt.ts')).decrypt,
  },
  edit: {
    group: 'files',
    summary: 'change a file in your editor',
    load: async () => (await import('./commands/edit.ts')).edit,
  },
  get: {
    group: 'files',
    summary: 'print one value',
    load: async () => (await import('./commands/get.ts')).get,
  },
  set: {
    group: 'files',
    summary: 'change one value',
    load: async () => (await import('./commands/set.ts')).set,
  },
  unset: {
    group: 'files',
    summary: 'remove one value',
    load: async () => (await import('./commands/unset.ts')).unset,
  },
  seal: {
    group: 'files',
    summary: 'seal a file that sops wrote, or accept an edit by hand',
    load: async () => (await import('./commands/seal.ts')).seal,
  },
  git: {
    group: 'git',
    summary: 'hooks, checks, diffs and merges: kmsfile git --help',
    load: async (): Promise<Command> => (await import('./git-commands.ts')).gitCommand,
  },
  rotate: {
    group: 'people and keys',
    summary: 'give files a new data key and encrypt everything anew',
    load: async () => (await import('./commands/rotate.ts')).rotate,
  },
  updatekeys: {
    group: 'people and keys',
    summary: 'make the keys of files those of their rules',
    load: async () => (await import('./commands/updatekeys.ts')).updatekeys,
  },
  agent: {
    group: 'people and keys',
    summary: 'remember data keys in memory for a while: start, stop, status, lock',
    load: async () => (await import('./commands/agent.ts')).agent,
  },
} as const satisfies Record<string, Listed>

export type CommandName = keyof typeof COMMANDS

/** What `kmsfile --help` prints. */
export function commandList(): string {
  const groups = new Map<string, string[]>()
  for (const [name, { group, summary }] of Object.entries(COMMANDS)) {
    groups.set(group, [...(groups.get(group) ?? []), `  ${name.padEnd(12)}${summary}`])
  }
  const lists = [...groups].map(([group, lines]) => `${group}\n${lines.join('\n')}\n`)
  return [
    'kmsfile COMMAND [options]: secrets files in git, their values encrypted, their keys readable\n',
    ...lists,
    'kmsfile FILE is kmsfile edit FILE; -e and -d are encrypt and decrypt.',
    'kmsfile COMMAND --help shows the options of a command; kmsfile --version the version.\n',
  ].join('\n')
}

/** The command whose name differs least from what somebody typed; undefined if none is near. */
export function nearestCommand(word: string): string | undefined {
  return nearestWord(word, Object.keys(COMMANDS))
}
