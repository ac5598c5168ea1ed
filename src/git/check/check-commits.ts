import { append } from '../../core/append.ts'
import type { Repository } from '../../vcs/repository.ts'
import { judgeBlobs, judged } from './check-blobs.ts'
import { configsOf } from './check-configs.ts'
import { type Checked, findingsAt, type Place, placeFinder, type Reasons } from './check-entries.ts'
import { type Change, isFile, isNothing, type ListedEntry } from './check-listing.ts'
import type { CheckedObjects } from './check-objects.ts'
import { problemsOf } from './check-options.ts'
import { changesOf } from './check-pairs.ts'
import type { PolicyLoader } from './check-policy.ts'
import type { Commits } from './check-revisions.ts'
import type { Finding } from './finding.ts'
import { formatOf } from './judge-demand.ts'
import { isPolicyPath, type Policy, unitedPolicy } from './policy.ts'
import type { VerdictCache } from './verdict-cache.ts'

export interface CommitsOptions {
  readonly reader: CheckedObjects
  readonly loader: PolicyLoader
  readonly cache: VerdictCache
  /** Policies that every commit is judged by besides its own and its parent's. */
  readonly targets: readonly Policy[]
  /** Policies of what the commits were made from. Default: none. */
  readonly before?: readonly Policy[] | undefined
  /**
   * For history: a configuration that cannot be read stops nothing, since nobody can put right what is long committed, and
   * rules count for what was there before them. Default: false.
   */
  readonly past?: boolean | undefined
  /** More versions of files than this are refused unseen. */
  readonly maxVersions?: number | undefined
  /** A managed file that is larger is refused unseen. Default: as large as anything is looked at. */
  readonly maxBytes?: number | undefined
}

/** A step in the history of a file: a commit gave it another content. */
export interface Step extends Change {
  readonly commit: string
  /** No parent of the commit has it so. */
  readonly isOwn: boolean
}

export interface CheckedCommits extends Checked {
  /** Every step of files that are managed or may be encrypted, from any parent, removals too. Parents before their children. */
  readonly steps: readonly Step[]
  /** By commit: the policy of its own tree. */
  policyOf(commit: string): Policy | undefined
}

/**
 * Judges every version of every file in commits: each by the policy of its commit, of the commit's first parent, and of the
 * targets. What is found is said of the first commit that has it.
 */
export async function checkCommits(
  repository: Repository,
  commits: Commits,
  options: CommitsOptions,
): Promise<CheckedCommits> {
  const { reader, loader, cache, targets, before = [], past = false } = options
  const { maxVersions = Number.POSITIVE_INFINITY, maxBytes } = options
  const findings: Finding[] = []
  const steps: Step[] = []
  const places = new Map<string, { readonly place: Place; readonly reasons: Reasons }>()
  const policies = new Map<string, Policy>()
  const configurations = await configurationsBefore(repository, commits)
  const finders = new Map<string, ReturnType<typeof placeFinder>>()
  const said = new Set<string>()

  const loadOwn = async (id: string) => {
    const known = policies.get(id) ?? (await loader.load(configurations.get(id)?.values() ?? [], `${id}:`))
    policies.set(id, known)
    return known
  }
  for await (const { commit, changes } of changesOf(repository, commits)) {
    const { id, parents } = commit
    const [first = []] = changes
    configurations.set(id, withChanges(configurations.get(parents[0] ?? ''), first))
    const own = await loadOwn(id)
    const parent = parents[0] === undefined ? own : await loadOwn(parents[0])
    const policy = unitedPolicy([own, parent, ...targets])
    const find = finders.get(policy.id) ?? placeFinder(policy, { strays: past })
    finders.set(policy.id, find)
    if (own.id !== parent.id || parents.length === 0) {
      for (const problem of problemsOf(own, id)) findings.push(past ? { ...problem, severity: 'note' } : problem)
    }
    const parts = new Map<string, number>()
    for (const { key } of changes.flat()) parts.set(key, (parts.get(key) ?? 0) + 1)
    for (const change of changes.flat()) {
      const isGone = isNothing(change.id)
      const found = find(
        { ...(isGone ? { mode: change.oldMode, id: change.oldId } : change), path: change.path, stage: 0 },
        id,
      )
      if (found === undefined) continue
      if ('verdict' in found) {
        if (isGone) continue
        const name = `${found.verdict} ${change.key}`
        if (!said.has(name)) findings.push(found)
        said.add(name)
        continue
      }
      if (found.isLink !== true) steps.push({ ...change, commit: id, isOwn: parts.get(change.key) === changes.length })
      if (isGone) continue
      const name = `${judged(found)} ${change.key}`
      if (!places.has(name))
        places.set(name, {
          place: found,
          reasons: past ? { own: policy, before: [] } : { own, before: [parent, ...before] },
        })
      if (places.size > maxVersions) return tooMany(maxVersions)
    }
  }
  const candidates = Array.from(places.values(), ({ place }) => place)
  await reader.prepare?.([...candidates.map(({ id }) => id), ...steps.map(({ oldId }) => oldId)])
  const judgements = await judgeBlobs(reader, candidates, { cache, maxBytes })
  for (const { place, reasons } of places.values()) {
    append(findings, findingsAt(place, judgements.get(judged(place)) ?? [], reasons))
  }
  const files = candidates.filter(({ isLink }) => isLink !== true)
  const versions = () =>
    files.map(({ path, id, commit }) => ({ path, id, commit, rule: policies.get(commit ?? '')?.rule(path) }))
  return { findings, files: places.size, versions, steps, policyOf: (commit) => policies.get(commit) }

  function tooMany(limit: number): CheckedCommits {
    const message = `more than ${limit} versions of files, which is too much to be checked at once`
    const finding: Finding = { verdict: 'not-compared', severity: 'refuse', path: '', message }
    return { findings: [finding], files: limit, steps: [], policyOf: () => undefined }
  }
}

type Configurations = ReadonlyMap<string, ListedEntry>

/** Of the parents that are not among the commits. */
async function configurationsBefore(
  repository: Repository,
  { commits, trees }: Commits,
): Promise<Map<string, Configurations>> {
  const inside = new Set(commits.map(({ id }) => id))
  const before = new Map<string, string>()
  for (const { parents } of commits) {
    const [first] = parents
    const tree = first === undefined || inside.has(first) ? undefined : trees.get(first)
    if (first !== undefined && tree !== undefined) before.set(first, tree)
  }
  const found = await configsOf(repository, new Set(before.values()))
  return new Map(
    Array.from(before, ([id, tree]) => [id, new Map((found.get(tree) ?? []).map((entry) => [entry.key, entry]))]),
  )
}

/** Most commits change no configuration, and share what their parent has. */
function withChanges(before: Configurations | undefined, changes: readonly Change[]): Configurations {
  const own = changes.filter(({ path }) => isPolicyPath(path))
  if (before !== undefined && own.length === 0) return before
  const after = new Map(before)
  for (const { key, path, mode, id } of own) {
    if (isNothing(id)) after.delete(key)
    else after.set(key, { mode, id, stage: 0, path, key })
  }
  return after
}

/** Whether a step is one from a file to a file, so that two contents can be compared. */
export function isComparable({ mode, oldMode, path }: Change, policy: Policy): boolean {
  return isFile(mode) && isFile(oldMode) && (policy.manages(path) || formatOf(path) !== undefined)
}
