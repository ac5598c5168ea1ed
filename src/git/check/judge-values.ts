import type { Selection } from '../../core/selection.ts'
import type { Document, Leaf, MapNode, Node, Path, Span } from '../../core/tree.ts'
import { walk } from '../../core/walk.ts'
import { ENVELOPE_KEY } from '../../formats/format.ts'
import { isConcealable } from '../../operations/open-values.ts'

/** A value that is readable where it should be encrypted, or that only looks encrypted. */
export interface ExposedValue {
  readonly keys: Path
  /** Where in the text. */
  readonly offset: number
  /** The first of the selections that has it encrypted. */
  readonly selection: Selection
}

export interface ExposedOptions {
  /** False where nothing is encrypted: then what has the name of the metadata is a value like any other. Default: true. */
  readonly hasMetadata?: boolean | undefined
}

/**
 * Finds the values that any of the selections has encrypted and that are no envelopes, in the order of the text. The
 * metadata is left out, and in further documents what repeats it. What an alias stands for is looked at where it stands itself; in
 * the metadata it would not be, so that an alias to there is exposed.
 */
export function exposedValues(
  documents: readonly Document[],
  selections: readonly Selection[],
  { hasMetadata = true }: ExposedOptions = {},
): readonly ExposedValue[] {
  const found: ExposedValue[] = []
  const byKey = selections.filter(({ byComment }) => !byComment)
  const metadata = hasMetadata ? metadataIn(documents[0]?.root) : undefined
  if (byKey.length > 0) {
    for (const { root } of documents) if (root !== undefined) inKeys(root, { selections: byKey, metadata }, found)
  }
  const skipRootKey = hasMetadata ? ENVELOPE_KEY : undefined
  for (const selection of selections) if (selection.byComment) inComments(documents, { selection, skipRootKey }, found)
  return found
}

interface Sought {
  readonly selections: readonly Selection[]
  /** That of the first document, which is the one that counts. */
  readonly metadata: Node | undefined
}

function inKeys(root: Node, { selections, metadata }: Sought, found: ExposedValue[]): void {
  const own = metadataIn(root)
  const path: (string | number)[] = []
  visit(
    root,
    selections.map(() => false),
  )

  /** `matched`: of each selection, whether a key on the way matched it. */
  function visit(node: Node, matched: readonly boolean[]): void {
    if (node.kind === 'alias') {
      const [selection] = selections
      if (selection !== undefined && own !== undefined && lies(node.target, own)) {
        found.push({ keys: [...path], offset: node.start, selection })
      }
      return
    }
    if (node.kind === 'leaf') {
      if (!isConcealable(node.type, node.text) || isEnvelope(node)) return
      const selection = selections.find(({ selects }, i) => selects(matched[i] as boolean))
      if (selection !== undefined) found.push({ keys: [...path], offset: node.start, selection })
      return
    }
    let index = 0
    for (const item of node.items) {
      if (item.kind === 'comment') continue
      if (item.kind !== 'entry') {
        path.push(index++)
        visit(item, matched)
      } else if (path.length === 0 && item.key === ENVELOPE_KEY && isPart(item.value, metadata)) continue
      else {
        path.push(item.key)
        visit(item.value, matchedBelow(item.key, matched))
      }
      path.pop()
    }
  }

  function matchedBelow(key: string, matched: readonly boolean[]): readonly boolean[] {
    for (const [i, selection] of selections.entries()) {
      if (matched[i] === false && selection.matches(key)) {
        return matched.map((already, j) => already || (selections[j] as Selection).matches(key))
      }
    }
    return matched
  }
}

function metadataIn(root: Node | undefined): Node | undefined {
  return root?.kind === 'map' ? valueAt(root, ENVELOPE_KEY) : undefined
}

function lies(inner: Span, outer: Span): boolean {
  return inner.start >= outer.start && inner.end <= outer.end
}

/** Whether there is nothing in a node that another does not hold at the same place; aliases are like nothing else. */
function isPart(node: Node, whole: Node | undefined): boolean {
  if (node === whole) return true
  if (node.kind === 'leaf') return whole?.kind === 'leaf' && node.text === whole.text
  if (node.kind === 'map' && whole?.kind === 'map') {
    return node.items.every((item) => item.kind === 'comment' || isPart(item.value, valueAt(whole, item.key)))
  }
  if (node.kind !== 'list' || whole?.kind !== 'list') return false
  const [items, others] = [node, whole].map((list) => list.items.filter((item) => item.kind !== 'comment'))
  return items?.every((item, i) => isPart(item, others?.[i])) ?? false
}

function valueAt({ items }: MapNode, key: string): Node | undefined {
  const entry = items.find((item) => item.kind === 'entry' && item.key === key)
  return entry?.kind === 'entry' ? entry.value : undefined
}

/** Keys are named without list indices. */
function inComments(
  documents: readonly Document[],
  { selection, skipRootKey }: { readonly selection: Selection; readonly skipRootKey: string | undefined },
  found: ExposedValue[],
): void {
  walk(
    documents,
    {
      leaf(leaf, { secret, aliased, keys }) {
        if (!secret || aliased || !isConcealable(leaf.type, leaf.text) || isEnvelope(leaf)) return
        found.push({ keys: [...keys], offset: leaf.start, selection })
      },
    },
    { selection, skipRootKey },
  )
}

/**
 * An encrypted value from the first letter to the last, as sops and kmsfile write it: a nonce of 32 bytes and a tag of 16, in
 * the one spelling of base64 that writers have.
 */
const ENVELOPE =
  /^ENC\[AES256_GCM,data:([A-Za-z0-9+/]+={0,2}),iv:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=,tag:[A-Za-z0-9+/]{21}[AQgw]==,type:(?:str|int|float|bool|time|bytes|comment)\]$/
/** The end of base64: no bit of the last character is left over. */
const BASE64_END = /(?:[^=]|[AEIMQUYcgkosw048]=|[AQgw]==)$/

/** Whether a value is an envelope, as far as that shows without a key. */
export function isEnvelope({ type, text }: Pick<Leaf, 'type' | 'text'>): boolean {
  if (type !== 'str' || !text.startsWith('ENC[')) return false
  const data = ENVELOPE.exec(text)?.[1]
  return data !== undefined && data.length % 4 === 0 && BASE64_END.test(data)
}
