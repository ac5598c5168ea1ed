import { printPath } from '../../core/path.ts'
import type { KmsfileError } from '../../errors.ts'
import { type EditResult, edit as editFile } from '../../operations/edit.ts'
import { printPlace, type TreeChange } from '../../operations/tree-changes.ts'
import { type Cli, type Command, READ_OPTIONS, RULE_OPTIONS } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { textOf } from '../flags.ts'
import { reportError } from '../report.ts'
import { counted } from '../words.ts'
import { withWorkspace } from '../workspace.ts'

const MAX_NAMED = 5

export const edit: Command = {
  usage: 'edit <file>',
  summary: 'Change a file in your editor. What you do not touch keeps its bytes; a file that does not exist is made.',
  positionals: { file: { type: 'string', describe: 'a file' } },
  options: { ...READ_OPTIONS, ...RULE_OPTIONS },
  examples: [
    ['kmsfile edit secrets/prod.yaml', 'open it; kmsfile secrets/prod.yaml does the same'],
    ['KMSFILE_EDITOR=nano kmsfile edit secrets/prod.yaml', 'choose the editor; VISUAL and EDITOR count as well'],
  ],
  run: (args, cli) =>
    withWorkspace(args, cli, async (workspace) => {
      const file = String(args['file'])
      const { terminal } = cli.host
      const result = await editFile(workspace, file, {
        inputType: textOf(args, 'input-type'),
        filenameOverride: textOf(args, 'filename-override'),
        askAgain: terminal && ((problem) => askAgain(cli, terminal, problem)),
      })
      if (cli.json) await cli.outJson(dataOf(file, result))
      tell(cli, file, result)
      return result.outcome === 'discarded' ? EXIT.file : undefined
    }),
}

async function askAgain(
  { host, color }: Cli,
  terminal: NonNullable<Cli['host']['terminal']>,
  problem: KmsfileError,
): Promise<boolean> {
  reportError(problem, host, { json: false, color })
  const answer = await terminal.ask('Press Enter to go back to the editor, or type q to throw the edit away: ')
  return !/^q(uit)?$/i.test(answer.trim())
}

function tell(cli: Cli, file: string, result: EditResult): void {
  if (result.outcome === 'discarded') {
    cli.say(`${file}: nothing was changed`)
    return
  }
  const added = result.added.map(printPath).join(', ')
  if (result.outcome === 'unchanged') {
    cli.say(`${file}: ${result.exists ? 'no changes' : 'not made, since the example was not changed'}`)
    if (added !== '') cli.warn(`not encrypted: ${added}`, { file, hint: `kmsfile encrypt -i ${file}` })
    return
  }
  const { created, written, changes } = result
  const { encrypted, kept, readable, whole } = written
  if (whole !== undefined) cli.warn(`encrypted as one value, keys and all: ${whole}`, { file })
  else if (created) {
    const left = readable > 0 ? `, ${readable} left readable` : ''
    cli.say(`${file}: made, ${counted(encrypted, 'value')} encrypted${left}`)
  } else {
    cli.say(`${file}: ${summaryOf(changes)}, ${kept} kept their bytes`)
    if (added !== '') cli.say(`${file}: ${added} encrypted`)
  }
}

const VERBS = { added: 'added', changed: 'changed', retyped: 'changed', removed: 'removed', moved: 'moved' } as const

/** `1 value changed (db.password), 2 removed (a, b)`. */
function summaryOf(changes: readonly TreeChange[] | undefined): string {
  if (changes === undefined) return 'changed'
  const places = new Map<string, string[]>()
  for (const verb of ['added', 'changed', 'moved', 'removed']) places.set(verb, [])
  for (const change of changes) {
    if (change.kind in VERBS) places.get(VERBS[change.kind as keyof typeof VERBS])?.push(printPlace(change))
  }
  const parts = [...places].filter(([, list]) => list.length > 0)
  if (parts.length === 0) return 'only comments, order or layout changed'
  return parts
    .map(([verb, list], i) => `${i === 0 ? counted(list.length, 'value') : list.length} ${verb} (${named(list)})`)
    .join(', ')
}

function named(places: readonly string[]): string {
  const rest = places.length - MAX_NAMED
  return places.slice(0, MAX_NAMED).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

function dataOf(file: string, result: EditResult) {
  if (result.outcome !== 'saved') return { file, outcome: result.outcome }
  const { created, written, changes } = result
  return {
    file,
    outcome: created ? 'created' : 'changed',
    changes: changes?.map((change) => ({ kind: change.kind, path: printPlace(change) })),
    encrypted: written.encrypted,
    kept: written.kept,
    readable: written.readable,
  }
}
