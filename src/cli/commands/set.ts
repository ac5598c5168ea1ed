import { parsePath, printPath } from '../../core/path.ts'
import type { Path } from '../../core/tree.ts'
import { KmsfileError } from '../../errors.ts'
import { FormatError, type PlainValue } from '../../formats/format.ts'
import { readPlainValue } from '../../formats/json-value.ts'
import { readStdin } from '../../host/files.ts'
import { decodeText } from '../../host/utf8.ts'
import { readNamed } from '../../operations/secrets-file.ts'
import { changeValue } from '../../operations/set.ts'
import { type Arguments, type Cli, type Command, READ_OPTIONS, RULE_OPTIONS } from '../command.ts'
import { refuseBoth, textOf, usage } from '../flags.ts'
import { tellChange } from '../value-change.ts'
import { withWorkspace } from '../workspace.ts'

export const set: Command = {
  usage: 'set <file> <path> [value]',
  summary:
    'Change one value; everything else keeps its bytes. Without VALUE it is taken as text from stdin, or asked for ' +
    'without showing it; the line break at the end of a single line does not count.',
  positionals: {
    file: { type: 'string', describe: 'a file; it is made if it does not exist' },
    path: { type: 'string', describe: 'a.b[0], or ["a"]["b"][0]; what is missing on the way is made' },
    value: { type: 'string', describe: 'JSON: \'"text"\', 12, true, {"a": 1}; others see it in the process list' },
  },
  options: {
    'value-stdin': { type: 'boolean', describe: 'read VALUE, as JSON, from stdin' },
    'value-file': { type: 'boolean', describe: 'read VALUE, as JSON, from the file of that name' },
    idempotent: { type: 'boolean', describe: 'as for sops: a value that is set already is no error (it never is)' },
    ...READ_OPTIONS,
    ...RULE_OPTIONS,
  },
  examples: [
    ['kmsfile set secrets/prod.yaml db.password', 'ask for it'],
    ['kmsfile set secrets/prod.yaml db.password < new-password', 'take it from a file, as it is'],
    ['kmsfile set secrets/prod.yaml db.port 5433', 'set a number'],
    ['kmsfile set secrets/prod.yaml hosts[2] \'"db3"\'', 'set an item of a list, or append it'],
  ],
  run: (args, cli) =>
    withWorkspace(args, cli, async (workspace) => {
      const file = String(args['file'])
      const path = parsePath(String(args['path']))
      const value = await newValue(args, cli, path)
      const result = await changeValue(workspace, file, {
        path,
        value,
        inputType: textOf(args, 'input-type'),
        filenameOverride: textOf(args, 'filename-override'),
      })
      await tellChange(cli, { file, path, result })
      return undefined
    }),
}

async function newValue(args: Arguments, { host }: Cli, path: Path): Promise<PlainValue> {
  const value = textOf(args, 'value')
  refuseBoth(args, 'value-stdin', 'value-file')
  if (args['value-stdin'] === true) {
    if (value !== undefined) throw usage('VALUE and --value-stdin contradict each other')
    return jsonValue(decodeText(await readStdin(host), '-'), 'stdin')
  }
  // `--value-file=NAME` is a false one to the parser.
  if (args['value-file'] === false || (args['value-file'] === true && value === undefined)) {
    throw usage('--value-file needs the name of the file after it', 'kmsfile set FILE PATH --value-file NAME')
  }
  if (args['value-file'] === true) return jsonValue(await readNamed(host, value as string), 'the file')
  if (value !== undefined) return jsonValue(value, 'VALUE')
  if (host.stdin.isTTY !== true) return rawText(decodeText(await readStdin(host), '-'))
  if (host.terminal === undefined) {
    throw new KmsfileError('the new value is not given', {
      code: 'INPUT_NEEDED',
      hint: 'give it on stdin, or as JSON on the command line',
    })
  }
  return typed(await host.terminal.askHidden(`New value of ${printPath(path)} (not shown): `))
}

/** The parser's own message is not passed on: it may quote the value. */
function jsonValue(text: string, source: string): PlainValue {
  try {
    return readPlainValue(text)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw new KmsfileError(
      `${source} is no JSON${error.code === 'FORMAT_DUPLICATE_KEY' ? ': a key is repeated' : ''}`,
      {
        code: 'VALUE_INVALID',
        hint: 'put a text in quotes (\'"text"\'), or give it on stdin as it is: kmsfile set FILE PATH < TEXT',
      },
    )
  }
}

/** Editors and `echo` end a line that nobody wants at the end of a password; a text of several lines stays as it is. */
function rawText(text: string): string {
  if (text === '') throw empty('stdin is empty')
  return /^[^\n]*\n$/.test(text) ? text.replace(/\r?\n$/, '') : text
}

function typed(text: string): string {
  if (text === '') throw empty('nothing was typed')
  return text
}

function empty(message: string): KmsfileError {
  return new KmsfileError(message, { code: 'VALUE_INVALID', hint: 'for an empty text give \'""\' as VALUE' })
}
