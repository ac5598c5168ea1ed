import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Repository } from '../vcs/repository.ts'
import { cutMessage } from './hook-message.ts'
import { type Likeness, plaintextOf } from './scrub-likeness.ts'

/** Something that git keeps beside its objects, and that holds or may hold plaintext. */
export interface Trace {
  readonly kind: 'textconv-cache' | 'resolution' | 'merge-result' | 'lost-found'
  /** The name of the ref, or the path in the git directory. */
  readonly name: string
  /** The managed file that it is of, where that shows. */
  readonly path?: string | undefined
}

const TEXTCONV_CACHE = 'refs/notes/textconv/'
/** Of one remembered resolution: files of a few lines each. */
const MAX_TRACE_BYTES = 16 * 1024 * 1024

/**
 * Finds caches of what diff drivers have shown, resolutions of conflicts that git remembers, what the last merge made, and what
 * `git fsck --lost-found` has written out.
 */
export async function findTraces(repository: Repository, files: readonly Likeness[]): Promise<readonly Trace[]> {
  const { stdout } = await repository.git(['for-each-ref', '--format=%(refname)', TEXTCONV_CACHE])
  const refs = Buffer.from(stdout).toString('utf8').split('\n').filter(Boolean)
  return [
    ...refs.map((name): Trace => ({ kind: 'textconv-cache', name })),
    ...(await traceFiles(repository, 'rr-cache', { kind: 'resolution', files })),
    ...(await traceFiles(repository, 'lost-found/other', { kind: 'lost-found', files })),
    ...((await namesIn(repository.gitDir)).includes('AUTO_MERGE')
      ? [{ kind: 'merge-result', name: 'AUTO_MERGE' } as const]
      : []),
  ]
}

/** Removes what was found, and the diff that git keeps below the last message. @throws KmsfileError `GIT_FAILED` */
export async function removeTraces(repository: Repository, traces: readonly Trace[]): Promise<void> {
  for (const { kind, name } of traces) {
    if (kind === 'textconv-cache') await repository.git(['update-ref', '-d', name])
    else
      await rm(join(kind === 'merge-result' ? repository.gitDir : repository.commonDir, name), {
        recursive: true,
        force: true,
      })
  }
  await cutMessage(repository)
}

async function traceFiles(
  { commonDir }: Repository,
  folder: string,
  { kind, files }: { readonly kind: Trace['kind']; readonly files: readonly Likeness[] },
): Promise<readonly Trace[]> {
  const traces: Trace[] = []
  for (const name of await namesIn(join(commonDir, folder))) {
    const path = await likeAnyIn(join(commonDir, folder, name), files)
    if (path !== undefined) traces.push({ kind, name: `${folder}/${name}`, path })
  }
  return traces
}

/** The managed file that a file, or one in a folder, is a readable version of. */
async function likeAnyIn(place: string, files: readonly Likeness[]): Promise<string | undefined> {
  for (const name of ['', ...(await namesIn(place))]) {
    const content = await readFile(join(place, name)).catch(() => undefined)
    if (content === undefined || content.length > MAX_TRACE_BYTES) continue
    const path = plaintextOf(content, files)
    if (path !== undefined) return path
  }
  return undefined
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => [])
}
