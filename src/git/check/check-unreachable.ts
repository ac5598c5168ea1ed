import { mentionsEncryption } from '../../operations/inspect.ts'
import type { ObjectReader, Repository } from '../../vcs/repository.ts'
import { isReadable, type Likeness, likenessOf, plaintextOf } from '../scrub/scrub-likeness.ts'
import { lostContents } from '../scrub/scrub-objects.ts'
import type { Step } from './check-commits.ts'
import { isNothing } from './check-listing.ts'
import type { Finding } from './finding.ts'
import { textOf } from './judge-text.ts'

/** Secrets files are smaller. */
const MAX_STRAY_BYTES = 1024 * 1024
/** How many versions of each file are read for their keys. */
const VERSIONS = 3

/** Every commit in the object store, whether anything leads to it or not. @throws KmsfileError `GIT_FAILED` */
export async function everyCommit(repository: Repository): Promise<readonly string[]> {
  // --unordered: as they lie in the packs, which is faster.
  const format = '--batch-check=%(objecttype) %(objectname)'
  const args = ['cat-file', '--batch-all-objects', '--unordered', '--buffer', format]
  const commits: string[] = []
  let rest = ''
  for await (const chunk of repository.stream(args)) {
    const lines = (rest + Buffer.from(chunk).toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('commit ')) commits.push(line.slice('commit '.length))
  }
  return commits
}

/**
 * Finds contents that no commit and no index leads to, and that have the keys of a secrets file without its encryption: what
 * `git add` stored before a hook refused it. Such a content has no name, so the keys, which an encrypted file shows, have to
 * tell. Steps are those of every commit.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function strayCopies(
  repository: Repository,
  reader: ObjectReader,
  steps: readonly Step[],
): Promise<readonly Finding[]> {
  const named = new Set(steps.flatMap(({ id, oldId }) => [id, oldId]))
  const lost = await lostContents(repository)
  const strays = lost.filter(({ id, size }) => size <= MAX_STRAY_BYTES && !named.has(id)).map(({ id }) => id)
  if (strays.length === 0) return []
  const secrets = await likenesses(reader, steps)
  const findings: Finding[] = []
  let next = 0
  for await (const object of reader.read(strays)) {
    const id = strays[next++] as string
    const { content } = object ?? {}
    const path = content === undefined || !isReadable(content) ? undefined : plaintextOf(content, secrets)
    if (path === undefined) continue
    const message = `a content that nothing leads to any more reads like it, not encrypted: git show ${id}`
    findings.push({ verdict: 'plaintext', severity: 'refuse', path, object: id, message })
  }
  return findings
}

/** The keys of every encrypted file that steps lead through, in its last versions. */
async function likenesses(reader: ObjectReader, steps: readonly Step[]): Promise<readonly Likeness[]> {
  const versions = new Map<string, Set<string>>()
  for (const { path, id } of steps.toReversed()) {
    const ids = versions.get(path) ?? new Set()
    if (ids.size < VERSIONS && !isNothing(id)) ids.add(id)
    versions.set(path, ids)
  }
  const wanted = [...versions].flatMap(([path, ids]) => Array.from(ids, (id) => ({ path, id })))
  const ids = wanted.map(({ id }) => id)
  const found: Likeness[] = []
  let next = 0
  for await (const object of reader.read(ids, { maxBytes: MAX_STRAY_BYTES })) {
    const { path } = wanted[next++] as { path: string }
    const { content } = object ?? {}
    const text = content === undefined || !mentionsEncryption(content) ? undefined : textOf(content)
    const likeness = text === undefined ? undefined : likenessOf(path, text)
    if (likeness !== undefined) found.push(likeness)
  }
  return found
}
