import { compileGlobs } from '../../config/globs.ts'
import { KmsfileError } from '../../errors.ts'
import { type GitConfig, isTrue, readGitConfig } from '../../vcs/git-config.ts'
import type { Repository } from '../../vcs/repository.ts'

/** Whether the user wants a path to lie in the work tree as plaintext. Paths are from the top, with `/`. */
export type IsChosen = (path: string) => boolean

/**
 * What the user has chosen in this clone. The attributes alone do not say: a `.gitattributes` that somebody commits could name the
 * filter for other files, whose plaintext would then lie where nobody wanted it.
 *
 * @throws KmsfileError `GIT_FAILED`
 */
export async function chosenPaths(repository: Pick<Repository, 'git'>): Promise<IsChosen> {
  const config = await readGitConfig(repository)
  const patterns = transparentPatterns(config).filter(isPattern)
  if (patterns.length === 0) return () => false
  // As git matches attributes, too.
  const fold = isTrue(config.get('core.ignorecase')?.value)
    ? (text: string) => text.toLowerCase()
    : (text: string) => text
  const globs = compileGlobs([patterns.map(fold)])
  return (path) => globs.first(fold(path)) !== -1
}

/** Patterns of what lies in the work tree as plaintext, as they were chosen in this clone. */
export function transparentPatterns(config: GitConfig): readonly string[] {
  return config.all('kmsfile.transparent').map(({ value }) => value)
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
