import type { Workspace } from '../../operations/workspace.ts'
import { blobId } from '../../vcs/object-id.ts'
import type { ObjectReader, Repository } from '../../vcs/repository.ts'
import type { Checked } from '../check/check-entries.ts'
import { isEmptyFile, isFile, type ListedEntry, parseEntries } from '../check/check-listing.ts'
import { openObjects } from '../check/check-objects.ts'
import { policyLoader } from '../check/check-policy.ts'
import type { Finding } from '../check/finding.ts'
import { type Demand, demandFinder } from '../check/judge-demand.ts'
import type { Policy } from '../check/policy.ts'
import { transparentAmong } from '../filters/transparent-paths.ts'
import { listRefs, scanName } from './leaks-names.ts'
import { hasContent, type Revision, revisionHistory, revisionRange, revisionTree } from './leaks-revisions.ts'
import { searchLeaks } from './leaks-search.ts'
import { collectValues, type SourceContent } from './leaks-values.ts'
import { MAX_HELD_BYTES, readWorkFiles, untrackedFiles } from './leaks-work-tree.ts'

/** Where to look for leaks: in index and work tree, in the index alone, in one commit, in the commits of `A..B`, in all. */
export type LeakScope =
  | { readonly kind: 'here' }
  | { readonly kind: 'staged' }
  | { readonly kind: 'tree'; readonly revision: string }
  | { readonly kind: 'range'; readonly range: string }
  | { readonly kind: 'history' }

export interface LeaksFound extends Checked {
  /** How many different values were looked for. */
  readonly values: number
}

/**
 * Looks for the values of secrets files where they are readable: as they are, in base64, URL-encoded, or escaped as in JSON and
 * YAML; in contents, in messages, and in names of files and refs. The values are those of the files in index and work tree, and of
 * their versions in the commits that are looked through, as far as the keys at hand open them. Exemptions from encryption do not
 * count for what is found; files at exempted paths are no secrets files.
 *
 * What is looked for is kept as hashes. Index and work tree take four processes of git, however many files there are; commits a
 * handful.
 *
 * @throws KmsfileError `USAGE` for what names no commits; `GIT_FAILED`; that of the first file, if no secrets file opens
 */
export async function findLeaks(workspace: Workspace, repository: Repository, scope: LeakScope): Promise<LeaksFound> {
  const [entries, untracked, revision, refs] = await Promise.all([
    repository.bare
      ? []
      : // --stage: with modes and ids.
        repository.git(['ls-files', '--stage', '-z']).then(({ stdout }) => parseEntries(stdout)),
    scope.kind === 'here' && !repository.bare ? untrackedFiles(repository) : [],
    revisionOf(repository, scope),
    scope.kind === 'here' || scope.kind === 'history' ? listRefs(repository) : [],
  ])
  const files = [...workFiles(entries), ...untracked]
  const reader = await openObjects(repository, { fetch: true })
  try {
    const loader = policyLoader(reader)
    const own = await loader.load(entries, ':')
    const past = revision && (await loader.load(revision.tree, `${revision.head}:`))
    const sources = sourceContents(repository, reader, {
      files: scope.kind === 'staged' ? [] : candidatesOf(files, own),
      objects: [
        ...candidatesOf(entries.filter(isStored), own),
        ...(revision === undefined || past === undefined
          ? []
          : candidatesOf([...revision.tree, ...revision.versions].filter(isStored), past)),
      ],
    })
    const values = await collectValues(workspace, sources)
    try {
      const { findings, files: count } = await searchLeaks({ repository, reader, host: workspace.host }, values, {
        files: scope.kind === 'here' ? await withoutTransparent(repository, files) : [],
        staged: revision === undefined ? entries.filter(hasContent) : [],
        committed: revision?.places ?? [],
        commits: revision?.commits ?? [],
        refs: scope.kind === 'history' ? refs : refs.map(({ name }) => ({ name, tag: undefined })),
      })
      // What was found in commits is in their order.
      const inOrder = revision === undefined ? findings.toSorted(byPath) : findings
      const problems = values.problems.map((problem) => ({ ...problem, path: scanName(values, problem.path).shown }))
      return { findings: [...problems, ...inOrder], files: count, values: values.secrets.length }
    } finally {
      values.matcher.forget()
    }
  } finally {
    reader.close()
  }
}

async function revisionOf(repository: Repository, scope: LeakScope): Promise<Revision | undefined> {
  switch (scope.kind) {
    case 'tree':
      return revisionTree(repository, scope.revision)
    case 'range':
      return revisionRange(repository, scope.range)
    case 'history':
      return revisionHistory(repository)
    default:
      return undefined
  }
}

/** Tracked files, each once whatever sides of a merge the index has. */
function workFiles(entries: readonly ListedEntry[]): readonly Pick<ListedEntry, 'path' | 'key'>[] {
  return [...new Map(entries.filter(hasContent).map(({ key, path }) => [key, { key, path }])).values()]
}

/** What lies in the work tree as plaintext because somebody wants it to is no leak. */
async function withoutTransparent<T extends Pick<ListedEntry, 'path'>>(
  repository: Repository,
  files: readonly T[],
): Promise<readonly T[]> {
  const paths = files.map(({ path }) => path)
  const transparent = new Set(repository.bare ? [] : await transparentAmong(repository, paths))
  return transparent.size === 0 ? files : files.filter(({ path }) => !transparent.has(path))
}

function isStored({ mode, id }: ListedEntry): boolean {
  return isFile(mode) && !isEmptyFile(id)
}

function byPath(a: Finding, b: Finding): number {
  return a.path < b.path ? -1 : Number(a.path > b.path)
}

type Candidate<T> = T & { readonly demand: Demand }

/** Files that may be secrets files, by their names and the rules. */
function candidatesOf<T extends { readonly path: string }>(
  files: readonly T[],
  policy: Policy,
): readonly Candidate<T>[] {
  const demandOf = demandFinder(policy)
  return files.flatMap((file) => {
    const demand = demandOf(file.path)
    return demand === undefined ? [] : [{ ...file, demand }]
  })
}

interface Sources {
  readonly files: readonly Candidate<Pick<ListedEntry, 'path' | 'key'>>[]
  readonly objects: readonly Candidate<Pick<ListedEntry, 'path' | 'id'>>[]
}

/** Each content once, first those of the work tree. */
async function* sourceContents(
  repository: Repository,
  reader: ObjectReader,
  { files, objects }: Sources,
): AsyncGenerator<SourceContent> {
  const wanted = new Map(objects.map((object) => [object.id, object]))
  const [like] = wanted.keys()
  for await (const [{ path, demand }, content] of readWorkFiles(repository, files)) {
    if (!(content instanceof Uint8Array)) {
      yield { path, managed: demand.managed, content: undefined }
      continue
    }
    if (like !== undefined) wanted.delete(blobId(content, like))
    yield { path, managed: demand.managed, content }
  }
  const ids = [...wanted.keys()]
  let next = 0
  for await (const object of reader.read(ids, { maxBytes: MAX_HELD_BYTES })) {
    const { path, demand } = wanted.get(ids[next++] as string) as Candidate<Pick<ListedEntry, 'path'>>
    if (object !== undefined) yield { path, managed: demand.managed, content: object.content }
  }
}
