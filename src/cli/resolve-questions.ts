import { parsePath, printPath } from '../core/path.ts'
import { KmsfileError } from '../errors.ts'
import type { UnresolvedFile } from '../git/merge/resolve.ts'
import type { Decision, OpenQuestion } from '../operations/resolve.ts'
import { editAnswer } from '../operations/resolve-edit.ts'
import type { Workspace } from '../operations/workspace.ts'
import type { Cli } from './command.ts'
import { usage } from './flags.ts'
import { escaped, reportError } from './report.ts'

/** What flags say about conflicts. */
export interface Answers {
  /** For all that no path is named for. */
  readonly side: 'ours' | 'theirs' | undefined
  /** For what stands at a path or below it. */
  readonly paths: ReadonlyMap<string, 'ours' | 'theirs'>
}

/** Reads `--path KEY=ours`. @throws KmsfileError `USAGE`, `PATH_INVALID` */
export function pathAnswers(texts: readonly string[]): Answers['paths'] {
  const answers = new Map<string, 'ours' | 'theirs'>()
  for (const text of texts) {
    const [, path, side] = /^([\s\S]+)=(ours|theirs)$/.exec(text) ?? []
    if (path === undefined) throw usage('--path takes KEY=ours or KEY=theirs')
    const named = printPath(parsePath(path))
    if ((answers.get(named) ?? side) !== side) throw usage(`--path says ours and theirs for ${named}`)
    answers.set(named, side as 'ours' | 'theirs')
  }
  return answers
}

/**
 * Decides every conflict of a file: as flags say, else by asking on the terminal. Undefined where the person gave up.
 *
 * @throws KmsfileError `INPUT_NEEDED` where nobody can be asked; `USAGE` for a path that is in no conflict
 */
export async function decide(
  workspace: Workspace,
  cli: Cli,
  { file, answers }: { readonly file: UnresolvedFile; readonly answers: Answers },
): Promise<readonly Decision[] | undefined> {
  const { questions } = file.resolution
  refuseUnknown(file, answers)
  const decisions: Decision[] = []
  for (const question of questions) {
    const answer = answerOf(question, answers) ?? (await ask(workspace, cli, { file, question }))
    if (answer === undefined) return undefined
    decisions.push(answer)
  }
  return decisions
}

function answerOf({ path }: OpenQuestion, { paths, side }: Answers): Decision | undefined {
  // The longest says most exactly what is meant.
  const depth = (named: string) => (named === '.' ? 0 : named.length)
  const [nearest = ''] = [...paths.keys()].filter((each) => isBelow(path, each)).sort((a, b) => depth(b) - depth(a))
  return paths.get(nearest) ?? side
}

function isBelow(path: string, above: string): boolean {
  return path === above || above === '.' || path.startsWith(`${above}.`) || path.startsWith(`${above}[`)
}

function refuseUnknown({ name, resolution }: UnresolvedFile, { paths }: Answers): void {
  for (const named of paths.keys()) {
    if (resolution.questions.some(({ path }) => isBelow(path, named))) continue
    const places = resolution.questions.map(({ path }) => path).join(', ')
    throw new KmsfileError(`there is no conflict at ${named}`, {
      code: 'USAGE',
      file: name,
      hint: places === '' ? 'nothing is left to decide: leave --path out' : `name one that is there: ${places}`,
    })
  }
}

const HELP = [
  's   show the versions',
  'o   take ours',
  't   take theirs',
  'e   write another value in the editor',
  'q   stop; the file stays as it is',
]

interface Asked {
  readonly file: UnresolvedFile
  readonly question: OpenQuestion
}

/** Asks until there is an answer; undefined for who gives up. */
async function ask(workspace: Workspace, cli: Cli, { file, question }: Asked): Promise<Decision | undefined> {
  const { terminal } = cli.host
  const place = question.document === 0 ? question.path : `${question.path} (document ${question.document + 1})`
  if (terminal === undefined) {
    throw new KmsfileError(`a question needs an answer: which version of ${place}`, {
      code: 'INPUT_NEEDED',
      file: file.name,
      hint: 'answer it with --ours, --theirs, or --path KEY=ours',
    })
  }
  const line = `${place}   ${question.what}     [s]how [o]urs [t]heirs [e]dit [q]uit ? `
  let shown = ''
  for (;;) {
    const answer = (await terminal.ask(`${shown}${escaped(line)}`)).trim().toLowerCase()
    shown = ''
    if (answer === 'o' || answer === 'ours') return 'ours'
    if (answer === 't' || answer === 'theirs') return 'theirs'
    if (answer === 'q' || answer === 'quit') return undefined
    if (answer === 's' || answer === 'show') shown = versionsText(file, question)
    else if (answer === 'e' || answer === 'edit') {
      const text = await edited(workspace, cli, { file, question })
      if (text !== undefined) return { text }
    } else shown = `${HELP.join('\n')}\n`
  }
}

async function edited(workspace: Workspace, cli: Cli, { file, question }: Asked): Promise<string | undefined> {
  try {
    const text = await editAnswer(workspace, file, question)
    if (text !== undefined) question.check(text)
    return text
  } catch (error) {
    if (!(error instanceof KmsfileError) || error.code === 'INTERRUPTED') throw error
    reportError(error, cli.host, { json: false, color: cli.color })
    return undefined
  }
}

/** All versions, as they may be read on a terminal. Nothing in them steers it. */
function versionsText({ labels }: UnresolvedFile, question: OpenQuestion): string {
  return (['base', 'ours', 'theirs'] as const)
    .map((side) => {
      const text = question.show(side)
      const label = labels[side] === side ? side : `${side} (${labels[side]})`
      if (text === undefined) return `${escaped(label)}: not there\n`
      const lines = escaped(text.replace(/\n$/, '')).split('\n')
      return lines.length === 1 ? `${escaped(label)}: ${lines[0]}\n` : `${escaped(label)}:\n  ${lines.join('\n  ')}\n`
    })
    .join('')
}
