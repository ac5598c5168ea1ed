import type { Repository } from '../../vcs/repository.ts'
import { type Change, changeOf } from './check-listing.ts'
import { type Commit, type Commits, emptyTree } from './check-revisions.ts'

/** What a commit changes. */
export interface CommitChanges {
  readonly commit: Commit
  /** Of each parent, in their order, how the commit differs from it; of a first commit, all that it has. */
  readonly changes: readonly (readonly Change[])[]
}

/**
 * Lists what commits change, parents before their children, every path of them: a content that lies at two places is met at
 * both, and what a merge adds of its own is met as well.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function* changesOf(repository: Repository, { commits, trees }: Commits): AsyncGenerator<CommitChanges> {
  const pairs = commits.map(({ tree, parents }) =>
    (parents.length === 0 ? [emptyTree(tree)] : parents.map((parent) => trees.get(parent) ?? emptyTree(tree))).map(
      (from) => `${from} ${tree}`,
    ),
  )
  const input = pairs.map((lines) => lines.map((line) => `${line}\n`).join('')).join('')
  if (input === '') return
  // Two trees a line are printed before what differs between them, also where nothing does.
  const args = ['diff-tree', '--stdin', '-r', '--raw', '--no-renames', '--no-abbrev', '-z']
  const records = pairRecords(repository.stream(args, { input }))

  let record = await records.next()
  for (const [i, commit] of commits.entries()) {
    const changes: Change[][] = []
    for (const pair of pairs[i] as readonly string[]) {
      if (record.value !== pair) throw new Error('git compared other trees than it was asked to')
      const own: Change[] = []
      for (record = await records.next(); typeof record.value === 'object'; record = await records.next()) {
        own.push(record.value)
      }
      changes.push(own)
    }
    yield { commit, changes }
  }
}

/** What `git diff-tree --stdin -z` prints for pairs of trees: each pair, `ID ID`, and then what differs. */
export async function* pairRecords(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string | Change, undefined> {
  for await (const part of partsOf(chunks)) {
    let head = part.head
    // Pairs end with a line feed, all else with a zero byte.
    for (let end = head.indexOf('\n'); end !== -1; end = head.indexOf('\n')) {
      yield head.slice(0, end)
      head = head.slice(end + 1)
    }
    if (head !== '') yield changeOf(head, part.path)
  }
  return undefined
}

/** Texts that end with a zero byte, one character a byte, two at a time: the second is a path, which may hold anything. */
async function* partsOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<{ head: string; path: string }> {
  let rest = ''
  let head: string | undefined
  for await (const chunk of chunks) {
    const parts = (rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1')).split('\0')
    rest = parts.pop() ?? ''
    for (const part of parts) {
      if (head === undefined) head = part
      else {
        yield { head, path: part }
        head = undefined
      }
    }
  }
  // Pairs of which nothing comes behind.
  yield { head: rest, path: '' }
}
