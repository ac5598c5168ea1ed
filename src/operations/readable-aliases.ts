import { compileSelector, type Selector } from '../core/selection.ts'
import type { Leaf } from '../core/tree.ts'
import { walk } from '../core/walk.ts'
import type { Format } from '../formats/format.ts'
import { ALIAS_PREFIX } from '../formats/yaml-spell.ts'
import { isConcealable } from './open-values.ts'
import { wrapRoot } from './root-key.ts'
import type { SourceFile } from './secrets-file.ts'
import { leavesOf, printPlace, type TreePlace } from './tree-changes.ts'
import type { Workspace } from './workspace.ts'
import type { WrittenFile } from './write-secrets.ts'

/** Most places that are listed. */
const MAX_LISTED = 10

/**
 * Says so where a value is encrypted at its anchor and stays readable where an alias repeats it, because the selector
 * leaves that key readable: sops writes it so, and hardly anybody means it. Places only.
 */
export async function warnOfReadableAliases(
  workspace: Workspace,
  { name, format }: Pick<SourceFile, 'name' | 'format'>,
  { plaintext, selector, written }: { plaintext: string; selector: Selector; written: WrittenFile },
): Promise<void> {
  // An alias below which something is encrypted, here or at its anchor, is written as a copy with a mark.
  if (!written.text.includes(`&${ALIAS_PREFIX}`)) return
  const places = await readableAliases(format, plaintext, selector)
  if (places.length === 0) return
  const more = places.length > MAX_LISTED ? ` and ${places.length - MAX_LISTED} more` : ''
  const names = `${places.slice(0, MAX_LISTED).map(printPlace).join(', ')}${more}`
  const message =
    places.length === 1
      ? `${names} stays readable, although it is an alias of a value that is encrypted`
      : `${names} stay readable, although they are aliases of values that are encrypted`
  workspace.warn(message, { file: name, hint: 'if that is not meant, put the alias under a key that is encrypted' })
}

/** The places of a plaintext that repeat, through an alias, a value that is encrypted, and are not encrypted themselves. */
export async function readableAliases(
  { scan }: Pick<Format, 'scan'>,
  plaintext: string,
  selector: Selector,
): Promise<readonly TreePlace[]> {
  const { documents } = scan(plaintext)
  const selection = await compileSelector(selector)
  const leaves: { readonly leaf: Leaf; readonly secret: boolean; readonly aliased: boolean }[] = []
  const visitor = {
    leaf: (leaf: Leaf, { secret, aliased }: { secret: boolean; aliased: boolean }) =>
      void leaves.push({ leaf, secret, aliased }),
  }
  walk(documents.map(wrapRoot), visitor, { selection })
  const concealed = new Set(
    leaves.flatMap(({ leaf, secret, aliased }) =>
      secret && !aliased && isConcealable(leaf.type, leaf.text) ? [leaf] : [],
    ),
  )
  // In the same order: both walk the documents.
  return leavesOf(documents).filter((_, i) => {
    const found = leaves[i]
    return found?.aliased === true && !found.secret && concealed.has(found.leaf)
  })
}
