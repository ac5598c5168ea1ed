import { join } from 'node:path'
import type { Host } from '../../host/host.ts'
import { withPrivateTemp } from '../../host/private-temp.ts'
import { attributesOf } from '../../vcs/git-attributes.ts'
import type { Repository } from '../../vcs/repository.ts'
import { readBinary } from '../check/file-changes.ts'
import { attributePattern } from '../install/attributes-local.ts'
import { TRANSPARENT } from '../install/config-block.ts'
import { chosenPaths } from './transparent-chosen.ts'

/** Attributes of the patterns that are tried. */
const PROBE = 'kmsfile-probe-'

/**
 * The paths that each pattern takes, as git itself matches them; nothing of the repository is written for it.
 *
 * @throws KmsfileError `GIT_FAILED`, `FILE_UNWRITABLE`
 */
export async function matchPatterns(
  host: Pick<Host, 'env' | 'platform' | 'cwd' | 'signal' | 'randomBytes'>,
  repository: Repository,
  { patterns, paths }: { readonly patterns: readonly string[]; readonly paths: readonly string[] },
): Promise<readonly ReadonlySet<string>[]> {
  const found = patterns.map(() => new Set<string>())
  if (patterns.length === 0 || paths.length === 0) return found
  // A name that no `.gitattributes` has anything to say about.
  const unique = Buffer.from(host.randomBytes(8)).toString('hex')
  const names = patterns.map((_, i) => `${PROBE}${unique}-${i}`)
  const content = patterns.map((pattern, i) => `${attributePattern(pattern)} ${names[i]}\n`).join('')
  await withPrivateTemp(host, { name: 'attributes', content }, async ({ path }) => {
    const options = ['-c', `core.attributesFile=${path}`]
    for (const [file, name, value] of await attributesOf(repository, { paths, names, options })) {
      if (value === 'set') found[names.indexOf(name)]?.add(file)
    }
  })
  return found
}

/**
 * Those of some paths that lie in the work tree as plaintext because the user wants it, and that git is to encrypt. No process is
 * started in a clone in which nobody wants that.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function transparentAmong(
  repository: Pick<Repository, 'git' | 'commonDir'>,
  paths: readonly string[],
): Promise<readonly string[]> {
  if (paths.length === 0) return []
  if ((await readBinary(join(repository.commonDir, 'info', 'attributes')))?.includes(TRANSPARENT) !== true) return []
  const isChosen = await chosenPaths(repository)
  const found = await attributesOf(repository, { paths: paths.filter(isChosen), names: ['filter'] })
  return found.flatMap(([path, , value]) => (value === TRANSPARENT ? [path] : []))
}

/** Absolute path of a file in a work tree. */
export function placeOf({ topLevel }: Pick<Repository, 'topLevel'>, path: string): string {
  return join(topLevel, ...path.split('/'))
}
