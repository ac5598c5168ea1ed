import { mentionsEncryption } from '../../operations/inspect.ts'
import type { Workspace } from '../../operations/workspace.ts'
import type { Repository } from '../../vcs/repository.ts'
import { transparentAmong } from './transparent-paths.ts'
import { MAX_TRANSPARENT_BYTES } from './transparent-versions.ts'

/**
 * Finds, of files that lie in the work tree as plaintext, those that git is to encrypt and has encrypted: what it has of them, by
 * the path that was asked for. Where git cannot say, there is none.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function encryptedVersions(
  { repository }: Pick<Workspace, 'repository'>,
  files: readonly string[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  const repositories = new Map<string, { readonly repository: Repository; readonly files: Map<string, string> }>()
  for (const file of files) {
    const own = await repository(file)
    const path = await own?.pathOf(file)
    // The protocol of cat-file has one name a line.
    if (own === undefined || path === undefined || path.includes('\n')) continue
    const known = repositories.get(own.topLevel) ?? { repository: own, files: new Map() }
    known.files.set(path, file)
    repositories.set(own.topLevel, known)
  }
  for (const each of repositories.values()) {
    const paths = await transparentAmong(each.repository, [...each.files.keys()])
    if (paths.length === 0) continue
    let at = 0
    const names = paths.map((path) => `:0:${path}`)
    for await (const object of each.repository.catFiles(names, { maxBytes: MAX_TRANSPARENT_BYTES })) {
      const path = paths[at++] as string
      const content = object?.type === 'blob' ? object.content : undefined
      if (content !== undefined && mentionsEncryption(content)) found.set(each.files.get(path) as string, content)
    }
  }
  return found
}
