import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mentionsEncryption } from '../../operations/inspect.ts'
import type { ObjectReader, Repository } from '../../vcs/repository.ts'
import { type Change, type ListedEntry, parseChanges } from './check-listing.ts'
import type { Finding } from './finding.ts'
import { formatOf } from './judge-demand.ts'
import type { Policy } from './policy.ts'

/** What is being put together: what both sides come from, and what comes to HEAD. */
interface Merge {
  readonly base: string
  readonly theirs: string
}

/**
 * Where a merge, a pick or a revert is about to be committed: secrets files that both sides changed and of which one side is
 * taken whole. It may be meant so; where a merge driver failed it is what `git add` of its conflict makes, unseen.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function droppedSides(
  repository: Repository,
  entries: readonly ListedEntry[],
  { reader, policy }: { readonly reader: ObjectReader; readonly policy: Policy },
): Promise<readonly Finding[]> {
  const merge = await mergeOf(repository)
  if (merge === undefined) return []
  const [ours, theirs] = await Promise.all([
    changesBetween(repository, merge.base, 'HEAD'),
    changesBetween(repository, merge.base, merge.theirs),
  ])
  const results = new Map(entries.flatMap(({ key, id, stage }) => (stage === 0 ? [[key, id]] : [])))
  const both = theirs.flatMap((change): (Change & { dropped: 'ours' | 'theirs' })[] => {
    const own = ours.find(({ key }) => key === change.key)
    const result = results.get(change.key)
    if (own === undefined || own.id === change.id || (result !== own.id && result !== change.id)) return []
    return [{ ...change, id: result, dropped: result === own.id ? 'theirs' : 'ours' }]
  })
  const findings: Finding[] = []
  for (const { path, id, dropped } of both) {
    if (!policy.manages(path) && (formatOf(path) === undefined || !(await isEncrypted(reader, id)))) continue
    const message = `both sides changed it, and what ${dropped} changed is dropped`
    findings.push({ verdict: 'side-dropped', severity: 'note', path, message })
  }
  return findings
}

async function mergeOf(repository: Repository): Promise<Merge | undefined> {
  const { gitDir } = repository
  const merged = await headIn(gitDir, 'MERGE_HEAD')
  if (merged !== undefined) {
    // 1: two histories that have nothing in common.
    const { stdout } = await repository.git(['merge-base', 'HEAD', merged], { exitCodes: [0, 1] })
    const base = Buffer.from(stdout).toString('latin1').trim()
    return base === '' ? undefined : { base, theirs: merged }
  }
  const reverted = await headIn(gitDir, 'REVERT_HEAD')
  if (reverted !== undefined)
    return (await hasParent(repository, reverted)) ? { base: reverted, theirs: `${reverted}^` } : undefined
  const picked = (await headIn(gitDir, 'CHERRY_PICK_HEAD')) ?? (await headIn(gitDir, 'REBASE_HEAD'))
  if (picked === undefined || !(await hasParent(repository, picked))) return undefined
  return { base: `${picked}^`, theirs: picked }
}

/** The commit that git notes in a file of its own while something is under way; of several the first. */
async function headIn(gitDir: string, name: string): Promise<string | undefined> {
  const text = await readFile(join(gitDir, name), 'latin1').catch(() => '')
  return /^[0-9a-f]{40,64}/.exec(text)?.[0]
}

async function hasParent(repository: Repository, commit: string): Promise<boolean> {
  const args = ['rev-parse', '--verify', '--quiet', `${commit}^`]
  return (await repository.git(args, { exitCodes: [0, 1] })).exitCode === 0
}

async function changesBetween(repository: Repository, from: string, to: string): Promise<readonly Change[]> {
  const args = ['diff-tree', '-r', '--raw', '--no-renames', '--no-abbrev', '-z', from, to, '--']
  return parseChanges((await repository.git(args)).stdout)
}

async function isEncrypted(reader: ObjectReader, id: string): Promise<boolean> {
  for await (const object of reader.read([id]))
    return object?.content !== undefined && mentionsEncryption(object.content)
  return false
}
