import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readFailure } from './system-error.ts'
import { isTemporaryName } from './temporary.ts'

export interface WalkOptions {
  /** Whether to leave out a file or a folder with all below it. `path` is relative to the folder, with `/`. */
  readonly skip?: ((path: string, kind: 'file' | 'folder') => boolean) | undefined
}

/**
 * The regular files below a folder, relative to it and with `/`, sorted within each folder, read as they are asked for. Symbolic
 * links are not followed and not listed, neither is what git keeps for itself (`.git`) nor a temporary of ours.
 *
 * @throws KmsfileError `FILE_NOT_FOUND`; `FILE_UNREADABLE` for a folder that cannot be listed: what is not seen is not safe
 */
export async function* walkFiles(folder: string, { skip = () => false }: WalkOptions = {}): AsyncGenerator<string> {
  const left = ['']
  for (let below = left.pop(); below !== undefined; below = left.pop()) {
    const folders: string[] = []
    for (const entry of await list(join(folder, below))) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`
      if (entry.name === '.git') continue
      if (entry.isDirectory() && !skip(path, 'folder')) folders.push(path)
      if (entry.isFile() && !isTemporaryName(entry.name) && !skip(path, 'file')) yield path
    }
    left.push(...folders.reverse())
  }
}

async function list(folder: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    throw readFailure(error, folder)
  }
}
