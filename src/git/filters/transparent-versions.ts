import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { GitObject } from '../../vcs/object-stream.ts'
import type { ObjectReader, Repository } from '../../vcs/repository.ts'

/** What git has of a path: an object, its content. */
export interface StoredVersion {
  readonly id: string
  readonly content: Uint8Array
}

/** The versions of files that git has, as far as they say what a plaintext in the work tree is a change of. Must be closed. */
export interface StoredVersions {
  /**
   * The versions of a path, each once: that of the index; while a merge is not resolved ours, theirs; that of the last commit.
   *
   * @throws KmsfileError `GIT_FAILED`
   */
  of(path: string): Promise<readonly StoredVersion[]>
  close(): void
}

/** Larger files are none that anybody can encrypt. */
export const MAX_TRANSPARENT_BYTES = 64 * 1024 * 1024

/**
 * Reads versions by one process of git, and by another one only where the index was written meanwhile: git keeps what it has
 * read of it.
 */
export function storedVersions(repository: Repository): StoredVersions {
  let open: { readonly objects: ObjectReader; readonly index: string } | undefined

  const reader = async (): Promise<ObjectReader> => {
    const index = await stateOf(await repository.indexPath())
    if (open !== undefined && open.index !== index) {
      open.objects.close()
      open = undefined
    }
    open ??= { objects: await repository.objectReader(), index }
    return open.objects
  }
  return {
    async of(path) {
      const names = path.includes('\n') ? await idsOf(repository, path) : NAMES.map((name) => `${name}${path}`)
      if (names.length === 0) return []
      const found = new Map<string, StoredVersion>()
      for await (const object of (await reader()).read(names, { maxBytes: MAX_TRANSPARENT_BYTES })) {
        const version = versionOf(object)
        if (version !== undefined && !found.has(version.id)) found.set(version.id, version)
      }
      return [...found.values()]
    },
    close: () => open?.objects.close(),
  }
}

/** Revisions of a path, as gitrevisions(7) has them: stages of the index, and the last commit. */
const NAMES = [':0:', ':2:', ':3:', 'HEAD:']

/** The protocol of cat-file has one name a line: a path with a line break in it is looked up first. */
async function idsOf({ git }: Repository, path: string): Promise<readonly string[]> {
  // -z: names as they are.
  const staged = await git(['--literal-pathspecs', 'ls-files', '--stage', '-z', '--', path])
  const entries = Buffer.from(staged.stdout).toString('utf8').split('\0')
  const stages = entries.flatMap((entry) => {
    const [, id = '', stage = '', name] = /^\d+ ([0-9a-f]+) (\d)\t([\s\S]+)$/.exec(entry) ?? []
    return name === path && stage !== '1' ? [id] : []
  })
  // --verify --quiet: one object, or 1 without a word.
  const { stdout } = await git(['rev-parse', '--verify', '--quiet', `HEAD:${path}`], { exitCodes: [0, 1] })
  return [...stages, Buffer.from(stdout).toString('latin1').trim()].filter((id) => id !== '')
}

function versionOf(object: GitObject | undefined): StoredVersion | undefined {
  if (object?.type !== 'blob' || object.content === undefined) return undefined
  return { id: object.id, content: object.content }
}

/** What differs once the file was written anew: git writes another file and gives it the name. */
async function stateOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  return found === undefined ? '' : [found.ino, found.size, found.mtimeNs, found.ctimeNs].join()
}

/** What one process of the filter has converted: the same plaintext of a path is the same ciphertext again. */
export interface Conversions {
  /** The ciphertext of a plaintext of that path; undefined where this process has none. */
  get(path: string, plaintext: Uint8Array): Uint8Array | undefined
  add(path: string, plaintext: Uint8Array, ciphertext: Uint8Array): void
}

/** How much ciphertext is kept: what was used last. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024

/**
 * Git asks more than once for the same file: a commit of some paths adds them to two indexes, and a rebase compares what it has
 * just written. No plaintext is kept, but a hash of it.
 */
export function startConversions(): Conversions {
  const kept = new Map<string, Uint8Array>()
  let bytes = 0
  const nameOf = (path: string, plaintext: Uint8Array) =>
    `${createHash('sha256').update(plaintext).digest('hex')} ${path}`

  return {
    get: (path, plaintext) => kept.get(nameOf(path, plaintext)),
    add(path, plaintext, ciphertext) {
      const name = nameOf(path, plaintext)
      bytes += ciphertext.length - (kept.get(name)?.length ?? 0)
      kept.delete(name)
      kept.set(name, ciphertext)
      for (const [oldest, content] of kept) {
        if (bytes <= MAX_KEPT_BYTES || oldest === name) break
        kept.delete(oldest)
        bytes -= content.length
      }
    },
  }
}
