import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Repository } from '../vcs/repository.ts'

/** A content in the object store that nothing leads to: no branch, tag, stash or reflog, and not the index. */
export interface LostContent {
  readonly id: string
  /** In bytes. */
  readonly size: number
}

/**
 * Lists the contents that nothing leads to, those of all work trees considered. Three processes of git, however many there are.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function lostContents(repository: Repository): Promise<readonly LostContent[]> {
  const lost = new Map<string, number>()
  // --unordered: as they lie on the disk, which is quicker.
  const format = '--batch-check=%(objectname) %(objecttype) %(objectsize)'
  for await (const line of linesOf(repository.stream(['cat-file', '--batch-all-objects', '--unordered', format]))) {
    const [id = '', type, size] = line.split(' ')
    if (type === 'blob') lost.set(id, Number(size))
  }
  // What is missing here because it was never fetched is no reason to fetch it.
  const args = ['rev-list', '--objects', '--no-object-names', '--missing=allow-promisor']
  for await (const id of linesOf(repository.stream([...args, '--all', '--reflog', '--indexed-objects'])))
    lost.delete(id)
  return Array.from(lost, ([id, size]) => ({ id, size }))
}

/**
 * Removes from the object store all that nothing leads to, whatever it is; returns which of the ids that were named are there all the
 * same: in packs that are to be kept, or in the store of another repository.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function removeLost(repository: Repository, ids: readonly string[]): Promise<readonly string[]> {
  const isLoose = (id: string) => existsSync(join(repository.commonDir, 'objects', id.slice(0, 2), id.slice(2)))
  if (!ids.every(isLoose)) {
    // -a: all that is reachable into a new pack; -d: without the old ones, and so without what is not; -l: of this repository alone.
    await repository.git(['repack', '-a', '-d', '-l', '-q'])
  }
  // What somebody else has just written and not yet committed goes as well: nobody should work here meanwhile.
  await repository.git(['prune', '--expire=now'])
  const left: string[] = []
  let next = 0
  for await (const object of repository.catFiles(ids, { maxBytes: 0 })) {
    const id = ids[next++] as string
    if (object !== undefined) left.push(id)
  }
  return left
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
