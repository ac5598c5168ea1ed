import { append } from '../core/append.ts'
import type { MergedTrees } from '../core/merge.ts'
import { isAs } from '../core/merge-agreement.ts'
import { entriesOf, hasDoubles, itemsOf, nameOf } from '../core/merge-identity.ts'
import { nameOfItem } from '../core/merge-lists.ts'
import type { Leaf, Node, Path } from '../core/tree.ts'
import { startExpansion } from '../core/walk.ts'
import { KmsfileError } from '../errors.ts'
import { editorOf } from '../formats/editors.ts'
import type { Edit, Format, FormatEditor, PlainValue, Scanned } from '../formats/format.ts'
import { splice } from '../formats/splice.ts'

/** How a value is spelled in the text that it comes from; undefined for one that comes from none. */
export type SpellingOf = (leaf: Leaf) => string | undefined

/**
 * Changes a text, value by value, so that it says what the merge says; everything else in it stays. Undefined where that
 * cannot be done: the format has no place for a change, or somebody else would read the result in another way.
 */
export async function editTowards(
  format: Format,
  text: string,
  { merged, spellingOf }: { readonly merged: MergedTrees; readonly spellingOf: SpellingOf },
): Promise<string | undefined> {
  const editor = await editorOf(format.name)
  try {
    const source = format.scan(text)
    if (source.documents.length !== merged.roots.length) return undefined
    merged.identity.add(source.documents)
    const steps = source.documents.flatMap(({ root }, document) =>
      stepsTowards(root, merged.roots[document], { document, path: [] }, merged),
    )
    return apply(format, source, steps, { editor, spellingOf })
  } catch (error) {
    if (error instanceof KmsfileError) return undefined
    throw error
  }
}

interface Place {
  readonly document: number
  readonly path: Path
}

/** One change of a text: the value that is to stand at a place, undefined where none is. */
interface Step extends Place {
  readonly node: Node | undefined
  /** The scalar whose place it takes, another scalar. */
  readonly leaf: Leaf | undefined
}

function stepsTowards(
  from: Node | undefined,
  to: Node | undefined,
  place: Place,
  merged: MergedTrees,
): readonly Step[] {
  if (from !== undefined && to !== undefined && isAs(from, to, merged)) return []
  if (from?.kind === 'map' && to?.kind === 'map' && !hasDoubles(from) && !hasDoubles(to)) {
    return stepsInMap(from, to, place, merged)
  }
  if (from?.kind === 'list' && to?.kind === 'list') {
    const steps = stepsInList(itemsOf(from), itemsOf(to), place, merged)
    if (steps !== undefined) return steps
  }
  return [{ ...place, node: to, leaf: from?.kind === 'leaf' && to?.kind === 'leaf' ? from : undefined }]
}

function stepsInMap(
  from: Extract<Node, { kind: 'map' }>,
  to: Extract<Node, { kind: 'map' }>,
  { document, path }: Place,
  merged: MergedTrees,
): readonly Step[] {
  const [old, wanted] = [from, to].map((map) => new Map(entriesOf(map).map((entry) => [nameOf(entry), entry])))
  const steps: Step[] = []
  for (const [name, { key }] of old ?? []) {
    if (!wanted?.has(name)) steps.push({ document, path: [...path, key], node: undefined, leaf: undefined })
  }
  for (const [name, { key, value }] of wanted ?? []) {
    const before = old?.get(name)?.value
    const place = { document, path: [...path, key] }
    if (before === undefined) steps.push({ ...place, node: value, leaf: undefined })
    else append(steps, stepsTowards(before, value, place, merged))
  }
  return steps
}

/** Takes away what is gone, changes what stays, appends what is new; undefined where something stands between. */
function stepsInList(
  from: readonly Node[],
  to: readonly Node[],
  { document, path }: Place,
  merged: MergedTrees,
): readonly Step[] | undefined {
  const idOf = (item: Node) => nameOfItem(item) ?? merged.identity.of(item)
  const [old, wanted] = [from.map(idOf), to.map(idOf)]
  const at = (index: number) => ({ document, path: [...path, index] })
  const others = new Set(wanted)
  if (old.length === wanted.length && old.every((id, i) => id === wanted[i] || !others.has(id))) {
    return from.flatMap((item, i) => stepsTowards(item, to[i], at(i), merged))
  }
  if (new Set(old).size < old.length || new Set(wanted).size < wanted.length) return undefined
  const kept = old.filter((id) => others.has(id))
  if (kept.length === 0 || kept.some((id, i) => id !== wanted[i])) return undefined
  const removals = old.flatMap((id, i) => (others.has(id) ? [] : [{ ...at(i), node: undefined, leaf: undefined }]))
  const changes = kept.flatMap((id, i) =>
    stepsTowards(from[old.indexOf(id)], to[i], at(i), merged).map((step) => ({ ...step, leaf: undefined })),
  )
  const additions = to.slice(kept.length).map((node, i) => ({ ...at(kept.length + i), node, leaf: undefined }))
  // From the last to the first, so that the others keep their numbers.
  return [...removals.reverse(), ...changes, ...additions]
}

interface Application {
  readonly editor: FormatEditor
  readonly spellingOf: SpellingOf
}

/** How many characters may be read anew for one change after the other: some seconds. */
const MAX_READ_CHARS = 20_000_000

function apply(format: Format, source: Scanned, steps: readonly Step[], application: Application): string | undefined {
  // Scalars in the place of scalars, all at once: each other change takes a scan of the whole text.
  const spelled = steps.flatMap((step) => respelled(step, application.spellingOf))
  const after = spelled.length === 0 ? source : replaced(format, source, spelled)
  const rest =
    after === undefined ? steps : steps.filter((step) => respelled(step, application.spellingOf).length === 0)
  if (rest.length * source.text.length > MAX_READ_CHARS) return undefined
  let current = after ?? source
  for (const step of rest) current = format.scan(splice(current.text, editsFor(format, current, step, application)))
  return current.text
}

function respelled({ leaf, node }: Step, spellingOf: SpellingOf): readonly Edit[] {
  const text = node?.kind === 'leaf' && leaf !== undefined ? spellingOf(node) : undefined
  // What has several lines fits the column that it comes from.
  return text === undefined || text === '' || text.includes('\n') || leaf?.start === leaf?.end
    ? []
    : [{ start: leaf?.start ?? 0, end: leaf?.end ?? 0, text }]
}

/** The text with other scalars in it; undefined where it has become another one. */
function replaced(format: Format, source: Scanned, edits: readonly Edit[]): Scanned | undefined {
  try {
    const after = format.scan(splice(source.text, edits))
    return shapeOf(after) === shapeOf(source) ? after : undefined
  } catch (error) {
    if (error instanceof KmsfileError) return undefined
    throw error
  }
}

/** The keys and containers of a text, without its scalars. */
function shapeOf({ documents }: Scanned): string {
  const shape = (node: Node | undefined): unknown => {
    if (node === undefined || node.kind === 'leaf') return node?.kind
    if (node.kind === 'alias') return `*${node.name}`
    if (node.kind === 'list') return itemsOf(node).map(shape)
    return { map: entriesOf(node).map((entry) => [nameOf(entry), shape(entry.value)]) }
  }
  return JSON.stringify(documents.map(({ root }) => shape(root)))
}

function editsFor(
  format: Format,
  source: Scanned,
  { document, path, node }: Step,
  { editor, spellingOf }: Application,
): readonly Edit[] {
  const set = (part: Scanned) =>
    node === undefined
      ? editor.unset(part, path)
      : editor.set(part, path, plainValue(node, spellingOf, startExpansion()))
  const [only] = source.documents
  if (source.documents.length === 1 || only === undefined) return set(source)
  // The editor looks for a path in all documents; so it is shown one alone.
  const { start, end } = source.documents[document] as { start: number; end: number }
  return set(format.scan(source.text.slice(start, end))).map((edit) => ({
    ...edit,
    start: edit.start + start,
    end: edit.end + start,
  }))
}

/** `expand` counts what aliases make of it: without a key, nobody has looked at the file yet. */
function plainValue(node: Node, spellingOf: SpellingOf, expand: (chars: number) => void): PlainValue {
  expand(node.kind === 'leaf' ? node.text.length : 0)
  switch (node.kind) {
    case 'alias':
      return plainValue(node.target, spellingOf, expand)
    case 'map':
      return new Map(entriesOf(node).map(({ key, value }) => [key, plainValue(value, spellingOf, expand)]))
    case 'list':
      return itemsOf(node).map((item) => plainValue(item, spellingOf, expand))
    case 'leaf':
      return plainScalar(node, spellingOf)
    default:
      return node satisfies never
  }
}

function plainScalar(leaf: Leaf, spellingOf: SpellingOf): PlainValue {
  if (leaf.type === 'str') return leaf.text
  if (leaf.type === 'null') return null
  if (leaf.type === 'bool') return leaf.text === 'True'
  const spelled = spellingOf(leaf)
  // A spelling without a tag or quotes is one of a number.
  return { number: spelled !== undefined && /^[\w.+:-]+$/.test(spelled) ? spelled : leaf.text }
}
