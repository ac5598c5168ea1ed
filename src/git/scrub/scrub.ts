import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { KmsfileError } from '../../errors.ts'
import { readFile } from '../../host/files.ts'
import { isTrue } from '../../vcs/git-config.ts'
import { blobId } from '../../vcs/object-id.ts'
import type { ObjectReader, Repository } from '../../vcs/repository.ts'
import { parseEntries } from '../check/check-listing.ts'
import { openObjects } from '../check/check-objects.ts'
import { guardPolicies } from '../filters/filter-guard-policy.ts'
import { dropStashes, type KeptPlaintext, keptPlaintext, type PlainStash } from './scrub-kept.ts'
import { isReadable, type Likeness, likenessOf, plaintextOf } from './scrub-likeness.ts'
import { type LostContent, lostContents, removeLost } from './scrub-objects.ts'
import { workTreeDirs } from './scrub-roots.ts'
import { findTraces, removeTraces, type Trace } from './scrub-traces.ts'

/** A content that nothing leads to. */
export interface LostPlaintext extends LostContent {
  /** The managed file that it is a readable version of; undefined where that does not show. */
  readonly path: string | undefined
}

/** What a clone keeps of plaintext besides what its commits hold. */
export interface Scrubbing extends KeptPlaintext {
  /** What can be removed without a loss, those that are versions of managed files first. */
  readonly lost: readonly LostPlaintext[]
  readonly traces: readonly Trace[]
}

export interface ScrubOptions {
  /** Of kmsfile. */
  readonly version: string
}

/** Contents beyond this are not looked at; they are removed like the others. */
const MAX_SNIFFED_BYTES = 16 * 1024 * 1024
const MAX_MANAGED_FILES = 10_000

/**
 * Looks for plaintext that git keeps although it was never committed, or is not any more: contents that nothing leads to, what is
 * staged, stashes, reflogs, and what git writes beside its objects. Nothing is changed.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function surveyPlaintext(repository: Repository, options: ScrubOptions): Promise<Scrubbing> {
  refuseBare(repository)
  const reader = await openObjects(repository, { fetch: false })
  try {
    const managed = await managedFiles(repository, reader)
    const [lost, kept, traces] = await Promise.all([
      lostContents(repository),
      keptPlaintext(repository, options),
      findTraces(repository, managed.likenesses),
    ])
    return { ...kept, traces, lost: await sniffed(reader, lost, managed) }
  } finally {
    reader.close()
  }
}

export interface Removal {
  /** Of what was found: entries of the stash to drop, with what they hold. */
  readonly stashes: readonly PlainStash[]
}

export interface Removed {
  /** How many contents went. */
  readonly contents: number
  /** Ids of those that are there all the same, since they lie in packs that are kept, or in another repository. */
  readonly left: readonly string[]
}

/**
 * Removes what a survey found: entries of the stash that are named, traces, and then all that nothing leads to. Reflogs and the other
 * entries of the stash stay.
 *
 * @throws KmsfileError `GIT_FAILED`, also while a merge or a rebase is under way: git keeps what it needs for those without a ref;
 * and where the repository says that others need its objects
 */
export async function scrub(repository: Repository, { traces }: Scrubbing, { stashes }: Removal): Promise<Removed> {
  refuseBare(repository)
  await refuseWhileBusy(repository)
  await refusePrecious(repository)
  await dropStashes(repository, stashes)
  await removeTraces(repository, traces)
  // Anew: what was dropped and removed has let go of more.
  const lost = (await lostContents(repository)).map(({ id }) => id)
  const left = lost.length === 0 ? [] : await removeLost(repository, lost)
  return { contents: lost.length - left.length, left }
}

const UNDER_WAY = [
  ...['rebase-merge', 'rebase-apply', 'MERGE_HEAD', 'MERGE_AUTOSTASH', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'sequencer'],
  'NOTES_MERGE_PARTIAL',
]

/** @throws KmsfileError `GIT_FAILED` */
async function refuseWhileBusy(repository: Repository): Promise<void> {
  const places = await workTreeDirs(repository)
  if (!places.some((place) => UNDER_WAY.some((name) => existsSync(join(place, name))))) return
  throw new KmsfileError('a merge, a rebase or the like is under way, and nothing can be removed meanwhile', {
    code: 'GIT_FAILED',
    hint: 'finish it, or give it up: git status says how',
  })
}

/** Git would refuse it, too, but when half of it is done. @throws KmsfileError `GIT_FAILED` */
async function refusePrecious(repository: Repository): Promise<void> {
  if (!isTrue(await repository.config('extensions.preciousObjects'))) return
  throw new KmsfileError('other clones borrow objects from this one, says extensions.preciousObjects', {
    code: 'GIT_FAILED',
    hint: 'have them keep their own first, in each of them: git repack -a -d, then remove .git/objects/info/alternates',
  })
}

/** @throws KmsfileError `GIT_FAILED` */
function refuseBare({ bare, topLevel }: Repository): void {
  if (!bare) return
  throw new KmsfileError('a bare repository is there for others, who may borrow its objects', {
    code: 'GIT_FAILED',
    file: topLevel,
    hint: 'see whether it has plaintext: kmsfile git check --all-history --unreachable',
  })
}

interface ManagedFiles {
  readonly likenesses: readonly Likeness[]
  /** Ids of contents that lie readable in the work tree, with their paths. */
  readonly readable: ReadonlyMap<string, string>
}

/** What the managed files of the work tree and of the index look like. */
async function managedFiles(repository: Repository, reader: ObjectReader): Promise<ManagedFiles> {
  const policies = guardPolicies(repository)
  try {
    const entries = parseEntries((await repository.git(['ls-files', '--stage', '-z'])).stdout)
    const paths = new Set([...entries.map(({ path }) => path), ...(await repository.listFiles({ untracked: true }))])
    const managed = new Set<string>()
    for (const path of paths) {
      if (managed.size < MAX_MANAGED_FILES && (await policies.of(path)).united.manages(path)) managed.add(path)
    }
    const likenesses: Likeness[] = []
    const readable = new Map<string, string>()
    const add = (path: string, content: Uint8Array) => {
      const likeness = likenessOf(path, Buffer.from(content).toString('utf8'))
      if (likeness !== undefined) likenesses.push(likeness)
    }
    const like = entries[0]?.id ?? ''
    for (const path of managed) {
      const content = await readFile(join(repository.topLevel, path), { maxBytes: MAX_SNIFFED_BYTES }).catch(
        () => undefined,
      )
      if (content === undefined) continue
      add(path, content)
      if (isReadable(content)) readable.set(blobId(content, like), path)
    }
    const staged = entries.filter(({ path }) => managed.has(path))
    let next = 0
    const ids = staged.map(({ id }) => id)
    for await (const object of reader.read(ids, { maxBytes: MAX_SNIFFED_BYTES })) {
      const { path } = staged[next++] as { path: string }
      if (object?.content !== undefined) add(path, object.content)
    }
    return { likenesses, readable }
  } finally {
    policies.close()
  }
}

async function sniffed(
  reader: ObjectReader,
  lost: readonly LostContent[],
  { likenesses, readable }: ManagedFiles,
): Promise<readonly LostPlaintext[]> {
  const found: LostPlaintext[] = []
  let next = 0
  const ids = lost.map(({ id }) => id)
  for await (const object of reader.read(ids, { maxBytes: MAX_SNIFFED_BYTES })) {
    const content = lost[next++] as LostContent
    const like = object?.content === undefined ? undefined : plaintextOf(object.content, likenesses)
    found.push({ ...content, path: readable.get(content.id) ?? like })
  }
  return found.sort((a, b) => Number(b.path !== undefined) - Number(a.path !== undefined))
}
