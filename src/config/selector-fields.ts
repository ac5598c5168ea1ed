import { compileRegex, DEFAULT_SELECTOR, type Selector, type SelectorKind } from '../core/selection.ts'
import type { NodeReader } from './node-reader.ts'
import type { ConfigNode } from './nodes.ts'

/** Selectors as configurations of sops and of kmsfile spell them. */
export const SELECTOR_FIELDS = [
  'unencrypted_suffix',
  'encrypted_suffix',
  'unencrypted_regex',
  'encrypted_regex',
  'unencrypted_comment_regex',
  'encrypted_comment_regex',
] as const

/** One of {@link SELECTOR_FIELDS}. */
export type SelectorField = (typeof SELECTOR_FIELDS)[number]

/** A selector that a rule names, and where. */
export interface FoundSelector {
  readonly field: SelectorField
  readonly text: string
  readonly node: ConfigNode
}

/**
 * The selector of a rule from those that it names; without any, that of sops.
 *
 * @throws KmsfileError `CONFIG_INVALID` at the second of two, for the file can name one only.
 */
export function selectorOf(found: readonly FoundSelector[], reader: NodeReader): Selector {
  const [only, second] = [...found].sort((a, b) => a.node.start - b.node.start)
  if (only === undefined) return DEFAULT_SELECTOR
  if (second !== undefined) {
    throw reader.error(second.node, `a rule has ${only.field} and ${second.field}`, 'keep one selector')
  }
  return { kind: only.field.replaceAll('_', '-') as SelectorKind, text: only.text }
}

/**
 * Compiles the regular expressions among selectors. With one that does not compile, sops would encrypt nothing.
 *
 * @throws KmsfileError `CONFIG_INVALID` at the first that does not.
 */
export async function checkSelectors(found: readonly FoundSelector[], reader: NodeReader): Promise<void> {
  for (const { field, text, node } of found) if (field.endsWith('_regex')) await regexAt(node, text, reader)
}

/**
 * Compiles a regular expression of a configuration.
 *
 * @throws KmsfileError `CONFIG_INVALID` at its node.
 */
export async function regexAt(node: ConfigNode, text: string, reader: NodeReader): Promise<(text: string) => boolean> {
  try {
    return await compileRegex(text)
  } catch (error) {
    throw reader.located(node, error)
  }
}
