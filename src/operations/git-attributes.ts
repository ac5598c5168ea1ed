import { lstat } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { attributePatterns } from '../config/attribute-patterns.ts'
import { loadConfig } from '../config/load.ts'
import { KmsfileError } from '../errors.ts'
import { readText, replaceFile } from '../host/files.ts'
import type { Repository } from '../vcs/repository.ts'
import { linesOfBlock, withBlock } from './marked-block.ts'

/** What stands in the `.gitattributes` at the top of a repository, and what should. */
export interface AttributesPlan {
  /** Absolute. */
  readonly path: string
  /** Undefined where there is no file. */
  readonly current: string | undefined
  /** The same as {@link current} where nothing is missing. */
  readonly wanted: string
}

const NAME = '.gitattributes'
const CONFIG_NAME = '.kmsfile.yaml'
/**
 * What holds in every clone, with kmsfile or without: git merges no line of ciphertext, which would make a file whose MAC does
 * not fit, and changes no line endings. Where the drivers are installed, another macro of this name has more to say.
 */
const MACRO = '[attr]kmsfile diff=kmsfile -merge -text'

/** The patterns of a `.kmsfile.yaml`, with its folder from the top of the repository. */
export interface FolderPatterns {
  readonly folder: string
  readonly globs: readonly string[]
}

/**
 * Works out our lines of the `.gitattributes`: whatever any `.kmsfile.yaml` of the repository manages has the attribute
 * `kmsfile`. Undefined where there is none: rules of sops are expressions that attributes cannot say.
 *
 * @throws KmsfileError `CONFIG_INVALID`; `FILE_UNREADABLE` for a link, through which git itself does not read
 */
export async function planAttributes(
  repository: Repository,
  {
    added = [],
  }: { /** Of configurations that are about to be written. */ readonly added?: readonly FolderPatterns[] } = {},
): Promise<AttributesPlan | undefined> {
  const sources = [...added, ...(await managedPatterns(repository))]
  if (sources.length === 0) return undefined
  const path = join(repository.topLevel, NAME)
  const current = await currentText(path)
  const patterns = sources.flatMap(({ folder, globs }) => globs.flatMap((glob) => attributePatterns(glob, { folder })))
  const lines = [MACRO, ...[...new Set(patterns)].map((pattern) => `${pattern} kmsfile`)]
  const same = current !== undefined && linesOfBlock(current)?.join('\n') === lines.join('\n')
  return { path, current, wanted: same ? current : withBlock(current, lines, { file: NAME }) }
}

/** Does what was planned. True where anything was written. */
export async function writeAttributes({ path, current, wanted }: AttributesPlan): Promise<boolean> {
  if (current === wanted) return false
  await replaceFile(path, wanted, current === undefined ? { mode: 0o644 } : {})
  return true
}

/** What every `.kmsfile.yaml` of a repository is for. @throws KmsfileError `CONFIG_INVALID` */
export async function managedPatterns(repository: Repository): Promise<readonly FolderPatterns[]> {
  const paths = await repository.listFiles({ untracked: true })
  const configs = paths.filter((path) => posix.basename(path) === CONFIG_NAME).sort()
  const found: FolderPatterns[] = []
  for (const path of configs) {
    const configuration = await loadConfig(join(repository.topLevel, path), { file: path }).catch((error) => {
      // Tracked, but deleted.
      if (error instanceof KmsfileError && error.code === 'CONFIG_NOT_FOUND') return undefined
      throw error
    })
    if (configuration === undefined) continue
    const folder = posix.dirname(path)
    found.push({ folder: folder === '.' ? '' : folder, globs: configuration.patterns.flat() })
  }
  return found
}

async function currentText(path: string): Promise<string | undefined> {
  const kind = await lstat(path).catch(() => undefined)
  if (kind === undefined) return undefined
  // It may lead anywhere, and what would be written there comes from the repository as well.
  if (!kind.isFile()) {
    throw new KmsfileError('is no ordinary file, so git does not read it', { code: 'FILE_UNREADABLE', file: NAME })
  }
  return (await readText(path)).text
}
