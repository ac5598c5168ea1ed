import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Repository } from '../../vcs/repository.ts'
import { type Checked, checkEntries } from './check-entries.ts'
import { type Change, isFile, isNothing, type ListedEntry, parseChanges, parseEntries } from './check-listing.ts'
import { type CheckedObjects, openObjects } from './check-objects.ts'
import { type CheckOptions, problemsOf } from './check-options.ts'
import { policyLoader } from './check-policy.ts'
import { readableInWorkTree } from './check-work-tree.ts'
import { compareChanges } from './compare-changes.ts'
import { droppedSides } from './compare-merge.ts'
import { comparePolicies } from './compare-policies.ts'
import { type Descent, newStrays } from './compare-strays.ts'
import type { Finding } from './finding.ts'
import { isPolicyPath, type Policy, policyOf, unitedPolicy } from './policy.ts'
import { openVerdictCache } from './verdict-cache.ts'

export interface IndexOptions extends CheckOptions {
  /** A merge is about to be made of which git has not noted yet what it merges; it asks once more when it has. Default: false. */
  readonly isMerging?: boolean | undefined
  /** Also reminds of plaintext that lies in the work tree. Default: false. */
  readonly workTree?: boolean | undefined
}

export interface CheckedIndex extends Checked {
  /** Of the work tree, which is not what is judged. */
  readonly reminders: readonly Finding[]
}

/**
 * Judges what the next commit would hold: the whole index, whatever is in the work tree, by the rules in it and by those of
 * the last commit; and what the changes since that commit do. Three processes of git, however many files there are; nothing
 * is written but what is remembered.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function checkIndex(
  repository: Repository,
  { version, isMerging = false, workTree = false }: IndexOptions,
): Promise<CheckedIndex> {
  const reader = await openObjects(repository, { fetch: false })
  try {
    const [entries, changes, cache] = await Promise.all([
      // --stage: with modes and ids. All of it, so that what was committed past a hook is found the next time.
      repository.git(['ls-files', '--stage', '-z']).then(({ stdout }) => parseEntries(stdout)),
      changesSinceHead(repository),
      openVerdictCache(repository.commonDir, { version }),
    ])
    const loader = policyLoader(reader)
    const configs = entries.filter(({ path, stage }) => isPolicyPath(path) && (stage === 0 || stage === 2))
    const own = await loader.load(configs, ':')
    const before = changes === undefined ? await policyOf([]) : await loader.load(undone(configs, changes), 'HEAD:')
    const policy = unitedPolicy([own, before])

    const checked = await checkEntries(entries, {
      reader,
      cache,
      policy,
      reasons: { own, before: [before] },
    })
    const changed = changes ?? additions(entries)
    const compared = await replacedByReplays(repository, await compareChanges(reader, changed, { policy }), {
      reader,
      changed,
    })
    const strays = isMerging ? [] : await newStrays(reader, await descentsOf(repository, changed), { policy })
    const reminders = workTree ? await readable(repository, entries, { policy, found: checked.findings }) : []
    const dropped = await droppedSides(repository, entries, { reader, policy })
    await cache.save()
    const findings = [
      ...problemsOf(own),
      ...checked.findings,
      ...strays,
      ...compared,
      ...comparePolicies(before, own),
      ...dropped,
    ]
    return { ...checked, findings, reminders }
  } finally {
    reader.close()
  }
}

/** What the index changes in the last commit; undefined where there is none yet. */
async function changesSinceHead(repository: Repository): Promise<readonly Change[] | undefined> {
  // --cached: the work tree is of no interest. --no-renames: a file that moves is judged where it arrives.
  const args = ['diff-index', '--cached', '--raw', '--no-renames', '--no-abbrev', '-z', 'HEAD', '--']
  const { stdout, exitCode } = await repository.git(args, { exitCodes: [0, 128] })
  if (exitCode === 0) return parseChanges(stdout)
  // 1: nothing is committed yet. Anything else that is wrong is said by git in the first call's stead.
  const { exitCode: unborn } = await repository.git(['rev-parse', '--verify', '--quiet', 'HEAD'], { exitCodes: [0, 1] })
  return unborn === 1 ? undefined : parseChanges((await repository.git(args)).stdout)
}

/** All that a first commit has. */
function additions(entries: readonly ListedEntry[]): readonly Change[] {
  return entries
    .filter(({ stage }) => stage === 0)
    .map(({ mode, id, path, key }) => ({ oldMode: '000000', mode, oldId: '0'.repeat(id.length), id, path, key }))
}

/** Of files that change: what they were in the last commit, and in the commits that are being merged. */
async function descentsOf(repository: Repository, changes: readonly Change[]): Promise<readonly Descent[]> {
  const merged = await readFile(join(repository.gitDir, 'MERGE_HEAD'), 'latin1').catch(() => '')
  const heads = merged.match(/^[0-9a-f]{40,64}$/gm) ?? []
  return changes
    .filter(({ mode, id, oldId }) => isFile(mode) && !isNothing(id) && id !== oldId)
    .map(({ path, id, oldId }) => ({ path, id, from: [oldId, ...heads.map((head) => `${head}:${path}`)] }))
}

/** What is found in the index is not said of the work tree again. */
async function readable(
  repository: Repository,
  entries: readonly ListedEntry[],
  { policy, found }: { readonly policy: Policy; readonly found: readonly Finding[] },
): Promise<readonly Finding[]> {
  const said = new Set(found.map(({ path }) => path))
  const paths = entries.flatMap(({ path, mode, stage }) =>
    stage === 0 && isFile(mode) && !said.has(path) && policy.manages(path) ? [path] : [],
  )
  return readableInWorkTree(repository, paths, { policy })
}

/** How long somebody who commits waits for the history of files that say they are older than before. */
const TIMEOUT_MS = 1000

/**
 * Looks whether files that say they are older than before were so once. Only then is history asked for: a MAC goes with a time,
 * so that an earlier one brings an earlier time along.
 */
async function replacedByReplays(
  repository: Repository,
  findings: readonly Finding[],
  { reader, changed }: { readonly reader: CheckedObjects; readonly changed: readonly Change[] },
): Promise<readonly Finding[]> {
  const paths = new Set(findings.flatMap(({ verdict, path }) => (verdict === 'rolled-back' ? [path] : [])))
  if (paths.size === 0) return findings
  const older = changed.filter(({ path }) => paths.has(path))
  const { replaysSince } = await import('./compare-history.ts')
  const replays = await replaysSince(repository, older, { reader, base: 'HEAD', timeoutMs: TIMEOUT_MS })
  const known = new Set(replays.map(({ path }) => path))
  return [...findings.filter(({ verdict, path }) => verdict !== 'rolled-back' || !known.has(path)), ...replays]
}

/** Configurations as they were before the changes. */
function undone(configs: readonly ListedEntry[], changes: readonly Change[]): readonly ListedEntry[] {
  const before = new Map(configs.map((entry) => [entry.key, entry]))
  for (const { key, path, oldMode, oldId } of changes) {
    if (!isPolicyPath(path)) continue
    if (isNothing(oldId)) before.delete(key)
    else before.set(key, { mode: oldMode, id: oldId, stage: 0, path, key })
  }
  return [...before.values()]
}
