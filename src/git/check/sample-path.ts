import { join, posix } from 'node:path'
import { parseGlob } from '../../config/glob-syntax.ts'
import { loadConfig } from '../../config/load.ts'
import { KmsfileError } from '../../errors.ts'
import { managedPatterns } from '../../operations/git-attributes.ts'
import type { Repository } from '../../vcs/repository.ts'
import { endingsOf } from '../install/attributes-local.ts'

/** A name that nobody has taken. */
const NAME = 'kmsfile-doctor'

/**
 * Paths that the rules of a repository manage, one for each of their patterns, from the top; none of them is a file. Rules of
 * sops are expressions, of which not all give one.
 *
 * @throws KmsfileError `CONFIG_INVALID`
 */
export async function samplePaths(repository: Repository): Promise<readonly string[]> {
  const found: string[] = []
  for (const { folder, globs } of await managedPatterns(repository)) {
    const config = await matcher(repository, folder, '.kmsfile.yaml')
    for (const glob of globs) {
      const path = parseGlob(glob)
        .flatMap(candidates)
        .find((each) => config?.matches(each) === true)
      if (path !== undefined) found.push(posix.join(folder, path))
    }
  }
  return found.length > 0 ? found : sopsSamples(repository)
}

async function sopsSamples(repository: Repository): Promise<readonly string[]> {
  const config = await matcher(repository, '', '.sops.yaml')
  const named = (config?.patterns ?? []).flat().flatMap((expression) => {
    const folder = /^\^?((?:[\w-]+\/)+)/.exec(expression)?.[1] ?? ''
    return endingsOf(expression).map((ending) => `${folder}${NAME}${ending}`)
  })
  const path = named.find((each) => config?.matches(each) === true)
  return path === undefined ? [] : [path]
}

async function matcher({ topLevel }: Repository, folder: string, name: string) {
  const file = posix.join(folder, name)
  return loadConfig(join(topLevel, file), { file }).catch((error) => {
    if (error instanceof KmsfileError && error.code === 'CONFIG_NOT_FOUND') return undefined
    throw error
  })
}

/** Names that a glob may match, YAML files first. */
function candidates({ pattern, folderOnly }: { readonly pattern: string; readonly folderOnly: boolean }): string[] {
  const path = pattern.replace(/^\/|\/$/g, '').replaceAll(/\\(.)|\[[!^]?\]?[^\]]*\]|\*+|\?/g, (part, literal) => {
    if (literal !== undefined) return literal
    if (part.startsWith('*')) return NAME
    return part.startsWith('[') && !/^\[[!^]/.test(part) ? (part[1] ?? 'x') : 'x'
  })
  const inside = [`${path}/${NAME}.yaml`]
  return folderOnly ? inside : [`${path}.yaml`, path, ...inside]
}
