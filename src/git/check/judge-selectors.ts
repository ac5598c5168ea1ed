import { compileSelector, DEFAULT_SELECTOR, type Selection, type Selector } from '../../core/selection.ts'

/** Selectors and keys of a whole repository are few, those of a hostile one as many as it likes. */
const MAX_SELECTORS = 200
const MAX_KEYS = 20_000

const known = new Map<string, Promise<Selection>>()

/**
 * A selector ready for use on many files: compiled once, and each key looked at once. Files of one repository have the same
 * keys over and over, and a regular expression takes longer than all else that is done with one.
 *
 * @throws KmsfileError `CONFIG_INVALID`
 */
export function compiled(selector: Selector): Promise<Selection> {
  const name = JSON.stringify([selector.kind, selector.text])
  const found = known.get(name)
  if (found !== undefined) return found
  const compiling = compileSelector(selector).then((selection) => {
    // A suffix needs no memory, and comments hardly repeat.
    return selection.byComment || selector.kind.endsWith('suffix')
      ? selection
      : { ...selection, matches: remember(selection) }
  })
  if (known.size >= MAX_SELECTORS) known.clear()
  known.set(name, compiling)
  return compiling
}

/** Selectors of rules, ready for use: whatever one of them has encrypted must be. Where no rule has one, that of sops counts. */
export function selectionsOf(selectors: readonly Selector[]): Promise<readonly Selection[]> {
  return Promise.all((selectors.length === 0 ? [DEFAULT_SELECTOR] : selectors).map(compiled))
}

function remember({ matches }: Selection): Selection['matches'] {
  const answers = new Map<string, boolean>()
  return (key) => {
    const answer = answers.get(key) ?? matches(key)
    if (answers.size >= MAX_KEYS) answers.clear()
    answers.set(key, answer)
    return answer
  }
}
