import { globAutomaton } from './glob-automaton.ts'
import { parseGlob } from './glob-syntax.ts'

/**
 * Lists of globs, of which the first one that matches counts.
 *
 * Globs mean what they mean in .gitignore: without a slash at any depth, what lies below a matching folder too, files
 * that start with a dot included, `?` for one byte of UTF-8. Braces are expanded first. Paths are relative, with forward
 * slashes.
 */
export interface GlobLists {
  /** The index of the first list with a glob that matches the path; -1 if none does. Takes time linear in the path. */
  first(path: string): number
  /**
   * The indices of lists that can never be first: whatever they match, lists before them do. In their order. Of lists that
   * would take long to compare it says nothing.
   */
  hidden(): number[]
}

/**
 * Compiles lists of globs.
 *
 * @throws KmsfileError `CONFIG_INVALID` without a place, for the first glob that is none.
 */
export function compileGlobs(lists: readonly (readonly string[])[]): GlobLists {
  const automaton = globAutomaton(lists.map((globs) => globs.flatMap(parseGlob)))
  return {
    first: automaton.first,
    hidden: () => [...lists.keys()].filter((index) => !automaton.canBeFirst(index)),
  }
}
