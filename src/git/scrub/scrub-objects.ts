import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Repository } from '../../vcs/repository.ts'
import { borrowedStores, otherRoots } from './scrub-roots.ts'

/** A content in the object store that nothing leads to: no branch, tag, stash or reflog, and not the index. */
export interface LostContent {
  readonly id: string
  /** In bytes. */
  readonly size: number
}

/**
 * Lists the contents that nothing leads to, those of all work trees considered, and of this store alone. A handful of processes of
 * git, however many there are.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function lostContents(repository: Repository): Promise<readonly LostContent[]> {
  const lost = new Map<string, number>()
  // --unordered: as they lie on the disk, which is quicker.
  const args = ['cat-file', '--batch-all-objects', '--unordered', '--buffer']
  const format = '--batch-check=%(objectname) %(objecttype) %(objectsize)'
  for await (const line of linesOf(repository.stream([...args, format]))) {
    const [id = '', type, size] = line.split(' ')
    if (type === 'blob') lost.set(id, Number(size))
  }
  for (const folder of await borrowedStores(repository)) {
    const options = { env: { GIT_OBJECT_DIRECTORY: folder } }
    for await (const id of linesOf(repository.stream([...args, '--batch-check=%(objectname)'], options)))
      lost.delete(id)
  }
  for await (const id of linesOf(repository.stream([...REACHABLE, ...(await otherRoots(repository))]))) lost.delete(id)
  return Array.from(lost, ([id, size]) => ({ id, size }))
}

/** What is missing here because it was never fetched is no reason to fetch it. */
const REACHABLE = [
  ...['rev-list', '--objects', '--no-object-names', '--missing=allow-promisor'],
  ...['--all', '--reflog', '--indexed-objects'],
]

/**
 * Removes from the object store all that nothing leads to, whatever it is; returns which of the ids that were named are there all the
 * same: in packs that are to be kept, or in the store of another repository.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function removeLost(repository: Repository, ids: readonly string[]): Promise<readonly string[]> {
  const isLoose = (id: string) => existsSync(join(repository.commonDir, 'objects', id.slice(0, 2), id.slice(2)))
  if (!ids.every(isLoose)) {
    // -A: all that is reachable into a new pack, and what is not out of the old ones, by itself; -d: without these then; -l: of
    // this repository alone.
    await repository.git(['repack', '-A', '-d', '-l', '-q'])
  }
  // What somebody else has just written and not yet committed goes as well: nobody should work here meanwhile.
  await repository.git(['prune', '--expire=now', '--', ...(await otherRoots(repository))])
  await rewriteCommitGraph(repository)
  const left: string[] = []
  let next = 0
  for await (const object of repository.catFiles(ids, { maxBytes: 0 })) {
    const id = ids[next++] as string
    if (object !== undefined) left.push(id)
  }
  return left
}

/** A graph that knows commits which are gone makes git take the repository for damaged. */
async function rewriteCommitGraph(repository: Repository): Promise<void> {
  const info = join(repository.commonDir, 'objects', 'info')
  // A chain of several is replaced by a chain of one.
  if (existsSync(join(info, 'commit-graphs'))) {
    await repository.git(['commit-graph', 'write', '--reachable', '--no-progress', '--split=replace'])
  } else if (existsSync(join(info, 'commit-graph'))) {
    await repository.git(['commit-graph', 'write', '--reachable', '--no-progress'])
  }
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
