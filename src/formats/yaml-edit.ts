import { printPath } from '../core/path.ts'
import type { Document, Path } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import { type Edit, FormatError, type PlainValue, type Scanned } from './format.ts'
import { splice } from './splice.ts'
import { additions, addRoot, fillBrackets } from './yaml-edit-add.ts'
import { keepAnchors, keepMerges } from './yaml-edit-anchors.ts'
import { type Change, isChanged, isValue, nest } from './yaml-edit-check.ts'
import { type Found, find, notFound } from './yaml-edit-find.ts'
import { type Layout, layoutOf } from './yaml-edit-layout.ts'
import { lineBreakNear, startsLine } from './yaml-edit-lines.ts'
import { contentsOf, isContainer, itemEnd, type Place } from './yaml-edit-place.ts'
import { printRoot } from './yaml-edit-print.ts'
import { removals } from './yaml-edit-remove.ts'
import { replaceNode } from './yaml-edit-replace.ts'
import { scanYaml } from './yaml-scan.ts'

/**
 * Edits that set one value in the style of what stands around it, making the maps on the way; an index one past the end
 * of a list appends. Comments, anchors and what is not on the lines of the value stay as they are.
 *
 * Of several documents it is the first that is edited, unless the path's first key is not in it but in exactly one other.
 * A value that is set to what it is already gives no edits.
 *
 * @throws KmsfileError `PATH_NOT_FOUND` where the way leads through a scalar or an alias, or past a list's end.
 * @throws FormatError `FORMAT_VALUE` where an alias or a merge key would be left without what it needs,
 * `FORMAT_TOO_DEEP`, and `FORMAT_UNSUPPORTED` where the text has no place for the value that every reader finds.
 */
export function setYaml(source: Scanned, path: Path, value: PlainValue): Edit[] {
  const found = find(source, path)
  const place = found.places.at(-1)
  // The first step that is missing may be the end of a list; the lists that are made are empty.
  const made = place !== undefined && isContainer(place.node) ? found.depth + 1 : found.depth
  const beyond = path.findIndex((step, depth) => depth >= made && typeof step === 'number' && step !== 0)
  if (beyond !== -1) throw notFound(`${printPath(path.slice(0, beyond + 1))} is past the end of the list`)

  if (found.depth === path.length && place?.node.kind === 'leaf' && isValue(value, place.node)) return []
  if (found.depth === path.length && place !== undefined && isContainer(place.node)) {
    const { start, end } = place.node
    keepAnchors(source, found, { start, end, kept: found.places.map(({ node }) => node) })
  }
  return firstSound(source, settings(source, found, path, value), { document: found.document, path, value })
}

/**
 * Edits that remove one value with its lines. Comments above it stay; those on its lines and inside of it go. A map that
 * loses its last entry is `{}`, a list `[]`.
 *
 * @throws KmsfileError `PATH_NOT_FOUND`; `PATH_INVALID` for the root.
 * @throws FormatError `FORMAT_VALUE` if an alias elsewhere refers to it, `FORMAT_UNSUPPORTED` where what is left would
 * have another meaning.
 */
export function unsetYaml(source: Scanned, path: Path): Edit[] {
  if (path.length === 0) throw new KmsfileError('the root of a file cannot be removed', { code: 'PATH_INVALID' })
  const found = find(source, path)
  const { document, places, depth } = found
  const place = places.at(-1)
  if (place === undefined || depth < path.length) {
    throw notFound(`there is nothing at ${printPath(path.slice(0, depth + 1))}`)
  }
  const end = Math.max(place.ready, itemEnd(source.text, place.node))
  keepAnchors(source, found, { start: place.start, end, kept: places.slice(0, -1).map(({ node }) => node) })
  return firstSound(source, removals(source.text, places), { document, path, value: undefined })
}

/** Ways to set a value, the best first. */
function* settings(source: Scanned, found: Found, path: Path, value: PlainValue): Generator<Edit[]> {
  const { text } = source
  const document = source.documents[found.document] as Document
  const place = found.places.at(-1)
  const layout = {
    ...layoutOf(source, found.document),
    eol: lineBreakNear(text, placeEnd(document, place)) ?? source.eol,
  }
  // Strings in quotes stand wherever literal blocks do not.
  for (const literals of [true, false]) yield* laidOut({ ...layout, literals })

  function* laidOut(layout: Layout): Generator<Edit[]> {
    if (place === undefined) {
      yield addRoot(text, document.end, printRoot(nest(path, 0, value), layout), layout.eol)
    } else if (found.depth === path.length) {
      yield replaceNode(text, place, value, layout)
    } else if (!isContainer(place.node)) {
      yield replaceNode(text, place, nest(path, found.depth, value), layout)
    } else {
      const step = path[found.depth]
      const added = { key: typeof step === 'string' ? step : undefined, value: nest(path, found.depth + 1, value) }
      if (contentsOf(place.node).length > 0) yield* additions(text, place, added, layout)
      else {
        if (canGrow(text, place)) yield replaceNode(text, place, nest(path, found.depth, value), layout)
        yield fillBrackets(text, place, added)
      }
    }
  }
}

/** Empty brackets become lines where that leaves nothing behind. */
function canGrow(text: string, { node, flow, parent }: Place): boolean {
  if (flow || (parent === undefined && !startsLine(text, node.start))) return false
  return /^[{[]\s*[\]}]$/.test(text.slice(node.start, node.end))
}

function placeEnd({ end }: Document, place: Place | undefined): number {
  return place === undefined ? end : place.node.end
}

/** The first edits that make the change and nothing else, as the scanner reads the result. */
function firstSound(source: Scanned, ways: Iterable<Edit[]>, change: Change): Edit[] {
  let problem: FormatError | undefined
  for (const edits of ways) {
    const after = scanOrProblem(splice(source.text, edits))
    if (after instanceof FormatError) problem = after
    else if (isChanged(source, after, change, edits)) {
      keepMerges(source.documents[change.document] as Document, after.documents[change.document] as Document, source)
      return edits
    }
  }
  if (problem?.code === 'FORMAT_TOO_DEEP') throw problem
  throw new FormatError('the text around the value does not allow this change', source.text, {
    code: 'FORMAT_UNSUPPORTED',
    offset: source.documents[change.document]?.root?.start ?? 0,
    hint: 'make the change in an editor: kmsfile edit FILE',
  })
}

function scanOrProblem(text: string): Scanned | FormatError {
  try {
    return scanYaml(text)
  } catch (error) {
    if (error instanceof FormatError) return error
    throw error
  }
}
