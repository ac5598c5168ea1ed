import { KmsfileError } from '../errors.ts'

export type SelectorKind =
  | 'unencrypted-suffix'
  | 'encrypted-suffix'
  | 'unencrypted-regex'
  | 'encrypted-regex'
  | 'unencrypted-comment-regex'
  | 'encrypted-comment-regex'

/** Says which values of a file are encrypted. Suffixes and regular expressions (Go RE2) look at each key of a path. */
export interface Selector {
  readonly kind: SelectorKind
  readonly text: string
}

/** What sops takes where a file or a rule names no selector. */
export const DEFAULT_SELECTOR: Selector = { kind: 'unencrypted-suffix', text: '_unencrypted' }

/**
 * A selector ready to use.
 *
 * A match anywhere on the path decides for the whole subtree, so a walk carries one boolean down: `matched`, false at
 * the root, true from the first key on that matches.
 */
export interface Selection {
  readonly selector: Selector
  /** Whether one key of a path matches. */
  matches(key: string): boolean
  /** Whether a value below keys that matched, or did not, is encrypted. */
  selects(matched: boolean): boolean
  /** Whether it is comments that are looked at, not keys; {@link matches} is then to be asked with a comment's text. */
  readonly byComment: boolean
}

/**
 * Compiles a selector. Regular expressions are those of Go, searched unanchored, in linear time.
 *
 * @throws KmsfileError `CONFIG_INVALID` for a regular expression that does not compile, where sops would silently
 * encrypt nothing.
 */
export async function compileSelector(selector: Selector): Promise<Selection> {
  const inverted = selector.kind.startsWith('unencrypted')
  return {
    selector,
    byComment: selector.kind.endsWith('comment-regex'),
    matches: selector.kind.endsWith('suffix')
      ? (key) => key.endsWith(selector.text)
      : await compileRegex(selector.text),
    selects: (matched) => matched !== inverted,
  }
}

/**
 * Compiles a regular expression of Go's RE2 syntax to a search that takes time linear in the text.
 *
 * @throws KmsfileError `CONFIG_INVALID`
 */
export async function compileRegex(pattern: string): Promise<(text: string) => boolean> {
  // Only files whose rule has a regular expression pay for loading the engine.
  const { RE2JS, RE2JSSyntaxException } = await import('re2js')
  try {
    const compiled = RE2JS.compile(pattern)
    return (text) => compiled.matcher(text).find()
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error
    throw new KmsfileError(`the regular expression ${JSON.stringify(pattern)} is not valid: ${error.message}`, {
      code: 'CONFIG_INVALID',
      hint: 'use the syntax of Go (RE2): it has no look-ahead and no back-references',
    })
  }
}
