import type { Edit } from './format.ts'
import {
  afterSpaces,
  afterWhiteSpace,
  lineEnd,
  lineStart,
  nextLine,
  previousLineEnd,
  startsLine,
} from './yaml-edit-lines.ts'
import { type Container, type Content, contentsOf, itemExtent, nodeOf, type Place } from './yaml-edit-place.ts'
import { removeInFlow } from './yaml-edit-remove-flow.ts'

/**
 * Ways to remove the last node of `places`, the best first: what stands in front of it may be read another way by
 * what then follows. Comments above it stay, those on its lines and inside of it go.
 */
export function removals(text: string, places: readonly Place[]): Edit[][] {
  const place = places.at(-1) as Place
  const container = place.parent as Container
  const items = contentsOf(container)
  const index = items.findIndex((item) => nodeOf(item) === place.node)
  if (container.flow) return [removeInFlow(text, place, index)]

  const end = lineEnd(text, itemExtent(text, items[index] as Content))
  if (items.length === 1) return [emptyBlock(text, place, { outer: places.at(-2) as Place, end })]
  // The first one on the line of a dash: the next one moves up.
  if (!startsLine(text, place.start)) return [[{ start: place.start, end: afterWhiteSpace(text, end), text: '' }]]
  return cutLines(text, lineStart(text, place.start), end)
}

function cutLines(text: string, start: number, end: number): Edit[][] {
  const next = nextLine(text, end)
  const cuts = [{ start, end: next, text: '' }]
  // Without a final line break there is none to go with it but the one in front.
  if (end === text.length && start > 0) cuts.unshift({ start: previousLineEnd(text, start), end, text: '' })
  // Behind a block scalar that keeps its blank lines, those that followed would become its own.
  let last = next
  while (last < text.length && afterSpaces(text, last) === lineEnd(text, last)) last = nextLine(text, last)
  if (last > next) cuts.push({ start, end: last, text: '' })
  return cuts.map((cut) => [cut])
}

/** A block collection that loses its only entry becomes empty brackets. */
function emptyBlock(
  text: string,
  { start }: Place,
  { outer, end }: { readonly outer: Place; readonly end: number },
): Edit[] {
  const brackets = outer.node.kind === 'map' ? '{}' : '[]'
  if (outer.parent === undefined || !startsLine(text, outer.node.start)) return [{ start, end, text: brackets }]
  return [
    { start: outer.ready, end: outer.ready, text: ` ${brackets}` },
    { start: previousLineEnd(text, lineStart(text, start)), end, text: '' },
  ]
}
