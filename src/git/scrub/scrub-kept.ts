import type { Repository } from '../../vcs/repository.ts'
import { checkCommits } from '../check/check-commits.ts'
import { checkIndex } from '../check/check-index.ts'
import { parseEntries } from '../check/check-listing.ts'
import { type CheckedObjects, openObjects } from '../check/check-objects.ts'
import { policyLoader } from '../check/check-policy.ts'
import { type Commits, listCommits } from '../check/check-revisions.ts'
import type { Finding, Verdict } from '../check/finding.ts'
import { openVerdictCache } from '../check/verdict-cache.ts'

/** An entry of the stash, with the managed files that are readable in it. */
export interface PlainStash {
  /** `stash@{0}`. */
  readonly name: string
  readonly paths: readonly string[]
}

/** Plaintext that git keeps because something leads to it. */
export interface KeptPlaintext {
  readonly staged: readonly Finding[]
  readonly stashes: readonly PlainStash[]
  /** In commits to which only the reflog leads: amended, rebased or reset away. */
  readonly reflog: readonly Finding[]
}

const PLAINTEXT: ReadonlySet<Verdict> = new Set([
  'plaintext',
  'partly-encrypted',
  'rule-removed',
  'leftover',
  'no-metadata',
])

/** Looks for plaintext in the index, in the stash, and in what only the reflog leads to. @throws KmsfileError `GIT_FAILED` */
export async function keptPlaintext(repository: Repository, { version }: { version: string }): Promise<KeptPlaintext> {
  const { findings } = await checkIndex(repository, { version })
  const staged = findings.filter(isPlaintext)
  const reader = await openObjects(repository, { fetch: false })
  try {
    // Everything that the reflogs know, that of the stash included, and no branch, tag or remote does.
    const options = ['--reflog', '--not', '--exclude=refs/stash', '--all']
    const stashes = await listStashes(repository)
    const commits = await listCommits(repository, { ids: stashes.map(({ id }) => id), options })
    const found = await plaintextIn(repository, commits, { reader, version })
    return { staged, ...sorted(found, stashes) }
  } finally {
    reader.close()
  }
}

/** Drops entries of the stash. @throws KmsfileError `GIT_FAILED` */
export async function dropStashes(repository: Repository, stashes: readonly PlainStash[]): Promise<void> {
  const number = ({ name }: PlainStash) => Number(/\d+/.exec(name)?.[0])
  // The last first: the numbers of those before it stay.
  for (const { name } of [...stashes].sort((a, b) => number(b) - number(a))) {
    await repository.git(['stash', 'drop', '--quiet', name])
  }
}

interface Stash {
  readonly name: string
  readonly id: string
  /** Its own and those that hold the index and new files. */
  readonly commits: ReadonlySet<string>
}

async function listStashes(repository: Repository): Promise<readonly Stash[]> {
  const ref = ['rev-parse', '--verify', '--quiet', 'refs/stash']
  if ((await repository.git(ref, { exitCodes: [0, 1] })).exitCode !== 0) return []
  const { stdout } = await repository.git(['log', '--walk-reflogs', '--format=%H %P', 'refs/stash', '--'])
  const lines = Buffer.from(stdout).toString('latin1').trimEnd().split('\n')
  return lines.map((line, i) => {
    const [id = '', , ...parts] = line.split(' ')
    return { name: `stash@{${i}}`, id, commits: new Set([id, ...parts]) }
  })
}

async function plaintextIn(
  repository: Repository,
  commits: Commits,
  { reader, version }: { readonly reader: CheckedObjects; readonly version: string },
): Promise<readonly Finding[]> {
  const cache = await openVerdictCache(repository.commonDir, { version })
  const loader = policyLoader(reader)
  // What the stash has of new files stands in a commit without any rules.
  const entries = parseEntries((await repository.git(['ls-files', '--stage', '-z'])).stdout)
  const options = { reader, loader, cache, targets: [await loader.load(entries, ':')], past: true }
  const { findings, steps } = await checkCommits(repository, commits, options)
  // A content is said of the first commit that has it; here everyone counts that has it.
  const name = (id: string | undefined, path: string) => JSON.stringify([id, path])
  const bad = new Map(findings.filter(isPlaintext).map((finding) => [name(finding.object, finding.path), finding]))
  const elsewhere = steps.flatMap(({ id, path, commit }): readonly Finding[] => {
    const finding = bad.get(name(id, path))
    return finding === undefined ? [] : [{ ...finding, commit }]
  })
  return [...bad.values(), ...elsewhere]
}

function sorted(findings: readonly Finding[], all: readonly Stash[]): Omit<KeptPlaintext, 'staged'> {
  const stashes = all.flatMap(({ name, commits }) => {
    const own = findings.filter(({ commit = '' }) => commits.has(commit))
    return own.length === 0 ? [] : [{ name, paths: [...new Set(own.map(({ path }) => path))] }]
  })
  const reflog = findings.filter(({ commit = '' }) => !all.some(({ commits }) => commits.has(commit)))
  return { stashes, reflog }
}

function isPlaintext({ verdict, severity }: Finding): boolean {
  return severity === 'refuse' && PLAINTEXT.has(verdict)
}
