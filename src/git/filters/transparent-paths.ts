import { join } from 'node:path'
import type { Host } from '../../host/host.ts'
import { withPrivateTemp } from '../../host/private-temp.ts'
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
    const config = ['-c', `core.attributesFile=${path}`]
    for (const [file, name, value] of await attributesOf(repository, { paths, names, config })) {
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
  repository: Pick<Repository, 'git' | 'config' | 'commonDir'>,
  paths: readonly string[],
): Promise<readonly string[]> {
  if (paths.length === 0) return []
  if ((await readBinary(join(repository.commonDir, 'info', 'attributes')))?.includes(TRANSPARENT) !== true) return []
  const isChosen = await chosenPaths(repository)
  const found = await attributesOf(repository, { paths: paths.filter(isChosen), names: ['filter'] })
  return found.flatMap(([path, , value]) => (value === TRANSPARENT ? [path] : []))
}

interface AttributesCall {
  readonly paths: readonly string[]
  readonly names: readonly string[]
  /** Options of git before its command. */
  readonly config?: readonly string[]
}

async function attributesOf(
  { git }: Pick<Repository, 'git'>,
  { paths, names, config = [] }: AttributesCall,
): Promise<readonly (readonly [path: string, name: string, value: string])[]> {
  // -z: names as they are; --stdin: as many as there are.
  const { stdout } = await git([...config, 'check-attr', '-z', '--stdin', ...names], {
    input: paths.map((path) => `${path}\0`).join(''),
  })
  const fields = Buffer.from(stdout).toString('utf8').split('\0')
  const found: [string, string, string][] = []
  for (let at = 0; at + 2 < fields.length; at += 3) found.push(fields.slice(at, at + 3) as [string, string, string])
  return found
}

/** Absolute path of a file in a work tree. */
export function placeOf({ topLevel }: Pick<Repository, 'topLevel'>, path: string): string {
  return join(topLevel, ...path.split('/'))
}
