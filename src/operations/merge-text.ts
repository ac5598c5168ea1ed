import { type Choice, type MergeConflict, type MergedTrees, mergeTrees } from '../core/merge.ts'
import { agrees } from '../core/merge-agreement.ts'
import { type LineMerge, mergeLines } from '../core/merge-lines.ts'
import type { ThreeWay } from '../core/merge-sequences.ts'
import { mergeUnits } from '../core/merge-units.ts'
import type { Leaf, Node } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import type { Format, Scanned } from '../formats/format.ts'
import { tryScan } from '../formats/try-scan.ts'
import { repairCommas } from './merge-commas.ts'
import { type CommentSources, keepComments } from './merge-comments.ts'
import { editTowards, type SpellingOf } from './merge-edits.ts'

/** Three versions of a text, merged. */
export interface MergedText {
  readonly text: string
  /** In the text, each is as chosen. */
  readonly conflicts: readonly MergeConflict[]
  /** The text has no tree of string keys, and was merged by its lines, or is in conflict as a whole. */
  readonly treeless: boolean
}

export interface TextOptions {
  readonly choices?: readonly (Choice | undefined)[] | undefined
  /** See `mergeTrees`; asked only where git merges the lines. Default: true. */
  readonly bold?: boolean | undefined
}

/**
 * Merges three versions of a text as somebody would who sees them: by lines, as git does, where that says the same as a merge
 * of the trees; else so that it does, with the comments, the order and the spelling that are there. A base that is empty is
 * that of a file which both sides made.
 *
 * @throws KmsfileError `FORMAT_UNSUPPORTED` where the changes of both sides cannot be put into one text
 */
export async function mergeTexts(
  format: Format,
  texts: ThreeWay<string>,
  { choices, bold = true }: TextOptions = {},
): Promise<MergedText> {
  const bom = mergeFlag(texts, (text) => text.startsWith('\ufeff'))
  const bare = mapThree(texts, (text) => text.replace(/^\ufeff/, ''))
  const found = mapThree(bare, (text) => scanText(format, text))
  const { base, ours, theirs } = found
  const lines = mergeLines(bare)
  if (base === undefined || ours === undefined || theirs === undefined) return treeless(texts, lines, choices)
  const sources = { base: bare.base === '' ? { ...base, documents: [] } : base, ours, theirs }
  const { text, conflicts } = await mergeScanned(format, sources, { lines, choices, bold })
  return { text: bom ? `\ufeff${text}` : text, conflicts, treeless: false }
}

interface Context {
  readonly lines: LineMerge | undefined
  readonly choices: readonly (Choice | undefined)[] | undefined
  readonly bold: boolean
}

async function mergeScanned(format: Format, sources: ThreeWay<Scanned>, { lines, choices, bold }: Context) {
  const trees = mapThree(sources, ({ documents }) => documents)
  const strict = mergeTrees(trees)
  if (lines?.text !== undefined) {
    const says = scanText(format, lines.text)?.documents
    const isSame = (merged: MergedTrees) => says !== undefined && merged.conflicts.length === 0 && agrees(says, merged)
    if (isSame(strict) || (bold && isSame(mergeTrees(trees, { bold })))) return { text: lines.text, conflicts: [] }
  }
  const spellingOf = spellings(sources)
  const withOurs = await textOf(format, sources, { merged: strict, lines, spellingOf })
  if (strict.conflicts.length === 0 || choices === undefined) return { text: withOurs, conflicts: strict.conflicts }
  const chosen = mergeTrees(trees, { choices })
  const taken = strict.conflicts.map((_, i) => {
    const choice = choices[i] ?? 'ours'
    return typeof choice === 'string' ? choice : undefined
  })
  const text = await firstThatAgrees(format, { sources, merged: chosen, taken }, [
    () => withOurs,
    () => editTowards(format, withOurs, { merged: chosen, spellingOf }),
    () => editTowards(format, sources.theirs.text, { merged: chosen, spellingOf }),
  ])
  return { text, conflicts: chosen.conflicts }
}

/** A text that says what the merge of the trees says. */
async function textOf(
  format: Format,
  sources: ThreeWay<Scanned>,
  { merged, lines, spellingOf }: { merged: MergedTrees; lines: LineMerge | undefined; spellingOf: SpellingOf },
): Promise<string> {
  const { ours, theirs } = sources
  const about = { sources, merged, taken: merged.conflicts.map(() => 'ours' as const) }
  const commas = format.name === 'json'
  const units = lines && mergeUnits(lines, sources, { eol: ours.eol, commas })
  const united = units !== undefined && commas ? repairCommas(units) : units
  return firstThatAgrees(format, about, [
    () => united,
    () => united && editTowards(format, united, { merged, spellingOf }),
    () => editTowards(format, ours.text, { merged, spellingOf }),
    () => editTowards(format, theirs.text, { merged, spellingOf }),
  ])
}

type Attempt = () => string | undefined | Promise<string | undefined>

/** The first text that says what the merge says, with all comments that are to be in it. */
async function firstThatAgrees(format: Format, about: CommentSources, attempts: readonly Attempt[]): Promise<string> {
  for (const attempt of attempts) {
    const text = await attempt()
    const scanned = text === undefined || text === '' ? undefined : scanText(format, text)
    if (text === undefined || scanned === undefined || !agrees(scanned.documents, about.merged)) continue
    // JSON has none.
    const complete = format.name === 'json' ? text : keepComments(format, scanned, about)
    if (complete !== undefined) return complete
  }
  throw new KmsfileError('the changes of both sides cannot be put into one text', {
    code: 'FORMAT_UNSUPPORTED',
    hint: 'take one side, then make the change of the other: kmsfile git resolve --ours FILE, kmsfile edit FILE',
  })
}

/** A text without a tree is merged by its lines, or not at all. */
function treeless(
  texts: ThreeWay<string>,
  lines: LineMerge | undefined,
  choices: readonly (Choice | undefined)[] | undefined,
): MergedText {
  const { base, ours, theirs } = texts
  const clean = base === ours ? theirs : base === theirs || ours === theirs ? ours : lines?.text
  if (clean !== undefined) return { text: clean, conflicts: [], treeless: true }
  const conflict = { document: 0, path: [], base: whole(base), ours: whole(ours), theirs: whole(theirs) }
  const [choice = 'ours'] = choices ?? []
  const chosen = typeof choice === 'object' ? choice.node : conflict[choice]
  return { text: chosen?.kind === 'leaf' ? chosen.text : ours, conflicts: [conflict], treeless: true }
}

function whole(text: string): Leaf | undefined {
  return text === '' ? undefined : { kind: 'leaf', type: 'str', text, start: 0, end: text.length }
}

/** A text without anything in it is a file without documents. */
function scanText(format: Format, text: string): Scanned | undefined {
  return tryScan(format, text.trim() === '' ? format.emit([]) : text)
}

function spellings({ ours, theirs }: ThreeWay<Scanned>): SpellingOf {
  const texts = new Map<Node, string>()
  for (const { documents, text } of [ours, theirs]) {
    for (const { root } of documents) if (root !== undefined) collect(root, text)
  }
  return (leaf) => {
    const text = texts.get(leaf)
    return text?.slice(leaf.start, leaf.end)
  }

  function collect(node: Node, text: string): void {
    if (node.kind === 'leaf') texts.set(node, text)
    else if (node.kind !== 'alias') {
      for (const item of node.items)
        if (item.kind !== 'comment') collect(item.kind === 'entry' ? item.value : item, text)
    }
  }
}

function mergeFlag(texts: ThreeWay<string>, of: (text: string) => boolean): boolean {
  const [base, ours, theirs] = [of(texts.base), of(texts.ours), of(texts.theirs)]
  return base === ours ? theirs : ours
}

function mapThree<T, R>({ base, ours, theirs }: ThreeWay<T>, of: (each: T) => R): ThreeWay<R> {
  return { base: of(base), ours: of(ours), theirs: of(theirs) }
}
