import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectReader, Repository } from '../../vcs/repository.ts'

/** An {@link ObjectReader} that may know of a clone which left contents at its remote. */
export interface CheckedObjects extends ObjectReader {
  /** Whether contents may be missing here that the remote has; then a missing one was not made here. Absent: no. */
  readonly isPartial?: boolean
  /** Fetches, in one go, what is missing of these, where that is allowed and there is something. */
  prepare?(ids: readonly string[]): Promise<void>
}

export interface ObjectsOptions {
  /** Fetches what is missing. Otherwise it stays missing: a hook makes no connection. */
  readonly fetch: boolean
}

/**
 * Opens the objects of a repository. In a partial clone git itself would fetch each missing object by a connection of its own,
 * or die where it cannot; so it is never asked for one.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function openObjects(repository: Repository, { fetch }: ObjectsOptions): Promise<CheckedObjects> {
  const reader = await repository.objectReader()
  if (!(await isPartialClone(repository))) return reader
  const present = await presentObjects(repository)
  const prepare = async (ids: readonly string[]) => {
    const missing = [...new Set(ids.filter((id) => isLacking(id, present)))]
    if (!fetch || missing.length === 0) return
    await fetchObjects(repository, missing)
    for (const id of missing) present.add(id)
  }
  return {
    isPartial: true,
    prepare,
    async *read(names, options) {
      await prepare(names)
      const asked = names.filter((name) => !isLacking(name, present))
      const objects = reader.read(asked, options)
      for (const name of names) yield isLacking(name, present) ? undefined : (await objects.next()).value
      // To its end, as it has to be.
      await objects.next()
    },
    close: reader.close,
  }
}

/** Other names than ids lead to commits and trees, which are there. */
function isLacking(name: string, present: ReadonlySet<string>): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(name) && !/^0+$/.test(name) && !present.has(name)
}

/** What git fetches from such a remote lies in packs that are marked so. */
async function isPartialClone({ commonDir }: Repository): Promise<boolean> {
  const names = await readdir(join(commonDir, 'objects/pack')).catch(() => [])
  return names.some((name) => name.endsWith('.promisor'))
}

async function presentObjects(repository: Repository): Promise<Set<string>> {
  const present = new Set<string>()
  let rest = ''
  const args = ['cat-file', '--batch-all-objects', '--unordered', '--buffer', '--batch-check=%(objectname)']
  for await (const chunk of repository.stream(args)) {
    const lines = (rest + Buffer.from(chunk).toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) present.add(line)
  }
  return present
}

async function fetchObjects(repository: Repository, ids: readonly string[]): Promise<void> {
  const { stdout } = await repository.git(['config', '--null', '--get-regexp', '^remote\\..*\\.promisor$'], {
    exitCodes: [0, 1],
  })
  const [, remote = 'origin'] =
    /^remote\.([\s\S]*)\.promisor\ntrue$/m.exec(Buffer.from(stdout).toString('utf8').split('\0')[0] ?? '') ?? []
  // As git does it when it needs them itself: nothing but these objects, no negotiation, no tags, no refs.
  const args = ['-c', 'fetch.negotiationAlgorithm=noop', 'fetch', '--quiet', '--no-tags', '--no-write-fetch-head']
  const more = ['--recurse-submodules=no', '--no-auto-gc', '--filter=blob:none', '--stdin', '--end-of-options', remote]
  await repository.git([...args, ...more], { input: ids.map((id) => `${id}\n`).join('') })
}
