import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { KmsfileError } from '../../errors.ts'
import { readFile } from '../../host/files.ts'
import type { GitConfig } from '../../vcs/git-config.ts'
import { blobId } from '../../vcs/object-id.ts'
import type { Repository } from '../../vcs/repository.ts'
import { isNothing } from '../check/check-listing.ts'
import { transparentAmong } from '../filters/transparent-paths.ts'
import { TRANSPARENT } from '../install/config-block.ts'
import type { PatchSection } from './show-patch.ts'

export interface WorkTreeContent {
  readonly bytes: Uint8Array
  /** It lies there as plaintext because it is meant to. */
  readonly transparent: boolean
}

export interface WorkTreeOptions {
  readonly config: GitConfig
  /** Where git was called: paths may be relative to it. */
  readonly cwd: string
  readonly maxBytes: number
}

/** Versions of files that no object holds. */
export interface WorkTreeFiles {
  /** Finds out about some files at once. */
  prepare(sections: readonly PatchSection[]): Promise<void>
  /**
   * The file that git compared under an id. Git names it with whatever prefix it was told to, or none: what does not have that id
   * is another one, or was changed since. Undefined where there is none.
   */
  read(section: PatchSection, id: string): Promise<WorkTreeContent | undefined>
}

export function workTreeFiles(
  repository: Pick<Repository, 'git' | 'topLevel' | 'commonDir'>,
  { config, cwd, maxBytes }: WorkTreeOptions,
): WorkTreeFiles {
  const { topLevel } = repository
  const isInUse = config.names(`filter.${TRANSPARENT}.`).length > 0
  const transparent = new Set<string>()

  const regularFile = async (path: string): Promise<Uint8Array | undefined> => {
    const found = await lstat(path).catch(() => undefined)
    if (found?.isFile() !== true) return undefined
    return readFile(path, { maxBytes }).catch((error) => {
      if (error instanceof KmsfileError) return undefined
      throw error
    })
  }
  return {
    async prepare(sections) {
      if (!isInUse) return
      for (const path of await transparentAmong(repository, sections.flatMap(candidates))) transparent.add(path)
    },
    async read(section, id) {
      for (const path of candidates(section)) {
        for (const folder of new Set([topLevel, cwd])) {
          const bytes = await regularFile(join(folder, ...path.split('/')))
          if (bytes === undefined) continue
          if (folder === topLevel && transparent.has(path)) return { bytes, transparent: true }
          if (isNothing(id) || hasId(bytes, id)) return { bytes, transparent: false }
        }
      }
      return undefined
    },
  }
}

/** Names that a file may have below the top: as git printed them, and without a prefix of one folder. */
function candidates({ kind, path, oldPath }: PatchSection): readonly string[] {
  const names = [path, oldPath]
    .filter((name) => name !== undefined)
    .map((name) => Buffer.from(name, 'latin1').toString('utf8'))
  const all = kind === 'pair' ? names.flatMap((name) => [name.slice(name.indexOf('/') + 1), name]) : names
  return [...new Set(all)].filter(
    (name) => name !== '' && !name.split('/').some((part) => part === '..' || part === ''),
  )
}

/** Whether it is the content of a blob, be it after git changed its line endings. */
function hasId(bytes: Uint8Array, id: string): boolean {
  if (blobId(bytes, id) === id) return true
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  return text.includes('\r\n') && blobId(Buffer.from(text.replaceAll('\r\n', '\n'), 'latin1'), id) === id
}
