import { type EncryptedValue, looksEncrypted, parseEncryptedValue } from '../core/encrypted-value.ts'
import type { Envelope } from '../core/envelope.ts'
import type { Document, Node } from '../core/tree.ts'
import { ENVELOPE_KEY } from '../formats/format.ts'

/** What was encrypted under each nonce of a file: ciphertext with its tag, so that equal ones are the same. */
export type Nonces = ReadonlyMap<string, ReadonlySet<string>>

/** The nonces of a file's values, comments and MAC. The text of a comment or value that is no envelope does not count. */
export function noncesOf(documents: readonly Document[], { mac }: Pick<Envelope, 'mac'>): Nonces {
  const nonces = new Map<string, Set<string>>()
  const add = (text: string) => {
    const value = looksEncrypted(text) ? parseEncryptedValue(text) : undefined
    if (value === undefined) return
    const known = nonces.get(value.nonce)
    if (known === undefined) nonces.set(value.nonce, new Set([contentOf(value)]))
    else known.add(contentOf(value))
  }
  const visit = (node: Node, isRoot: boolean): void => {
    if (node.kind === 'leaf') add(node.text)
    if (node.kind === 'leaf' || node.kind === 'alias') return
    for (const item of node.items) {
      if (item.kind === 'comment') add(item.text)
      else if (item.kind !== 'entry') visit(item, false)
      else if (!isRoot || item.key !== ENVELOPE_KEY) visit(item.value, false)
    }
  }
  add(mac)
  for (const { root, comments } of documents) {
    for (const { text } of comments) add(text)
    if (root !== undefined) visit(root, true)
  }
  return nonces
}

/**
 * How many nonces encrypt more than one content, in one version of a file or, under the same data key, in several: each is
 * enough to find the authentication key without any other.
 */
export function countReused(versions: readonly Nonces[]): number {
  const [first = new Map<string, ReadonlySet<string>>(), ...others] = versions
  let reused = 0
  for (const [nonce, contents] of first) {
    const differs = (other: Nonces) => [...(other.get(nonce) ?? [])].some((content) => !contents.has(content))
    if (contents.size > 1 || others.some(differs)) reused++
  }
  return reused
}

// Not the type: it is not authenticated, so that who changes it has encrypted nothing.
function contentOf({ data, tag }: EncryptedValue): string {
  return `${data} ${tag}`
}
