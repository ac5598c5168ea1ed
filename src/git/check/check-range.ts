import { KmsfileError } from '../../errors.ts'
import type { Repository } from '../../vcs/repository.ts'
import { checkCommits } from './check-commits.ts'
import { configsOf } from './check-configs.ts'
import type { Checked } from './check-entries.ts'
import { openObjects } from './check-objects.ts'
import type { CheckOptions } from './check-options.ts'
import { policyLoader } from './check-policy.ts'
import { commitNamed, listCommits, mergeBase, type Revisions, refuseShallow, treesOf } from './check-revisions.ts'
import { compareHistory, type Sum } from './compare-history.ts'
import { comparePolicies } from './compare-policies.ts'
import type { Policy } from './policy.ts'
import { openVerdictCache } from './verdict-cache.ts'

export interface RangeOptions extends CheckOptions {
  /** Commits whose policies everything is judged by: those of the branches that the commits are to get into. */
  readonly targets: readonly string[]
  /** Policies from elsewhere that count besides. */
  readonly policies?: readonly Policy[] | undefined
  readonly sums: readonly Sum[]
  readonly timeoutMs?: number | undefined
  readonly maxVersions?: number | undefined
  /** A managed file that is larger is refused unseen. */
  readonly maxBytes?: number | undefined
  /** In a partial clone: fetches what is missing. Default: false. */
  readonly fetch?: boolean | undefined
}

/**
 * Judges new commits: every version of every file in them, by the policies of the targets over all of them, so that two
 * commits must not do what one may not; and what they change.
 *
 * A handful of processes of git, however many commits there are.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function checkRange(
  repository: Repository,
  revisions: Revisions,
  { version, targets, sums, policies = [], timeoutMs, maxVersions, maxBytes, fetch = false }: RangeOptions,
): Promise<Checked> {
  const reader = await openObjects(repository, { fetch })
  try {
    const loader = policyLoader(reader)
    const [commits, cache] = await Promise.all([
      listCommits(repository, revisions),
      openVerdictCache(repository.commonDir, { version }),
    ])
    // Where nobody knows what the commits are to get into, they build on something that is there already.
    const ground = targets.length > 0 ? [...targets] : outside(commits)
    const named = [...new Set([...ground, ...sums.flatMap(({ base, head }) => [base, head])])]
    const unknown = named.filter((id) => !commits.trees.has(id))
    const found = await treesOf(repository, unknown)
    const trees = new Map([...commits.trees, ...unknown.map((id, i) => [id, found[i] as string] as const)])
    // Where not even trees were fetched, git would fetch them one by one.
    await reader.prepare?.([...trees.values()])
    const configs = await configsOf(repository, new Set(named.map((id) => trees.get(id) as string)))
    const byCommit = new Map<string, Policy>()
    for (const commit of named) {
      byCommit.set(commit, await loader.load(configs.get(trees.get(commit) as string) ?? [], `${commit}:`))
    }
    const targetPolicies = [...ground.map((commit) => byCommit.get(commit) as Policy), ...policies]

    const checked = await checkCommits(repository, commits, {
      reader,
      loader,
      cache,
      targets: targetPolicies,
      before: sums.map(({ base }) => byCommit.get(base) as Policy),
      maxVersions,
      maxBytes,
    })
    const compared = await compareHistory(repository, checked, sums, { reader, targets: targetPolicies, timeoutMs })
    const changed = sums.flatMap(({ base, head }) =>
      comparePolicies(byCommit.get(base) as Policy, byCommit.get(head) as Policy, head),
    )
    await cache.save()
    return { ...checked, findings: [...checked.findings, ...compared, ...changed] }
  } finally {
    reader.close()
  }
}

/**
 * Judges what one branch brings to another, as `TARGET..BRANCH` names them; without a branch, what HEAD brings.
 *
 * @throws KmsfileError `USAGE` for what names no range; `GIT_FAILED`, also in a shallow clone
 */
export async function checkBranch(repository: Repository, range: string, options: CheckOptions): Promise<Checked> {
  const [, from = '', to = ''] = /^(.+?)\.{2,3}(.*)$/s.exec(range) ?? []
  if (from === '') {
    throw new KmsfileError('--range takes two commits: TARGET..BRANCH', {
      code: 'USAGE',
      hint: 'such as: kmsfile git check --range origin/main..HEAD',
    })
  }
  refuseShallow(repository)
  const target = await commitNamed(repository, from)
  const head = await commitNamed(repository, to === '' ? 'HEAD' : to)
  const base = await mergeBase(repository, target, head)
  const sums = base === undefined ? [] : [{ base, head }]
  const revisions = { ids: [head, `^${target}`] }
  const checked = await checkRange(repository, revisions, { ...options, targets: [target], sums, fetch: true })
  if (base !== undefined) return checked
  const message = 'the two have no commit in common, so nothing was compared with what was before'
  const note = { verdict: 'not-compared', severity: 'note', path: '', commit: head, message } as const
  return { ...checked, findings: [...checked.findings, note] }
}

/** Parents of the commits that are not among them. */
function outside({ commits }: Awaited<ReturnType<typeof listCommits>>): readonly string[] {
  const inside = new Set(commits.map(({ id }) => id))
  return [...new Set(commits.flatMap(({ parents }) => parents.filter((id) => !inside.has(id))))]
}
