/** A file of a tree or of the index. */
export interface ListedEntry {
  /** Six octal digits: `100644`, `120000` for a link, `160000` for a submodule. */
  readonly mode: string
  readonly id: string
  /** 0, or 1 to 3 where the index holds the sides of a merge. */
  readonly stage: number
  /** For rules and people; where a name is not UTF-8, not enough to find it again. */
  readonly path: string
  /** The bytes of the path, one character each: tells all names apart. */
  readonly key: string
}

/** One path that differs between two trees. Ids are all zeros and modes `000000` on the side that does not have it. */
export interface Change {
  readonly oldMode: string
  readonly mode: string
  readonly oldId: string
  readonly id: string
  readonly path: string
  readonly key: string
}

/** What `git ls-files --stage -z` and `git ls-tree -r -z` print. */
export function parseEntries(bytes: Uint8Array): readonly ListedEntry[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  const entries: ListedEntry[] = []
  for (let start = 0; start < text.length; ) {
    const tab = text.indexOf('\t', start)
    const end = text.indexOf('\0', tab)
    if (tab === -1 || end === -1) break
    // `MODE ID STAGE`, or `MODE TYPE ID`.
    const [mode = '', second = '', third = ''] = text.slice(start, tab).split(' ')
    const key = text.slice(tab + 1, end)
    const inIndex = third.length === 1
    entries.push({ mode, id: inIndex ? second : third, stage: inIndex ? Number(third) : 0, path: decoded(key), key })
    start = end + 1
  }
  return entries
}

/** What `git diff-index --raw -z` and the like print, without renames. */
export function parseChanges(bytes: Uint8Array): readonly Change[] {
  const parts = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1').split('\0')
  const changes: Change[] = []
  for (let at = 0; at + 1 < parts.length; at += 2) changes.push(changeOf(parts[at] as string, parts[at + 1] as string))
  return changes
}

/** One change from its two parts: `:MODE MODE ID ID STATUS`, and the path. */
export function changeOf(head: string, key: string): Change {
  const [oldMode = '', mode = '', oldId = '', id = ''] = head.slice(1).split(' ')
  return { oldMode, mode, oldId, id, path: decoded(key), key }
}

/** Whether an id is that of no object. */
export function isNothing(id: string): boolean {
  return /^0+$/.test(id)
}

/** Whether it is the id of the empty file, in SHA-1 or SHA-256. It may be named where nobody ever wrote it. */
export function isEmptyFile(id: string): boolean {
  return (
    id === 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391' ||
    id === '473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813'
  )
}

export function isFile(mode: string): boolean {
  return mode.startsWith('100')
}

export const LINK = '120000'

function decoded(key: string): string {
  return /^[\x00-\x7f]*$/.test(key) ? key : Buffer.from(key, 'latin1').toString('utf8')
}
