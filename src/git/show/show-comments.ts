import { difference } from '../../core/merge-diff.ts'
import type { Document, Node } from '../../core/tree.ts'

/** A comment that came or went. */
export interface CommentChange {
  readonly sign: '+' | '-'
  readonly text: string
}

/** Comments that came and went, whatever they stand beside. Undefined where there are too many to compare them. */
export function commentDifferences(
  before: readonly Document[],
  after: readonly Document[],
): readonly CommentChange[] | undefined {
  const [old, now] = [before.flatMap(commentsOf), after.flatMap(commentsOf)]
  const numbers = new Map<string, number>()
  const numberOf = (text: string) => {
    numbers.set(text, numbers.get(text) ?? numbers.size)
    return numbers.get(text) as number
  }
  const changed = difference(old.map(numberOf), now.map(numberOf))
  if (changed === undefined) return undefined
  return [
    ...old.filter((_, i) => changed.left[i]).map((text): CommentChange => ({ sign: '-', text })),
    ...now.filter((_, j) => changed.right[j]).map((text): CommentChange => ({ sign: '+', text })),
  ]
}

/** In the order of the text, but for those outside of the root, which come first. */
function commentsOf({ root, comments }: Document): readonly string[] {
  const found = comments.map(({ text }) => text)
  const visit = (node: Node): void => {
    if (node.kind !== 'map' && node.kind !== 'list') return
    for (const item of node.items) {
      if (item.kind === 'comment') found.push(item.text)
      else visit(item.kind === 'entry' ? item.value : item)
    }
  }
  if (root !== undefined) visit(root)
  return found
}
