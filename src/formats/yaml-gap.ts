import type { Comment } from '../core/tree.ts'

/** A comment that is not yet part of a container. */
interface Pending extends Comment {
  readonly column: number
}

/**
 * Reads what stands between the tokens of a YAML text: white space, comments, indicators, document markers.
 *
 * It only ever moves forward, so that a whole scan takes time linear in the text.
 */
export interface Gap {
  position(): number
  /** Start of the line that the gap stands in. */
  lineStart(): number
  /** Moves to the start of a token, over indicators; comments on the way are kept for {@link take}. */
  to(offset: number): void
  /** Moves behind a token. */
  past(offset: number): void
  /** Moves over white space and comments alone. */
  overComments(): void
  /** Moves behind the next character if it is this indicator; says where it stands then. */
  indicator(code: number): number
  /** Moves to the header of a block scalar: `|` or `>`. */
  toHeader(): void
  /** Moves to a closing bracket. */
  toCloser(code: number): void
  /** Moves behind the directives and the marker that start a document; returns the directives' lines. */
  toDocument(explicitStart: boolean): readonly string[]
  /** Moves behind the marker that ends a document, if there is one. */
  documentEnd(): void
  toEnd(): void
  /** Comments met since the last call. */
  take(): readonly Comment[]
  /** Those of them that share a line with the token before. */
  takeInline(): readonly Comment[]
  /** Those of them, up to the first that does not, that are indented at least to `column`. */
  takeFromColumn(column: number): readonly Comment[]
}

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const TAB = 0x09
const HASH = 0x23
const COMMENT_BEHIND = /[ \t]#/

export function startGap(text: string): Gap {
  let at = 0
  let lineStart = 0
  /** No token on this line so far. */
  let fresh = true
  let pending: Pending[] = []

  function overComments(): void {
    for (;;) {
      const code = text.charCodeAt(at)
      if (code === LF) {
        at++
        lineStart = at
        fresh = true
      } else if (code === SPACE || code === TAB || code === CR) at++
      else if (code === HASH && startsComment()) readComment()
      else if (code === 0xfeff && at === lineStart) at++
      else return
    }
  }

  function startsComment(): boolean {
    if (at === lineStart) return true
    const before = text.charCodeAt(at - 1)
    return before === SPACE || before === TAB || before === LF || before === CR || before === 0xfeff
  }

  function readComment(): void {
    let end = text.indexOf('\n', at)
    if (end === -1) end = text.length
    const start = at
    at = end
    if (text.charCodeAt(end - 1) === CR) end--
    const content = text.slice(start + 1, end)
    pending.push({ kind: 'comment', text: content, start, end, inline: !fresh, column: start - lineStart })
  }

  function past(offset: number): void {
    if (offset > at) {
      // A slice, because a search in the text would go on back to the start of the line, however long that is.
      const lastBreak = text.slice(at, offset).lastIndexOf('\n')
      if (lastBreak !== -1) lineStart = at + lastBreak + 1
      at = offset
    }
    fresh = at > 0 && text.charCodeAt(at - 1) === LF
  }

  function overOne(): void {
    at++
    fresh = false
  }

  function until(reached: () => boolean): void {
    overComments()
    while (at < text.length && !reached()) {
      overOne()
      overComments()
    }
  }

  function to(offset: number): void {
    overComments()
    while (at < offset && at < text.length) {
      overOne()
      overComments()
    }
  }

  function marker(sign: string): boolean {
    return at === lineStart && text.startsWith(sign, at)
  }

  function takeWhile(belongs: (comment: Pending) => boolean): readonly Comment[] {
    if (pending.length === 0) return pending
    const foreign = pending.findIndex((comment) => !belongs(comment))
    const taken = foreign === -1 ? pending : pending.slice(0, foreign)
    pending = foreign === -1 ? [] : pending.slice(foreign)
    return taken
  }

  return {
    position: () => at,
    lineStart: () => lineStart,
    past,
    overComments,
    to,
    indicator(code) {
      overComments()
      if (text.charCodeAt(at) === code) overOne()
      return at
    },
    toHeader: () => until(() => text.charCodeAt(at) === 0x7c || text.charCodeAt(at) === 0x3e),
    toCloser: (code) => until(() => text.charCodeAt(at) === code),
    toDocument(explicitStart) {
      const directives: string[] = []
      overComments()
      while (marker('...')) {
        past(at + 3)
        overComments()
      }
      while (explicitStart && !marker('---') && at < text.length) {
        const end = text.indexOf('\n', at)
        const line = text.slice(at, end === -1 ? text.length : end)
        const comment = line.search(COMMENT_BEHIND)
        const directive = comment === -1 ? line : line.slice(0, comment + 1)
        directives.push(directive.trimEnd())
        past(at + directive.length)
        overComments()
      }
      if (explicitStart) past(at + 3)
      return directives
    },
    documentEnd() {
      if (marker('...')) past(at + 3)
    },
    toEnd: () => until(() => at >= text.length),
    take: () => takeWhile(isComment),
    takeInline: () => takeWhile(isInline),
    takeFromColumn: (column) => takeWhile((comment) => comment.column >= column),
  }
}

function isComment(): boolean {
  return true
}

function isInline({ inline }: Pending): boolean {
  return inline
}
