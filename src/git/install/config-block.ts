import type { OwnProgram } from '../../host/machine.ts'
import type { HookEvent } from '../hooks/hook-script.ts'
import { asFunction, commandLine } from './command-line.ts'

/** How kmsfile is set up in a clone. */
export interface InstallSettings {
  /** Refuses plaintext at `git add` already. */
  readonly guard: boolean
  /** Looks at every change of a ref. */
  readonly strictRefs: boolean
  /** What `git diff` shows of values whose key is at hand. */
  readonly diff: 'plain' | 'redacted'
  /** Patterns of what lies in the work tree as plaintext, and in git as ciphertext. */
  readonly transparent?: readonly string[] | undefined
  /** Where the hooks are, as it was asked for. */
  readonly hooks: 'auto' | 'config' | 'files' | 'print'
}

export interface ConfigBlockOptions {
  readonly program: OwnProgram | undefined
  /** Hooks that git (2.54 and later) shall start from its configuration. */
  readonly events: readonly HookEvent[]
  /** Whether attributes name files of which only some are encrypted. */
  readonly any: boolean
}

/** The first git that has hooks in its configuration. */
export const CONFIG_HOOKS_SINCE = [2, 54] as const

/** What a hook of the configuration is called; the name of the event alone would be an error. */
export function configHookName(event: string): string {
  return `kmsfile-${event}`
}

/** Our lines of `.git/config`. */
export function configLines(
  settings: InstallSettings,
  { program, events, any }: ConfigBlockOptions,
): readonly string[] {
  const line = (words: string, otherwise: string) => commandLine({ words, program, otherwise })
  const refuse = (what: string) =>
    `echo "kmsfile: refused: there is no kmsfile on the PATH to look for plaintext; install it, or take ${what} out of .git/config" >&2; exit 1`
  // Never a failure: git would end in the middle of its log.
  const textconv = `{ ${line('git textconv "$1"', 'cat "$1"')}; } || cat "$1"`
  const merge = mergeLine(program)
  const { transparent = [] } = settings
  return [
    ...section('diff', 'kmsfile', {
      textconv: asFunction(textconv),
      // Its cache is a ref full of plaintext, which a mirror takes along.
      cachetextconv: 'false',
      xfuncname: KEY_LINE,
    }),
    ...section('merge', 'kmsfile', {
      name: 'kmsfile structural merge (ciphertext only)',
      driver: merge,
      // A conflict of two merge bases would otherwise be decided without a word.
      recursive: 'binary',
    }),
    ...(any
      ? [
          ...section('diff', ANY, {
            textconv: asFunction(`if ${HOLDS_ENVELOPE} "$1"; then ${textconv}; else cat "$1"; fi`),
            cachetextconv: 'false',
            xfuncname: KEY_LINE,
          }),
          ...section('merge', ANY, {
            name: 'kmsfile structural merge of what is encrypted, lines of all else',
            driver: `if ${HOLDS_ENVELOPE} %O %A %B; then ${merge}; else ${MERGE_LINES}; fi`,
            recursive: 'binary',
          }),
        ]
      : []),
    ...section('mergetool', 'kmsfile', {
      cmd: line('git mergetool "$MERGED"', 'echo "kmsfile: there is no kmsfile on the PATH" >&2; exit 1'),
      trustExitCode: 'true',
    }),
    ...(settings.guard
      ? section('filter', 'kmsfile-guard', {
          process: line('git filter-guard', refuse('the filter')),
          // Git quotes what it puts in for %f; a path may start with a dash.
          clean: commandLine({
            words: 'git filter-guard --clean=%f',
            program: expanded(program),
            otherwise: refuse('the filter'),
          }),
          smudge: 'cat',
          // What cannot be looked at is not let through.
          required: 'true',
        })
      : []),
    ...(transparent.length > 0 ? section('filter', TRANSPARENT, transparentFilter(program, refuse('the filter'))) : []),
    ...events.flatMap((event) =>
      section('hook', configHookName(event), {
        command: asFunction(line(`git hook ${event} "$@"`, refuse('the hook'))),
        event,
      }),
    ),
    ...section('kmsfile', undefined, {
      diff: settings.diff,
      guard: String(settings.guard),
      strictRefs: String(settings.strictRefs),
      hooks: settings.hooks,
    }),
    ...transparent.map((pattern) => variable('transparent', pattern)),
  ]
}

/** The filter of files that lie in the work tree as plaintext. */
export const TRANSPARENT = 'kmsfile-transparent'

/** Where there is no kmsfile, files are checked out as git has them, and none is added. */
function transparentFilter(program: OwnProgram | undefined, refuse: string): Readonly<Record<string, string>> {
  const words = 'git filter-transparent'
  const line = (direction: string, otherwise: string) =>
    commandLine({ words: `${words} --${direction}=%f`, program: expanded(program), otherwise })
  return {
    process: commandLine({ words, program, otherwise: refuse }),
    clean: line('clean', refuse),
    smudge: line('smudge', 'cat'),
    // What cannot be encrypted is not let through.
    required: 'true',
  }
}

/** The driver for patterns that name all files of a kind, of which some are encrypted. */
export const ANY = 'kmsfile-any'

/** A line that starts with a key: what git shows behind the numbers of a hunk. */
const KEY_LINE = '^[[:space:]]*([A-Za-z0-9_.-]+):'

const HOLDS_ENVELOPE = "grep -q 'ENC\\[AES256_GCM,'"
const MERGE_LINES = 'git merge-file -L ours -L base -L theirs --marker-size=%L %A %O %B'

/** Git quotes what it puts in for %P, so that no quotes of ours may stand around it. */
function mergeLine(program: OwnProgram | undefined): string {
  const line = commandLine({
    words: 'git merge-driver %O %A %B %L %P %S %X %Y',
    program: expanded(program),
    otherwise: 'echo "kmsfile: not on the PATH; kept ours, conflict left in" %P >&2; exit 1',
  })
  // Killed, it has left our version as it was: a conflict. Beyond 128, git from 2.42 on gives up the whole merge.
  return `${line}; code=$?; test $code -le 128 || code=1; exit $code`
}

/** For command lines in which git puts something in place of `%` and a letter. */
function expanded(program: OwnProgram | undefined): OwnProgram | undefined {
  const escaped = (text: string) => text.replaceAll('%', '%%')
  return program && { node: escaped(program.node), script: escaped(program.script) }
}

function section(name: string, sub: string | undefined, values: Readonly<Record<string, string>>): readonly string[] {
  return [
    sub === undefined ? `[${name}]` : `[${name} "${sub}"]`,
    ...Object.entries(values).map(([key, value]) => variable(key, value)),
  ]
}

function variable(name: string, value: string): string {
  return `\t${name} = ${configValue(value)}`
}

/** A value as git-config(1) reads it: in quotes, where anything in it could mean something. */
function configValue(text: string): string {
  if (/^[\w./-]+(?: [\w./(),-]+)*$/.test(text)) return text
  const escaped = text.replaceAll(/[\\"]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t')
  return `"${escaped}"`
}
