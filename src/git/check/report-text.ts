import { grouped } from '../../core/grouped.ts'
import { printPath } from '../../core/path.ts'
import { shellWord } from '../../host/shell-words.ts'
import type { Finding, Verdict } from './finding.ts'
import { fixesOf } from './report-fixes.ts'
import { counted, shownPath } from './report-words.ts'

/** What is going on while a check finds something. */
export interface Occasion {
  /** What cannot be done with what is refused: `committed`, `pushed`. */
  readonly done: 'committed' | 'pushed' | 'accepted' | 'let pass'
  /** How to do it once more, for the one file that somebody lets pass; undefined where nobody can. */
  readonly command?: string | undefined
}

/** Places of one file that are listed, and files. */
const MAX_PLACES = 3
const MAX_FILES = 20

const PLAINTEXT: ReadonlySet<Verdict> = new Set([
  'plaintext',
  'partly-encrypted',
  'stray-comment',
  'stray-metadata',
  'rule-removed',
  'leftover',
])

/** What is found, for people: refusals with what to do about them, then notes. Empty where nothing is. */
export function reportLines(findings: readonly Finding[], occasion: Occasion): readonly string[] {
  const refused = findings.filter(({ severity }) => severity === 'refuse')
  return [...(refused.length > 0 ? refusal(refused, occasion) : []), ...notes(findings)]
}

function refusal(refused: readonly Finding[], { done, command }: Occasion): readonly string[] {
  const paths = [...new Set(refused.map(({ path }) => path))].filter((path) => path !== '')
  const files = counted(paths.length, 'file')
  const leaks = refused.every(({ verdict }) => PLAINTEXT.has(verdict))
  const subject = paths.length === 0 ? 'this' : files
  const what = leaks ? `${files} would put plaintext into the repository` : `${subject} cannot be ${done}`
  const staged = done === 'committed' && refused.some(({ verdict }) => PLAINTEXT.has(verdict))
  const [only] = paths.length === 1 ? paths : []
  return [
    `kmsfile: refused: ${what}`,
    ...findingLines(refused).map((line) => `  ${line}`),
    ...fixesOf(refused, { done }).map((fix) => `fix:  ${fix}`),
    ...(staged
      ? ['note: the staged plaintext is already in the object store of this clone; kmsfile git scrub removes it']
      : []),
    ...(only === undefined || command === undefined || !canBeAllowed(refused)
      ? []
      : [`one file, one time: KMSFILE_ALLOW_PLAINTEXT=${shellWord(only)} ${command}`]),
  ]
}

function canBeAllowed(refused: readonly Finding[]): boolean {
  return refused.every(({ verdict }) => verdict !== 'configuration' && verdict !== 'unmerged')
}

function notes(findings: readonly Finding[]): readonly string[] {
  return findings
    .filter(({ severity }) => severity === 'note')
    .map((finding) => `kmsfile: note: ${placeText(finding)}: ${subject(finding)}${finding.message}`)
}

function subject({ keys }: Finding): string {
  return keys === undefined ? '' : `${printPath(keys)} `
}

/** One line for each place, in columns; many places of one file are only counted. */
export function findingLines(findings: readonly Finding[], { all = false } = {}): readonly string[] {
  const files = [...grouped(findings, ({ commit, path }) => JSON.stringify([commit, path])).values()]
  const listed = all ? files : files.slice(0, MAX_FILES)
  const rows = listed.flatMap((places) => {
    const shown = all ? places : places.slice(0, MAX_PLACES)
    const more = places.length - shown.length
    const lines = shown.map((each) => [
      placeText(each),
      each.keys === undefined ? '' : printPath(each.keys),
      `${each.message}${spread(each)}`,
    ])
    const [first] = places
    return more > 0 && first !== undefined
      ? [...lines, [placeText({ ...first, line: undefined }), '', `and ${more} more`]]
      : lines
  })
  const rest = files.length - listed.length
  return [...inColumns(rows), ...(rest > 0 ? [`and ${counted(rest, 'file')} more`] : [])]
}

/** How long it was there, and where it got. */
function spread({ lastCommit, remotes }: Finding): string {
  const until = lastCommit === undefined ? '' : `, until ${lastCommit.slice(0, 10)}`
  return remotes === undefined || remotes.length === 0 ? until : `${until}, on ${remotes.join(', ')}`
}

/** `COMMIT FILE:LINE`, as far as it is known. */
export function placeText({ commit, path, line }: Pick<Finding, 'commit' | 'path' | 'line'>): string {
  const where = commit === undefined ? [] : [commit.slice(0, 10)]
  // Some concern no file, but all of them.
  const file = path === '' ? [] : [`${shownPath(path)}${line === undefined ? '' : `:${line}`}`]
  return [...where, ...file].join(' ') || 'the repository'
}

/** The longest place may be longer than a screen; then it has a line that is longer, and the others are as they would be. */
const MAX_COLUMN = 60

function inColumns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, text] of row.entries()) widths[i] = Math.min(MAX_COLUMN, Math.max(widths[i] ?? 0, text.length))
  }
  return rows.map((row) =>
    row
      .map((text, i) => (widths[i] === 0 ? '' : `${text.padEnd(widths[i] ?? 0)}   `))
      .join('')
      .trimEnd(),
  )
}
