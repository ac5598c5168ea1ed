import { lineAt, lineStarts } from '../../core/line-starts.ts'
import type { Selection } from '../../core/selection.ts'
import type { Comment, Node, Path } from '../../core/tree.ts'
import { walk } from '../../core/walk.ts'
import { KmsfileError } from '../../errors.ts'
import { detectFormat } from '../../formats/detect.ts'
import { ENVELOPE_KEY, type Scanned } from '../../formats/format.ts'
import { mentionsEncryption } from '../../operations/inspect.ts'
import { takeApart } from '../../operations/read-secrets.ts'
import type { Flaw, Stray } from './finding.ts'
import type { Demand } from './judge-demand.ts'
import { lineStrays } from './judge-lines.ts'
import { isOfLaterSops, oddField, strayField } from './judge-metadata.ts'
import { compiled, selectionsOf } from './judge-selectors.ts'
import { formatByLook, textOf } from './judge-text.ts'
import { exposedValues, isEnvelope } from './judge-values.ts'

/**
 * Finds what stands readable in a file beside its values. No tool needs it and sops reads over it, so it may well have been
 * there for years; who compares two versions knows what is new. Nothing for what cannot be read at all, which is a flaw by
 * itself.
 */
export async function straysOf(content: Uint8Array, demand: Demand): Promise<readonly Stray[]> {
  const isEncrypted = mentionsEncryption(content)
  const text = isEncrypted || demand.managed ? textOf(content) : undefined
  const name = text === undefined ? undefined : (demand.format ?? formatByLook(text))
  if (text === undefined) return []
  if (name === undefined) return isEncrypted ? await lineStrays(text) : []
  try {
    const format = detectFormat('', name)
    const scanned = format.scan(text)
    const selections = demand.managed ? await selectionsOf(demand.selectors) : []
    if (!isEncrypted) {
      // Where values are readable, that is said of them; their comments are encrypted along with them.
      const isBare = exposedValues(scanned.documents, selections, { hasMetadata: false }).length === 0
      return isBare ? commentStrays(scanned, { selections, verdict: 'plaintext', starts: lineStarts(text) }) : []
    }
    const { envelope } = takeApart(format, scanned)
    const own = await compiled(envelope.selector)
    const starts = lineStarts(text)
    const comments = commentStrays(scanned, { selections: [own, ...selections], verdict: 'stray-comment', starts })
    return [...comments, ...metadataStrays(scanned, { isLater: isOfLaterSops(envelope.version), starts })]
  } catch (error) {
    if (error instanceof KmsfileError) return []
    throw error
  }
}

interface Sought {
  readonly selections: readonly Selection[]
  readonly verdict: Flaw['verdict']
  /** Of the lines of the text. */
  readonly starts: readonly number[]
}

/** Comments at places where any of the selections has them encrypted. */
function commentStrays(scanned: Scanned, { selections, verdict, starts }: Sought): readonly Stray[] {
  const found = new Map<number, Stray>()
  for (const selection of selections) {
    const visitor = {
      leaf: () => {},
      // Where it refers to is looked at where that stands.
      alias: () => true,
      comment(comment: Comment, { secret, keys }: { readonly secret: boolean; readonly keys: readonly string[] }) {
        if (!secret || !isReadable(comment) || found.has(comment.start)) return
        // Comments by which somebody decides what is encrypted have to be read.
        if (selections.some(({ byComment, matches }) => byComment && matches(comment.text))) return
        found.set(comment.start, strayComment(comment, { verdict, keys, starts }))
      },
    }
    walk(scanned.documents, visitor, { selection, skipRootKey: ENVELOPE_KEY })
  }
  return [...found.values()]
}

function isReadable({ text }: Comment): boolean {
  return text.trim() !== '' && !isEnvelope({ type: 'str', text })
}

function strayComment(
  comment: Comment,
  { verdict, keys, starts }: Pick<Sought, 'verdict' | 'starts'> & { readonly keys: Path },
): Stray {
  const line = lineAt(starts, comment.start) + 1
  const place = keys.length > 0 ? { keys: [...keys] } : {}
  const message = 'a comment that is not encrypted'
  return { flaw: { verdict, severity: 'refuse', line, ...place, message }, text: comment.text }
}

/** Of the first document: in others, what does not repeat it is taken for values. */
function metadataStrays(
  scanned: Scanned,
  { isLater, starts }: Pick<Sought, 'starts'> & { readonly isLater: boolean },
): readonly Stray[] {
  const found: Stray[] = []
  const root = scanned.documents[0]?.root
  const block =
    root?.kind === 'map' ? root.items.find((item) => item.kind === 'entry' && item.key === ENVELOPE_KEY) : undefined
  if (block?.kind === 'entry') visit(block.value, [])
  return found

  function visit(node: Node, path: Path): void {
    if (node.kind === 'alias') return
    if (node.kind === 'leaf') {
      const odd = node.type === 'null' ? undefined : oddField(path, node.text)
      if (odd !== undefined) {
        const line = lineAt(starts, node.start) + 1
        found.push({ flaw: strayField([ENVELOPE_KEY, ...path], odd, { line, isLater }), text: node.text })
      }
      return
    }
    let index = 0
    for (const item of node.items) {
      if (item.kind === 'comment') {
        const keys = [ENVELOPE_KEY, ...path]
        if (isReadable(item)) found.push(strayComment(item, { verdict: 'stray-comment', keys, starts }))
      } else if (item.kind === 'entry') visit(item.value, [...path, item.key])
      else visit(item, [...path, index++])
    }
  }
}
