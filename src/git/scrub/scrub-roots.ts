import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import type { Repository } from '../../vcs/repository.ts'

/** Where git keeps what belongs to each work tree of a repository, the main one first. All share the objects. */
export async function workTreeDirs({ commonDir }: Pick<Repository, 'commonDir'>): Promise<readonly string[]> {
  const linked = join(commonDir, 'worktrees')
  const names = await readdir(linked).catch(() => [])
  return [commonDir, ...names.map((name) => join(linked, name)).filter((path) => existsSync(join(path, 'HEAD')))]
}

/** Refs that each work tree has for itself: git asked in one does not know those of another. */
const OWN_REFS = ['refs/bisect/', 'refs/worktree/', 'refs/rewritten/']

/**
 * Ids of objects that somebody may still count on, though git would not: what refs of other work trees lead to, and what was
 * fetched last without getting a ref.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function otherRoots(repository: Repository): Promise<readonly string[]> {
  const found = new Set<string>()
  for (const folder of await workTreeDirs(repository)) {
    const fetched = await readFile(join(folder, 'FETCH_HEAD'), 'latin1').catch(() => '')
    for (const [id] of fetched.matchAll(/^[0-9a-f]{40,64}(?=\t)/gm)) found.add(id)
    if (folder === repository.gitDir) continue
    const env = { GIT_DIR: folder }
    const { stdout } = await repository.git(['for-each-ref', '--format=%(objectname)', ...OWN_REFS], { env })
    for (const id of Buffer.from(stdout).toString('latin1').split('\n').slice(0, -1)) found.add(id)
  }
  const ids = [...found]
  const present: string[] = []
  let next = 0
  for await (const object of repository.catFiles(ids, { maxBytes: 0 })) {
    const id = ids[next++] as string
    if (object !== undefined) present.push(id)
  }
  return present
}

/** The object stores of others from which a clone borrows. */
export async function borrowedStores({ commonDir }: Pick<Repository, 'commonDir'>): Promise<readonly string[]> {
  const objects = join(commonDir, 'objects')
  const text = await readFile(join(objects, 'info/alternates'), 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => (line.startsWith('"') ? unquoted(line) : line))
    .map((path) => (isAbsolute(path) ? path : join(objects, path)))
}

/** A path as git quotes it, where it begins with a quotation mark. */
function unquoted(line: string): string {
  const bytes = line
    .replace(/^"|"$/g, '')
    .replaceAll(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)))
    .replaceAll(/\\(["\\])/g, '$1')
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
