import type { Alias, Document, Node, Span } from '../core/tree.ts'
import { FormatError, type Scanned } from './format.ts'
import { contentsOf, isContainer, nodeOf, tokenStart } from './yaml-edit-place.ts'
import type { YamlEntry } from './yaml-nodes.ts'

/**
 * Refuses to cut a range of a text that an alias outside of it refers into. The anchors of `kept` stay.
 *
 * @throws FormatError `FORMAT_VALUE`
 */
export function keepAnchors(
  { text, documents }: Scanned,
  { document }: { readonly document: number },
  { start, end, kept }: Span & { readonly kept: readonly Node[] },
): void {
  const root = documents[document]?.root
  const lost =
    root &&
    aliasesIn(root).find((alias) => {
      const target = tokenStart(alias.target)
      const isInside = target >= start && target <= end && !kept.includes(alias.target)
      return isInside && (alias.start < start || alias.start >= end)
    })
  if (lost === undefined) return
  throw new FormatError(`an alias refers to the anchor ${lost.name}`, text, {
    code: 'FORMAT_VALUE',
    offset: lost.start,
    hint: 'set or remove the alias first',
  })
}

/**
 * Refuses a merge key (`<<`) with anything but maps, which readers that merge would not load.
 *
 * @throws FormatError `FORMAT_VALUE`
 */
export function keepMerges(before: Document, after: Document, { text }: Scanned): void {
  const broken = after.root === undefined ? [] : brokenMerges(after.root)
  if (broken.length <= (before.root === undefined ? 0 : brokenMerges(before.root).length)) return
  throw new FormatError('a merge key takes maps only', text, {
    code: 'FORMAT_VALUE',
    offset: broken[0]?.keySpan.start ?? 0,
  })
}

function aliasesIn(node: Node): readonly Alias[] {
  if (node.kind === 'alias') return [node]
  return isContainer(node) ? contentsOf(node).flatMap((item) => aliasesIn(nodeOf(item))) : []
}

function brokenMerges(node: Node): readonly YamlEntry[] {
  if (!isContainer(node)) return []
  return contentsOf(node).flatMap((item) => {
    const below = brokenMerges(nodeOf(item))
    return item.kind === 'entry' && isMergeKey(item) && !isMergeable(item.value) ? [item, ...below] : below
  })
}

function isMergeKey({ key, keyStyle, keyDecorated }: YamlEntry): boolean {
  return key === '<<' && keyStyle === 'plain' && !keyDecorated
}

function isMergeable(node: Node): boolean {
  const target = node.kind === 'alias' ? node.target : node
  if (target.kind === 'map') return true
  return target.kind === 'list' && target.items.every((item) => item.kind === 'comment' || isMapOrAlias(item))
}

function isMapOrAlias(node: Node): boolean {
  return node.kind === 'map' || (node.kind === 'alias' && node.target.kind === 'map')
}
