import { printPath } from '../core/path.ts'
import type { Alias, Document, Node, Path } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import type { Scanned } from './format.ts'
import { type Container, contentsOf, isContainer, nodeOf, type Place, placeIn, rootPlace } from './yaml-edit-place.ts'
import type { YamlEntry, YamlLeaf } from './yaml-nodes.ts'

/** How far a path leads in a text. */
export interface Found {
  /** Index of the document. */
  readonly document: number
  /** From the root to the last node that is there; empty in a document without a root. */
  readonly places: readonly Place[]
  /** How many steps of the path are there. */
  readonly depth: number
}

/**
 * Walks a path as far as it leads.
 *
 * Of several documents it is the first, unless the path's first step is not in it but in exactly one of the others.
 *
 * @throws KmsfileError `PATH_NOT_FOUND` where the way leads through a scalar or an alias, past the end of a list, or into
 * more than one of the later documents.
 */
export function find(source: Scanned, path: Path): Found {
  const index = documentOf(source, path)
  const document = source.documents[index] as Document
  if (document.root === undefined) return { document: index, places: [], depth: 0 }
  const places = [rootPlace(source.text, document)]
  for (const depth of path.keys()) {
    const place = places.at(-1) as Place
    const at = stepInto(document, place.node, path, depth)
    if (at === undefined) return { document: index, places, depth }
    places.push(placeIn(source.text, place, at))
  }
  return { document: index, places, depth: path.length }
}

function documentOf({ documents }: Scanned, path: Path): number {
  const step = path[0]
  if (step === undefined || has(documents[0], step)) return 0
  // What is past the end of one list is not meant to be in another.
  if (typeof step === 'number' && documents[0]?.root?.kind === 'list') return 0
  const others = [...documents.keys()].filter((i) => i > 0 && has(documents[i], step))
  if (others.length > 1) {
    throw notFound(`${printPath([step])} is not in the first document, but in ${others.length} others`)
  }
  return others[0] ?? 0
}

function has(document: Document | undefined, step: string | number): boolean {
  const root = document?.root
  if (root === undefined || !isContainer(root)) return false
  return (root.kind === 'list') === (typeof step === 'number') && contentsOf(root)[indexOf(root, step)] !== undefined
}

/** Index of the step's entry or item; undefined where it can be added. */
function stepInto(document: Document, node: Node, path: Path, depth: number): number | undefined {
  const step = path[depth] as string | number
  const here = () => printPath(path.slice(0, depth))
  if (node.kind === 'alias') {
    throw notFound(`${here()} is an alias of the anchor ${node.name}`, hintFor(document, node, path.slice(depth)))
  }
  // Nothing stands there yet, so nothing is lost.
  if (node.kind === 'leaf' && (node as YamlLeaf).style === 'empty' && node.tag === undefined) return undefined
  if (!isContainer(node)) throw notFound(`${here()} is no ${typeof step === 'number' ? 'list' : 'map'}`)
  if ((node.kind === 'list') !== (typeof step === 'number')) {
    if (node.kind === 'map') throw notFound(`${here()} is no list`)
    throw notFound(`${here()} is a list, not a map`, 'Give an index in brackets: [0].')
  }
  const index = indexOf(node, step)
  const { length } = contentsOf(node)
  if (index > length || index < 0) {
    throw notFound(`${printPath(path.slice(0, depth + 1))} is past the end of the list`)
  }
  return index === length ? undefined : index
}

/** Where an entry or item stands; the number of entries if it is not there. */
function indexOf(container: Container, step: string | number): number {
  if (typeof step === 'number') return step
  const entries = contentsOf(container) as readonly YamlEntry[]
  const index = entries.findIndex(({ key }) => key === step)
  return index === -1 ? entries.length : index
}

function hintFor({ root }: Document, alias: Alias, rest: Path): string {
  const path = root && pathTo(root, alias.target)
  return path === undefined
    ? 'Set the value at the anchor instead.'
    : `Set it at the anchor instead: ${printPath([...path, ...rest])}.`
}

function pathTo(node: Node, target: Node): Path | undefined {
  if (node === target) return []
  if (!isContainer(node)) return undefined
  for (const [i, item] of contentsOf(node).entries()) {
    const below = pathTo(nodeOf(item), target)
    if (below !== undefined) return [item.kind === 'entry' ? item.key : i, ...below]
  }
  return undefined
}

export function notFound(problem: string, hint?: string): KmsfileError {
  return new KmsfileError(problem, { code: 'PATH_NOT_FOUND', hint })
}
