import { cipherKey, encryptValue, noncePool } from '../core/cipher.ts'
import type { DataKey, RandomBytes } from '../core/data-key.ts'
import { parseEncryptedValue } from '../core/encrypted-value.ts'
import type { Selection } from '../core/selection.ts'
import type { Alias, Leaf, Node, Path, ScalarType } from '../core/tree.ts'
import { type Place, startExpansion, walk } from '../core/walk.ts'
import type { Edit, Format, Scanned } from '../formats/format.ts'
import { type EnvelopeMemory, startEnvelopeMemory } from './envelope-memory.ts'
import { isConcealable } from './open-values.ts'
import type { OpenedFile } from './read-secrets.ts'
import { wrapRoot } from './root-key.ts'

export interface ConcealOptions {
  readonly dataKey: DataKey
  readonly selection: Selection
  readonly previous: OpenedFile | undefined
  readonly randomBytes: RandomBytes
}

export interface ConcealedValues {
  readonly edits: Edit[]
  readonly memory: EnvelopeMemory
  /** Values encrypted, comments not counted. */
  readonly encrypted: number
  /** How many of them kept the envelope of the previous version. */
  readonly kept: number
  /** Values that stay readable. */
  readonly readable: number
}

/** Encrypts every value that the selector takes; one that did not change keeps its envelope. */
export function concealValues(format: Format, source: Scanned, options: ConcealOptions): ConcealedValues {
  const { dataKey, selection, previous, randomBytes } = options
  const key = cipherKey(dataKey)
  const nonce = noncePool(randomBytes)
  const old = envelopesOf(previous)
  const memory = startEnvelopeMemory()
  const edits: Edit[] = []
  const concealed = new Set<Leaf>()
  const expand = startExpansion()
  let [encrypted, kept, readable] = [0, 0, 0]

  walk(
    source.documents.map(wrapRoot),
    {
      leaf(leaf, place) {
        if (place.aliased) return
        if (!isConcealable(leaf.type, leaf.text)) {
          if (place.secret) edits.push(...withoutComment(source, leaf))
          return
        }
        if (!place.secret) {
          readable++
          return
        }
        concealed.add(leaf)
        const { type, text, start, end } = leaf
        const envelope = encrypt(type, text, place.associatedData, source.text.slice(start, end))
        edits.push({ start, end, text: format.conceal(source, leaf, envelope) })
      },
      alias(alias, place) {
        if (place.aliased || !mustCopy(alias, place)) return true
        const envelopeOf = (leaf: Leaf, path: Path): string | undefined => {
          const keys = path.filter((part) => typeof part === 'string')
          if (!isConcealable(leaf.type, leaf.text) || !selectsPath(selection, keys)) return undefined
          return encrypt(leaf.type, leaf.text, `${keys.join(':')}:`)
        }
        const text = format.concealAlias(source, alias, envelopeOf, [...place.keys])
        edits.push({ start: alias.start, end: alias.end, text })
        return true
      },
      comment({ text, start, end }, place) {
        if (!place.secret) return
        // sops makes an item of an empty comment in a list.
        const envelope = encrypt('comment', text === '' ? ' ' : text, place.associatedData, `#${text}`)
        edits.push({ start, end, text: `#${envelope}` })
      },
    },
    { selection },
  )
  return { edits, memory, encrypted, kept, readable }

  function encrypt(type: ScalarType | 'comment', text: string, associatedData: string, spelled?: string): string {
    if (type === 'null') throw new TypeError('null is never encrypted')
    const reused = old?.get(placeOf(type, associatedData, text))?.shift()
    const envelope = reused ?? encryptValue(key, text, { associatedData, nonce: nonce(), type })
    memory.add(envelope, { type, text, associatedData, spelled })
    if (type !== 'comment') {
      encrypted++
      if (reused !== undefined) kept++
    }
    return envelope
  }

  /** An alias stays one only if nothing is encrypted below it, neither here nor at its anchor. */
  function mustCopy(alias: Alias, place: Place): boolean {
    const keys = [...place.keys]
    let found = false
    const below = (node: Node): void => {
      expand(node.kind === 'leaf' ? node.text.length : 0)
      if (node.kind === 'leaf') {
        found ||= concealed.has(node) || (isConcealable(node.type, node.text) && selectsPath(selection, keys))
        return
      }
      if (node.kind === 'alias') {
        below(node.target)
        return
      }
      // To the end, whatever is found: a copy may be as large as all of it.
      for (const item of node.items) {
        if (item.kind === 'comment') continue
        if (item.kind !== 'entry') below(item)
        else {
          expand(item.key.length)
          keys.push(item.key)
          below(item.value)
          keys.pop()
        }
      }
    }
    below(alias)
    return found
  }
}

/** An empty block scalar (`>`, `|`) holds nothing to encrypt, but its first line may have a comment, which would stay readable. */
function withoutComment({ text }: Scanned, { start, end }: Leaf): readonly Edit[] {
  const header = /^[|>][^\n]*#[^\r\n]*/.exec(text.slice(start, end))?.[0]
  return header === undefined ? [] : [{ start, end: start + header.length, text: '""' }]
}

function selectsPath(selection: Selection, keys: readonly string[]): boolean {
  return selection.selects(keys.some((key) => selection.matches(key)))
}

/** Envelopes of the version before, each to be used once: two equal values never share a nonce. */
function envelopesOf(previous: OpenedFile | undefined): Map<string, string[]> | undefined {
  if (previous === undefined) return undefined
  const envelopes = new Map<string, string[]>()
  const nonces = new Set<string>()
  for (const { type, text, envelope, associatedData } of [
    ...previous.values,
    ...previous.comments.map((comment) => ({ type: 'comment', ...comment })),
  ]) {
    // sops gives equal values of one list the same nonce; only the first keeps it.
    const nonce = parseEncryptedValue(envelope)?.nonce
    if (nonce === undefined || nonce.length !== NONCE_CHARS || nonces.has(nonce)) continue
    nonces.add(nonce)
    const place = placeOf(type, associatedData, text)
    const known = envelopes.get(place)
    if (known === undefined) envelopes.set(place, [envelope])
    else known.push(envelope)
  }
  return envelopes
}

// 32 bytes in base64. sops fails where it would re-use a nonce of another length.
const NONCE_CHARS = 44

function placeOf(type: string, associatedData: string, text: string): string {
  // With its length, because both may hold any character.
  return `${type} ${associatedData.length} ${associatedData}${text}`
}
