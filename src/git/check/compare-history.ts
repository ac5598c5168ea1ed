import { append } from '../../core/append.ts'
import { grouped } from '../../core/grouped.ts'
import { KmsfileError } from '../../errors.ts'
import type { ObjectReader, Repository } from '../../vcs/repository.ts'
import { type CheckedCommits, isComparable, type Step } from './check-commits.ts'
import { contentsOf } from './check-contents.ts'
import { type Change, changeOf, isFile, isNothing, parseChanges } from './check-listing.ts'
import { treesOf } from './check-revisions.ts'
import { compareChanges } from './compare-changes.ts'
import { type Descent, newStrays } from './compare-strays.ts'
import type { FileVersion } from './compare-versions.ts'
import type { Finding } from './finding.ts'
import { type Policy, unitedPolicy } from './policy.ts'

/** The sum of commits: what is at `head`, compared with what was at `base`. */
export interface Sum {
  readonly base: string
  readonly head: string
}

export interface HistoryOptions {
  readonly reader: ObjectReader
  readonly targets: readonly Policy[]
  /** How long history before the commits may be searched, for who waits. Default: as long as it takes. */
  readonly timeoutMs?: number | undefined
}

/** How many earlier versions of the changed files are looked at. */
const MAX_EARLIER = 1000

/**
 * Compares versions of files in commits that were checked: each step for what no honest tool does, and the sum of all steps,
 * also with what the files were long before.
 */
export async function compareHistory(
  repository: Repository,
  { steps, policyOf }: CheckedCommits,
  sums: readonly Sum[],
  { reader, targets, timeoutMs }: HistoryOptions,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const strays: Finding[] = []
  for (const [commit, own] of grouped(steps, ({ commit }) => commit)) {
    const policy = unitedPolicy([policyOf(commit), ...targets].filter((each) => each !== undefined))
    const comparable = own.filter((step) => isComparable(step, policy) || isNothing(step.oldId))
    append(findings, await compareChanges(reader, comparable, { policy, commit, attacksOnly: true }))
    const noteOnly = targets.length === 0 && sums.length === 0
    append(strays, await newStrays(reader, descentsOf(own), { policy, commit, noteOnly }))
  }
  for (const { base, head } of sums) {
    const [from = '', to = ''] = await treesOf(repository, [base, head])
    const args = ['diff-tree', '-r', '--raw', '--no-renames', '--no-abbrev', '-z', from, to]
    const changes = parseChanges((await repository.git(args)).stdout)
    const policy = unitedPolicy([policyOf(head), ...targets].filter((each) => each !== undefined))
    append(findings, await compareChanges(reader, changes, { policy, commit: head }))
    const changed = changes.filter((change) => isComparable(change, policy))
    append(findings, await replaysSince(repository, changed, { reader, base, steps, commit: head, timeoutMs }))
  }
  return [...strays, ...withoutDoubles(findings)]
}

export interface ReplayOptions extends Pick<HistoryOptions, 'reader' | 'timeoutMs'> {
  /** The commit that the files are compared with, and in whose history they are looked for. */
  readonly base: string
  /** What they were on the way from there. Default: nothing. */
  readonly steps?: readonly Step[] | undefined
  /** The commit in which they are now. */
  readonly commit?: string | undefined
}

/**
 * Finds files that have become what they were long before, or have its MAC: as far as the search gets in its time, or else that
 * it was not made. Two processes of git.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function replaysSince(
  repository: Repository,
  changed: readonly Change[],
  { reader, base, steps = [], commit, timeoutMs }: ReplayOptions,
): Promise<readonly Finding[]> {
  const earlier = await earlierVersions(repository, { changed, base, steps }, { timeoutMs })
  if (earlier === undefined) return [notSearched(changed, commit)]
  return replaysOf(reader, changed, { earlier, commit })
}

/** Of contents that no parent of the commit has, what each parent has. */
function descentsOf(steps: readonly Step[]): readonly Descent[] {
  const files = new Map<string, { readonly path: string; readonly id: string; readonly from: string[] }>()
  for (const { key, path, mode, id, oldId, isOwn } of steps) {
    if (!isOwn || !isFile(mode) || isNothing(id)) continue
    const file = files.get(key) ?? { path, id, from: [] }
    file.from.push(oldId)
    files.set(key, file)
  }
  return [...files.values()]
}

type Earlier = ReadonlyMap<string, ReadonlySet<string>>

/** The ids of all contents that files had before, by path; undefined where that takes too long. */
async function earlierVersions(
  repository: Repository,
  { changed, base, steps }: { changed: readonly Change[]; base: string; steps: readonly Step[] },
  { timeoutMs }: { timeoutMs: number | undefined },
): Promise<Earlier | undefined> {
  const found = new Map<string, Set<string>>(changed.map(({ key }) => [key, new Set()]))
  const add = (key: string, ids: readonly string[]) => {
    for (const id of ids) if (!isNothing(id)) found.get(key)?.add(id)
  }
  // On the way: what was replaced by something else.
  for (const { key, oldId } of steps) add(key, [oldId])
  if (changed.length === 0) return found
  const paths = changed.map(({ key }) => Buffer.from(key, 'latin1').toString('utf8'))
  try {
    // --full-history: a version that was merged away was there all the same.
    const list = [
      '--literal-pathspecs',
      'rev-list',
      '--full-history',
      `--max-count=${MAX_EARLIER}`,
      base,
      '--',
      ...paths,
    ]
    const { stdout } = await repository.git(list, { timeoutMs })
    const args = [
      '--literal-pathspecs',
      'diff-tree',
      '--stdin',
      '-r',
      '-m',
      '--root',
      '--raw',
      '--no-renames',
      '--no-abbrev',
      '-z',
    ]
    const changes = (await repository.git([...args, '--', ...paths], { input: stdout, timeoutMs })).stdout
    const parts = Buffer.from(changes).toString('latin1').split('\0')
    for (let at = 0; at < parts.length; at++) {
      const part = parts[at] as string
      if (!part.startsWith(':')) continue
      const { key, oldId, id } = changeOf(part, parts[++at] ?? '')
      add(key, [oldId, id])
    }
    return found
  } catch (error) {
    if (error instanceof KmsfileError && error.code === 'INTERRUPTED' && timeoutMs !== undefined) return undefined
    throw error
  }
}

async function replaysOf(
  reader: ObjectReader,
  changed: readonly Change[],
  { earlier, commit }: { earlier: Earlier; commit: string | undefined },
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const { replays, versionOf } = await import('./compare-versions.ts')
  for (const { key, path, oldId, id } of changed) {
    const [before, after] = await contentsOf(reader, [oldId, id])
    const own = await versionOf(after, path)
    if (own === undefined) continue
    const ids = [...(earlier.get(key) ?? [])].filter((each) => each !== oldId && each !== id)
    const versions: FileVersion[] = []
    for (const content of await contentsOf(reader, ids)) {
      // Nearly all of them have another MAC, and need not be read any further.
      if (content === undefined || !Buffer.from(content).includes(own.envelope.mac)) continue
      const version = await versionOf(content, path)
      if (version !== undefined) versions.push(version)
    }
    if (earlier.get(key)?.has(id) === true) versions.push(own)
    for (const flaw of replays(own, await versionOf(before, path), versions)) findings.push({ ...flaw, path, commit })
  }
  return findings
}

function notSearched(changed: readonly Change[], commit: string | undefined): Finding {
  const [first] = changed
  const more = changed.length > 1 ? ` (and ${changed.length - 1} more)` : ''
  const message = `not compared with versions of long ago${more}: that takes too long here`
  return { verdict: 'not-compared', severity: 'note', path: first?.path ?? '', commit, message }
}

/** What a step and the sum of all steps both show is said of the step. */
function withoutDoubles(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>()
  return findings.filter(({ verdict, path, keys }) => {
    const name = JSON.stringify([verdict, path, keys])
    if (seen.has(name)) return false
    seen.add(name)
    return true
  })
}
