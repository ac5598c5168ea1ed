import type { Selection } from './selection.ts'
import type { Comment, Entry, Node } from './tree.ts'

/**
 * The comments that count for what a walk meets, where a selector goes by comments: those before a value in its own
 * container and in every container around it.
 */
export interface ActiveComments {
  /** Whether a value here is encrypted. */
  selects(): boolean
  /** Takes a comment that is met, and says whether it is encrypted itself. */
  meet(comment: Comment): boolean
  open(): void
  close(): void
  /** An item is done: the comments before it count no more. An item that is a comment of sops lets them count on. */
  pass(item?: Node): void
}

/** Undefined for selectors that go by keys. */
export function activeComments(selection: Selection): ActiveComments | undefined {
  if (!selection.byComment) return undefined
  const excludesItself = selection.selector.kind === 'encrypted-comment-regex'
  /** Of each open container: whether a comment of it matches. */
  const levels: boolean[] = []
  const selects = () => selection.selects(levels.includes(true))
  return {
    selects,
    meet({ text }) {
      const matches = selection.matches(text)
      const before = selects()
      levels[levels.length - 1] ||= matches
      // The line that asks for encryption must stay readable, or nobody could see it on the way back.
      return excludesItself ? before : selects()
    },
    open: () => levels.push(false),
    close: () => levels.pop(),
    pass(item) {
      const isComment = item?.kind === 'leaf' && item.text.endsWith(',type:comment]')
      if (!isComment) levels[levels.length - 1] = false
    },
  }
}

/** Items in the order in which sops has them: a comment behind a value counts for the value. */
export function commentsFirst<T extends Entry | Node>(items: readonly (T | Comment)[]): readonly (T | Comment)[] {
  const ordered: (T | Comment)[] = []
  for (const item of items) {
    const before = ordered.at(-1)
    if (item.kind === 'comment' && item.inline && before !== undefined && isScalar(before)) {
      ordered.splice(ordered.length - 1, 0, item)
    } else ordered.push(item)
  }
  return ordered
}

function isScalar(item: Entry | Node | Comment): boolean {
  if (item.kind === 'entry') return item.value.kind === 'leaf' || item.value.kind === 'alias'
  return item.kind === 'leaf' || item.kind === 'alias'
}
