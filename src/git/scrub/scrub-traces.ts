import { readdir, readFile, rm } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { Repository } from '../../vcs/repository.ts'
import { cutMessage } from '../hooks/hook-message.ts'
import { type Likeness, plaintextOf } from './scrub-likeness.ts'
import { workTreeDirs } from './scrub-roots.ts'

/** Something that git keeps beside its objects, and that holds or may hold plaintext. */
export interface Trace {
  readonly kind: 'textconv-cache' | 'resolution' | 'merge-result' | 'lost-found' | 'patch'
  /** The name of the ref, or the path in the git directory that all work trees share. */
  readonly name: string
  /** The managed file that it is of, where that shows. */
  readonly path?: string | undefined
}

const TEXTCONV_CACHE = 'refs/notes/textconv/'
/** Of one remembered resolution: files of a few lines each. */
const MAX_TRACE_BYTES = 16 * 1024 * 1024

/** What `git add --patch` and `git add --edit` leave where they are broken off. */
const PATCHES = ['addp-hunk-edit.diff', 'ADD_EDIT.patch']

/**
 * Finds caches of what diff drivers have shown, resolutions of conflicts that git remembers, what the last merge made, patches that
 * somebody edited, and what `git fsck --lost-found` has written out; those of all work trees.
 */
export async function findTraces(repository: Repository, files: readonly Likeness[]): Promise<readonly Trace[]> {
  const { stdout } = await repository.git(['for-each-ref', '--format=%(refname)', TEXTCONV_CACHE])
  const refs = Buffer.from(stdout).toString('utf8').split('\n').filter(Boolean)
  return [
    ...refs.map((name): Trace => ({ kind: 'textconv-cache', name })),
    ...(await traceFiles(repository, 'rr-cache', { kind: 'resolution', files })),
    ...(await traceFiles(repository, 'lost-found/other', { kind: 'lost-found', files })),
    ...(await ownTraces(repository, files)),
  ]
}

/** Removes what was found, and the diff that git keeps below the last message. @throws KmsfileError `GIT_FAILED` */
export async function removeTraces(repository: Repository, traces: readonly Trace[]): Promise<void> {
  for (const { kind, name } of traces) {
    if (kind === 'textconv-cache') await repository.git(['update-ref', '-d', name])
    else await rm(join(repository.commonDir, name), { recursive: true, force: true })
  }
  for (const gitDir of await workTreeDirs(repository)) await cutMessage({ gitDir })
}

/** What each work tree has for itself. */
async function ownTraces(repository: Repository, files: readonly Likeness[]): Promise<readonly Trace[]> {
  const traces: Trace[] = []
  for (const folder of await workTreeDirs(repository)) {
    const nameOf = (name: string) => relative(repository.commonDir, join(folder, name)).split(sep).join('/')
    const names = await namesIn(folder)
    if (names.includes('AUTO_MERGE')) traces.push({ kind: 'merge-result', name: nameOf('AUTO_MERGE') })
    for (const name of PATCHES.filter((each) => names.includes(each))) {
      const patch = await readFile(join(folder, name)).catch(() => Buffer.of())
      // Lines that it adds, those that it takes out, those around them.
      const text = patch.toString('latin1').replaceAll(/^[ +-]/gm, '')
      const path = plaintextOf(Buffer.from(text, 'latin1'), files)
      if (path !== undefined) traces.push({ kind: 'patch', name: nameOf(name), path })
    }
  }
  return traces
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
