import type { Options } from 'yargs'
import type { Host } from '../host/host.ts'
import type { ProgressLine } from './progress.ts'
import type { Manners } from './report.ts'

/** What the user typed behind a command, checked against its options. Names are those of the options, as typed. */
export interface Arguments {
  readonly [option: string]: unknown
}

/** One command of the command line. */
export interface Command {
  /** As in yargs: `encrypt [files..]`. */
  readonly usage: string
  /** One line for `--help`. */
  readonly summary: string
  readonly positionals?: Readonly<Record<string, Options>>
  readonly options: Readonly<Record<string, Options>>
  readonly examples: readonly (readonly [command: string, what: string])[]
  /** All arguments are taken as they are, as `words`: git passes names that may look like options. */
  readonly verbatim?: true
  /** Runs it; the result is the exit code, 0 where there is none. */
  run(args: Arguments, cli: Cli): Promise<number | undefined>
}

/** What a command has to talk with. */
export interface Cli extends Manners {
  readonly host: Host
  readonly verbose: boolean
  /** How far the work on many files is; not for machines, and not with `--quiet`. */
  readonly progress: ProgressLine
  /** The result: to stdout, exactly as it is. */
  out(text: string | Uint8Array): Promise<void>
  /** The result of `--json`: one object on one line. */
  outJson(data: unknown): Promise<void>
  /** Talk: a line on stderr, unless `--quiet`. */
  say(line: string): void
  /** What is wrong but does not stop the command; on stderr even with `--quiet`. */
  warn(message: string, about?: { readonly file?: string; readonly hint?: string }): void
}

/** Options that every command has. */
export const COMMON_OPTIONS = {
  config: {
    type: 'string',
    describe: 'configuration file, instead of the one found from the file upwards',
    requiresArg: true,
  },
  json: { type: 'boolean', describe: 'print one JSON object for machines, errors too' },
  quiet: { type: 'boolean', alias: 'q', describe: 'say nothing but warnings and errors' },
  verbose: { type: 'boolean', alias: 'v', describe: 'say what is asked of which key service, and how long it takes' },
  input: { type: 'boolean', default: true, describe: 'ask questions; --no-input turns them into errors' },
  color: { type: 'string', choices: ['always', 'auto', 'never'], default: 'auto', describe: 'colour on a terminal' },
} as const satisfies Record<string, Options>

/** Options of commands that read secrets. */
export const READ_OPTIONS = {
  'input-type': { type: 'string', describe: 'format of the input: yaml or json', requiresArg: true },
  'filename-override': { type: 'string', describe: 'name by which format and rule are chosen', requiresArg: true },
  'decryption-order': { type: 'string', describe: 'kinds of keys to ask first, such as age,kms', requiresArg: true },
  'aws-profile': { type: 'string', describe: 'AWS profile to use, instead of the one in the file', requiresArg: true },
  'ignore-mac': { type: 'boolean', describe: 'open a file although its integrity cannot be shown' },
} as const satisfies Record<string, Options>

/** Options that stand in for the rule of a file. */
export const RULE_OPTIONS = {
  age: { type: 'string', alias: 'a', describe: 'age recipients, separated by commas', requiresArg: true },
  kms: {
    type: 'string',
    alias: 'k',
    describe: 'ARNs of AWS KMS keys (ARN+ROLE), separated by commas',
    requiresArg: true,
  },
  // Key services that files of sops name, and that kmsfile cannot ask yet; the error says so.
  pgp: { type: 'string', hidden: true, requiresArg: true },
  'gcp-kms': { type: 'string', hidden: true, requiresArg: true },
  'azure-kv': { type: 'string', hidden: true, requiresArg: true },
  'hc-vault-transit': { type: 'string', hidden: true, requiresArg: true },
  hckms: { type: 'string', hidden: true, requiresArg: true },
  'encryption-context': {
    type: 'string',
    describe: 'of the AWS KMS keys: KEY:VALUE, separated by commas',
    requiresArg: true,
  },
  'shamir-secret-sharing-threshold': {
    type: 'number',
    describe: 'how many key groups must take part',
    requiresArg: true,
  },
  'unencrypted-suffix': { type: 'string', describe: 'leave keys with this ending readable', requiresArg: true },
  'encrypted-suffix': { type: 'string', describe: 'encrypt keys with this ending only', requiresArg: true },
  'unencrypted-regex': { type: 'string', describe: 'leave keys that match readable', requiresArg: true },
  'encrypted-regex': { type: 'string', describe: 'encrypt keys that match only', requiresArg: true },
  'unencrypted-comment-regex': {
    type: 'string',
    describe: 'leave values with a matching comment readable',
    requiresArg: true,
  },
  'encrypted-comment-regex': {
    type: 'string',
    describe: 'encrypt values with a matching comment only',
    requiresArg: true,
  },
  'mac-only-encrypted': { type: 'boolean', describe: 'let readable values be changed without kmsfile' },
} as const satisfies Record<string, Options>
