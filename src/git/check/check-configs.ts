import type { Repository } from '../../vcs/repository.ts'
import type { ListedEntry } from './check-listing.ts'
import { pairRecords } from './check-pairs.ts'
import { emptyTree } from './check-revisions.ts'

/** The configurations in trees, by the id of the tree: one process, however many there are. */
export async function configsOf(
  repository: Repository,
  trees: Iterable<string>,
): Promise<ReadonlyMap<string, readonly ListedEntry[]>> {
  const found = new Map<string, ListedEntry[]>(Array.from(trees, (tree) => [tree, []]))
  if (found.size === 0) return found
  // Of two trees, of which one is empty, the difference is the other; and only configurations are asked for.
  const patterns = [':(glob)**/.kmsfile.yaml', ':(glob)**/.sops.yaml']
  const args = ['diff-tree', '--stdin', '-r', '--raw', '--no-renames', '--no-abbrev', '-z', '--', ...patterns]
  const input = [...found.keys()].map((tree) => `${emptyTree(tree)} ${tree}\n`).join('')
  let entries: ListedEntry[] = []
  for await (const record of pairRecords(repository.stream(args, { input }))) {
    if (typeof record === 'string') entries = found.get(record.split(' ')[1] ?? '') ?? []
    else entries.push({ ...record, stage: 0 })
  }
  return found
}
