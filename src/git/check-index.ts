import type { Repository } from '../vcs/repository.ts'
import { type Checked, checkEntries } from './check-entries.ts'
import { type Change, isNothing, type ListedEntry, parseChanges, parseEntries } from './check-listing.ts'
import { openObjects } from './check-objects.ts'
import { type CheckOptions, problemsOf } from './check-options.ts'
import { policyLoader } from './check-policy.ts'
import { compareChanges } from './compare-changes.ts'
import { droppedSides } from './compare-merge.ts'
import { comparePolicies } from './compare-policies.ts'
import { isPolicyPath, policyOf, unitedPolicy } from './policy.ts'
import { openVerdictCache } from './verdict-cache.ts'

/**
 * Judges what the next commit would hold: the whole index, whatever is in the work tree, by the rules in it and by those of
 * the last commit; and what the changes since that commit do. Three processes of git, however many files there are; nothing
 * is written but what is remembered.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function checkIndex(repository: Repository, { version }: CheckOptions): Promise<Checked> {
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
    const compared = await compareChanges(reader, changes ?? [], { policy })
    const dropped = await droppedSides(repository, entries, { reader, policy })
    await cache.save()
    const findings = [...problemsOf(own), ...checked.findings, ...compared, ...comparePolicies(before, own), ...dropped]
    return { ...checked, findings }
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
