import { stat } from 'node:fs/promises'
import { join, posix, relative, resolve, sep } from 'node:path'
import { KmsfileError } from '../errors.ts'
import { walkFiles } from '../host/walk.ts'
import type { Repository } from '../vcs/repository.ts'
import type { Workspace } from './workspace.ts'

/** A file that a command is to look at. */
export interface ListedFile {
  /** Relative to the working directory, with the separators of the system; absolute where that is shorter to read. */
  readonly name: string
  /** Absolute. */
  readonly path: string
  /** Somebody named the file itself, so that it must be there. */
  readonly named: boolean
}

/**
 * The files that names stand for: a file for itself, a folder for all below it; without names all of the repository, or
 * of the working directory where that is in none. What git ignores is left out, so are links. Sorted by name.
 *
 * @throws KmsfileError `FILE_NOT_FOUND` for a name that stands for nothing, `FILE_UNREADABLE`, `GIT_FAILED`
 */
export async function listFiles(workspace: Workspace, names: readonly string[]): Promise<readonly ListedFile[]> {
  const { cwd } = workspace.host
  const lists = names.length === 0 ? [await everything(workspace)] : []
  for (const name of names) {
    const kind = await stat(resolve(cwd, name)).catch(() => undefined)
    if (kind === undefined) throw new KmsfileError('no such file', { code: 'FILE_NOT_FOUND', file: name })
    lists.push(kind.isDirectory() ? await below(workspace, name) : [{ name, path: resolve(cwd, name), named: true }])
  }
  const files = new Map<string, ListedFile>()
  for (const file of lists.flat()) if (!files.has(file.path)) files.set(file.path, file)
  return [...files.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function everything(workspace: Workspace): Promise<readonly ListedFile[]> {
  const repository = await workspace.repository(join(workspace.host.cwd, 'x'))
  return repository === undefined ? walk(workspace, '.') : tracked(workspace, repository, '')
}

async function below(workspace: Workspace, folder: string): Promise<readonly ListedFile[]> {
  const path = resolve(workspace.host.cwd, folder)
  // A file in the folder stands for the folder itself, whose last part may be a link.
  const repository = await workspace.repository(join(path, 'x'))
  const inside = await repository?.pathOf(join(path, 'x'))
  if (repository === undefined || inside === undefined) return walk(workspace, folder)
  return tracked(workspace, repository, folderOf(inside))
}

/** Names are made from paths within the repository, since the working directory may lead there by a link. */
async function tracked({ host }: Workspace, repository: Repository, prefix: string): Promise<readonly ListedFile[]> {
  const here = await repository.pathOf(join(host.cwd, 'x'))
  const paths = await repository.listFiles({ untracked: true, below: [prefix] })
  return paths.map((each) => {
    const path = join(repository.topLevel, ...each.split('/'))
    const name = here === undefined ? path : posix.relative(folderOf(here), each).split('/').join(sep)
    return { name: short(name, path), path, named: false }
  })
}

function folderOf(path: string): string {
  return path.includes('/') ? posix.dirname(path) : ''
}

async function walk({ host }: Workspace, folder: string): Promise<readonly ListedFile[]> {
  const files: ListedFile[] = []
  const skip = (path: string, kind: 'file' | 'folder') => kind === 'folder' && /(^|\/)node_modules$/.test(path)
  for await (const each of walkFiles(resolve(host.cwd, folder), { skip })) {
    const path = join(resolve(host.cwd, folder), ...each.split('/'))
    files.push({ name: short(relative(host.cwd, path), path), path, named: false })
  }
  return files
}

function short(name: string, path: string): string {
  return name.startsWith(`..${sep}..${sep}`) ? path : name
}
