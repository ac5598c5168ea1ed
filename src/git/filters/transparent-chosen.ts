import { compileGlobs } from '../../config/globs.ts'
import { KmsfileError } from '../../errors.ts'
import { isTrue } from '../../vcs/git-config.ts'
import type { Repository } from '../../vcs/repository.ts'

/** Whether the user wants a path to lie in the work tree as plaintext. Paths are from the top, with `/`. */
export type IsChosen = (path: string) => boolean

/**
 * What the user has chosen in this clone. The attributes alone do not say: a `.gitattributes` that somebody commits could name the
 * filter for other files, whose plaintext would then lie where nobody wanted it.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function chosenPaths({ git, config }: Pick<Repository, 'git' | 'config'>): Promise<IsChosen> {
  // --null: values as they are. 1: not set.
  const { stdout } = await git(['config', '--null', '--get-all', 'kmsfile.transparent'], { exitCodes: [0, 1] })
  const patterns = Buffer.from(stdout).toString('utf8').split('\0').slice(0, -1).filter(isPattern)
  if (patterns.length === 0) return () => false
  // As git matches attributes, too.
  const fold = isTrue(await config('core.ignorecase')) ? (text: string) => text.toLowerCase() : (text: string) => text
  const globs = compileGlobs([patterns.map(fold)])
  return (path) => globs.first(fold(path)) !== -1
}

/** Whether git and we take a pattern alike: braces are letters to git. */
export function isPattern(pattern: string): boolean {
  if (/[{}]/.test(pattern)) return false
  try {
    compileGlobs([[pattern]])
    return true
  } catch (error) {
    if (error instanceof KmsfileError) return false
    throw error
  }
}
