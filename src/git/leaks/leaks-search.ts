import { append } from '../../core/append.ts'
import type { Host } from '../../host/host.ts'
import { interrupted } from '../../host/interrupt.ts'
import { blobId } from '../../vcs/object-id.ts'
import type { ObjectReader, Repository } from '../../vcs/repository.ts'
import { isEmptyFile, type ListedEntry } from '../check/check-listing.ts'
import type { Finding } from '../check/finding.ts'
import { type NamedRef, type ScannedName, scanName } from './leaks-names.ts'
import { leakFindings, type ScannedPlace } from './leaks-report.ts'
import { type Hit, scanContent, scanStream } from './leaks-scan.ts'
import type { SecretValues } from './leaks-values.ts'
import { MAX_HELD_BYTES, readWorkFiles } from './leaks-work-tree.ts'

/** Where to look. */
export interface SearchPlaces {
  /** Files of the work tree, by the bytes of their names. */
  readonly files: readonly Pick<ListedEntry, 'path' | 'key'>[]
  /** Contents of the index. One that lies in the work tree as well is said of that. */
  readonly staged: readonly Pick<ListedEntry, 'id' | 'path' | 'key'>[]
  readonly committed: readonly (Pick<ListedEntry, 'id' | 'path' | 'key'> & { readonly commit: string })[]
  /** Commits whose messages are looked through. */
  readonly commits: readonly string[]
  /** Refs whose names are looked through, and the messages of tags among them. */
  readonly refs: readonly NamedRef[]
}

export interface SearchMeans {
  readonly repository: Repository
  readonly reader: ObjectReader
  readonly host: Pick<Host, 'signal'>
}

export interface Searched {
  readonly findings: readonly Finding[]
  /** How many files, or versions of files, were looked through. */
  readonly files: number
}

/**
 * Looks for secret values everywhere in `places`, each content once, and in names. One value in one file is one finding, of the
 * first place: work tree, index, commits in their order. A name with a value in it is shown without.
 */
export async function searchLeaks(
  { repository, reader, host }: SearchMeans,
  values: SecretValues,
  { files, staged, committed, commits, refs }: SearchPlaces,
): Promise<Searched> {
  const findings: Finding[] = []
  const said = new Map<string, Set<number>>()
  const looked = new Map<string, readonly Hit[]>()
  const ids = new Set(staged.map(({ id }) => id))
  let count = 0

  const names = new Map<string, ScannedName>()
  const nameOf = (place: ScannedPlace) => {
    const known = names.get(place.path) ?? scanName(values, place.path)
    names.set(place.path, known)
    return known
  }
  // Not even the name of the file that a value is from may have it in it.
  const secrets = values.secrets.map((secret) => ({
    ...secret,
    place: { ...secret.place, path: nameOf(secret.place).shown },
  }))
  const say = (place: ScannedPlace & { readonly key: string }, hits: readonly Hit[]) => {
    const name = nameOf(place)
    report({ ...place, path: name.shown, part: 'name', key: `name ${place.key}` }, name.hits)
    report({ ...place, path: name.shown }, hits)
  }
  const report = (place: ScannedPlace & { readonly key: string }, hits: readonly Hit[]) => {
    if (hits.length === 0) return
    const known = said.get(place.key) ?? new Set()
    said.set(place.key, known)
    const fresh = hits.filter(({ secret }) => !known.has(secret))
    append(findings, leakFindings(place, fresh, secrets))
    for (const { secret } of fresh) known.add(secret)
  }
  const unread = (place: ScannedPlace, message: string) => {
    findings.push({
      verdict: 'not-compared',
      severity: 'note',
      path: nameOf(place).shown,
      commit: place.commit,
      message,
    })
  }

  for (const { name } of refs) say({ path: name, key: `ref ${name}` }, [])

  for await (const [{ path, key }, content] of readWorkFiles(repository, files)) {
    if (host.signal.aborted) throw interrupted()
    count++
    if (!(content instanceof Uint8Array)) {
      say({ path, key }, await scanStream(values, content))
      continue
    }
    const hits = scanContent(values, content)
    say({ path, key }, hits)
    const [like] = ids
    const id = like === undefined ? undefined : blobId(content, like)
    if (id !== undefined && ids.has(id)) looked.set(id, hits)
  }

  type Stored = ScannedPlace & { readonly key: string; readonly id: string }
  const places = new Map<string, Stored[]>()
  for (const place of [
    ...staged.map((entry): Stored => ({ ...entry, staged: true })),
    ...committed,
    // What is said of one message is not said of another.
    ...commits.map((id): Stored => ({ id, path: '', key: `/${id}`, commit: id, part: 'message' })),
    ...refs.flatMap(({ name, tag }): readonly Stored[] =>
      tag === undefined ? [] : [{ id: tag, path: name, key: `/${tag}`, part: 'message' }],
    ),
  ]) {
    const known = looked.get(place.id)
    if (known !== undefined) {
      say(place, known)
      continue
    }
    const same = places.get(place.id)
    if (same !== undefined) same.push(place)
    else if (!isEmptyFile(place.id)) places.set(place.id, [place])
  }
  const wanted = [...places.keys()]
  let next = 0
  for await (const object of reader.read(wanted, { maxBytes: MAX_HELD_BYTES })) {
    if (host.signal.aborted) throw interrupted()
    const id = wanted[next++] as string
    const own = places.get(id) as readonly Stored[]
    if (object === undefined) {
      for (const place of own) unread(place, 'git does not have its content here, so nothing was looked for in it')
      continue
    }
    const hits = object.content === undefined ? await scanBlob(id) : scanContent(values, object.content)
    count += own.length
    for (const place of own) say(place, hits)
  }
  return { findings, files: count }

  /** A process of its own, for a content that is too large to be held. */
  function scanBlob(id: string): Promise<readonly Hit[]> {
    return scanStream(values, repository.stream(['cat-file', 'blob', id]))
  }
}
