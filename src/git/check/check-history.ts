import type { Repository } from '../../vcs/repository.ts'
import { checkCommits, type Step } from './check-commits.ts'
import { configsOf } from './check-configs.ts'
import type { Checked } from './check-entries.ts'
import { notedCopies } from './check-notes.ts'
import { openObjects } from './check-objects.ts'
import type { CheckOptions } from './check-options.ts'
import { policyLoader } from './check-policy.ts'
import { type Commit, listCommits, refuseShallow, treesOf } from './check-revisions.ts'
import { everyCommit, strayCopies } from './check-unreachable.ts'
import type { Finding } from './finding.ts'
import { openVerdictCache } from './verdict-cache.ts'

export interface HistoryCheckOptions extends CheckOptions {
  /** Also what no ref and no reflog leads to any more, which git keeps for a while. */
  readonly unreachable: boolean
}

/**
 * Judges every version of every file that git has: of all branches, tags and other refs, of stashes, of reflogs, of all work
 * trees. Each is judged by the rules of its commit and by those of today.
 *
 * @throws KmsfileError `GIT_FAILED`, also in a shallow clone
 */
export async function checkHistory(
  repository: Repository,
  { version, unreachable }: HistoryCheckOptions,
): Promise<Checked> {
  refuseShallow(repository)
  const reader = await openObjects(repository, { fetch: true })
  try {
    const loader = policyLoader(reader)
    const ids = unreachable ? await everyCommit(repository) : []
    const [commits, cache] = await Promise.all([
      // Readable copies that git keeps of what it showed are looked at by themselves: their paths are ids.
      listCommits(repository, {
        ids,
        options: ['--exclude=refs/notes/textconv/*', '--all', '--reflog'],
      }),
      openVerdictCache(repository.commonDir, { version }),
    ])
    // Where not even trees were fetched, git would fetch them one by one.
    await reader.prepare?.([...commits.trees.values()])
    const head = await headOf(repository)
    const [tree] = await treesOf(repository, head === undefined ? [] : [head])
    const configs = tree === undefined ? [] : ((await configsOf(repository, [tree])).get(tree) ?? [])
    const today = await loader.load(configs, 'HEAD:')

    const checked = await checkCommits(repository, commits, { reader, loader, cache, targets: [today], past: true })
    const copies = await notedCopies(repository, reader, checked.steps)
    const strays = unreachable ? await strayCopies(repository, reader, checked.steps) : []
    await cache.save()
    const found = withLastCommits(checked.findings, checked.steps, commits.commits)
    return { ...checked, findings: [...(await withRemotes(repository, found)), ...copies, ...strays] }
  } finally {
    reader.close()
  }
}

async function headOf(repository: Repository): Promise<string | undefined> {
  const args = ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']
  const { stdout } = await repository.git(args, { exitCodes: [0, 1] })
  return Buffer.from(stdout).toString('latin1').trim() || undefined
}

/** Says until when contents were there; of those that still are, nothing. */
function withLastCommits(
  findings: readonly Finding[],
  steps: readonly Step[],
  commits: readonly Commit[],
): readonly Finding[] {
  const wanted = new Set(findings.flatMap(({ path, object }) => (object === undefined ? [] : [`${object} ${path}`])))
  const ends = new Map<string, string | undefined>()
  const parents = new Map(commits.map(({ id, parents: [first] }) => [id, first]))
  for (const { commit, path, oldId, id } of steps) {
    if (wanted.has(`${oldId} ${path}`)) ends.set(`${oldId} ${path}`, parents.get(commit))
    // It came once more.
    if (wanted.has(`${id} ${path}`)) ends.delete(`${id} ${path}`)
  }
  return findings.map((finding) => {
    const lastCommit = ends.get(`${finding.object} ${finding.path}`)
    return lastCommit === undefined ? finding : { ...finding, lastCommit }
  })
}

/** Says which remotes have what was found, as far as this clone knows. */
async function withRemotes(repository: Repository, findings: readonly Finding[]): Promise<readonly Finding[]> {
  if (!findings.some(({ commit, severity }) => commit !== undefined && severity === 'refuse')) return findings
  const { stdout } = await repository.git(['remote'])
  const names = Buffer.from(stdout)
    .toString('utf8')
    .split('\n')
    .filter((name) => name !== '')
  const on = new Map<string, ReadonlySet<string>>()
  for (const name of names) {
    const list = await repository.git(['rev-list', `--remotes=${name}`])
    on.set(name, new Set(Buffer.from(list.stdout).toString('latin1').split('\n')))
  }
  return findings.map((finding) => {
    const { commit } = finding
    if (commit === undefined || finding.severity !== 'refuse') return finding
    return { ...finding, remotes: names.filter((name) => on.get(name)?.has(commit)) }
  })
}
