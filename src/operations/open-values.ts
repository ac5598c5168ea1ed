import type { KeyObject } from 'node:crypto'
import { decryptValue } from '../core/cipher.ts'
import { type EnvelopeType, looksEncrypted, parseEncryptedValue } from '../core/encrypted-value.ts'
import { startMac } from '../core/mac.ts'
import { printPath } from '../core/path.ts'
import type { Selection } from '../core/selection.ts'
import type { Comment, Document, Leaf, Node, Path, ScalarType } from '../core/tree.ts'
import { type ByteSink, encodeView } from '../core/view.ts'
import { type Place, type Visitor, walk } from '../core/walk.ts'
import { KmsfileError } from '../errors.ts'
import { ENVELOPE_KEY, type Scalar } from '../formats/format.ts'
import { normalScalar } from '../formats/scalar.ts'
import { structureVisitor, type TreeDigest } from './tree-digest.ts'

/** A value that was encrypted. */
export interface OpenedValue extends Scalar {
  readonly leaf: Leaf
  /** The `ENC[...]` that held it. */
  readonly envelope: string
  readonly associatedData: string
}

export interface OpenedComment {
  /** The comment that held it; where sops wrote it as an item of a list, that. */
  readonly node: Comment | Leaf
  readonly text: string
  readonly envelope: string
  readonly associatedData: string
}

export interface OpenedValues {
  /** In the order of the text. */
  readonly values: readonly OpenedValue[]
  readonly comments: readonly OpenedComment[]
  /** MAC over the values found, upper-case hexadecimal. */
  readonly mac: string
  /**
   * Places in plaintext that should be encrypted: what somebody added by hand. The largest parts of the tree that hold
   * nothing encrypted.
   */
  readonly added: readonly Path[]
  /** Comments that should be encrypted and are not, or that do not open. */
  readonly strangeComments: number
}

/**
 * Opens one envelope; undefined for a text that is none. A memory of what was just encrypted can stand in for a key.
 *
 * @throws KmsfileError `INTEGRITY_TAG_MISMATCH`
 */
export type Decrypt = (envelope: string, associatedData: string) => Decrypted | undefined

export interface Decrypted {
  readonly type: EnvelopeType
  readonly text: string
}

export interface OpenOptions {
  readonly decrypt: Decrypt
  readonly selection: Selection
  readonly macOnlyEncrypted: boolean
  /** Takes the encoded view, for the seal. */
  readonly sink?: ByteSink | undefined
  /** Takes the tree with its values in their places. */
  readonly tree?: TreeDigest | undefined
}

/** Decrypts with a data key. */
export function decryptWith(key: KeyObject): Decrypt {
  return (envelope, associatedData) => {
    const value = parseEncryptedValue(envelope)
    return value && { type: value.type, text: decryptValue(key, value, associatedData) }
  }
}

/**
 * Opens every value of an encrypted file, in the order in which sops hashes them, and makes the MAC and the view of
 * what it finds. Nothing is verified against the envelope here.
 *
 * @throws KmsfileError `INTEGRITY_TAG_MISMATCH`, `INTEGRITY_AMBIGUOUS`, `FORMAT_VALUE`, each with the path.
 */
export function openValues(documents: readonly Document[], options: OpenOptions): OpenedValues {
  const { selection, macOnlyEncrypted, tree } = options
  const values: OpenedValue[] = []
  const comments: OpenedComment[] = []
  const byHand = addedNodes(documents, selection)
  const mac = startMac({ onlyEncrypted: macOnlyEncrypted })
  const view = encodeView(options.sink ?? (() => {}), {
    selector: selection.selector,
    onlyEncrypted: macOnlyEncrypted,
  })
  let strangeComments = 0

  const visitor: Visitor = {
    ...structureVisitor(documents, selection, tree === undefined ? [view] : [view, tree.view]),
    leaf(leaf, place) {
      if (place.secret && leaf.type === 'str' && looksEncrypted(leaf.text)) encrypted(leaf, place)
      else plain(leaf, place)
    },
    comment(comment, place) {
      if (place.secret) openComment(comment, place)
    },
  }
  const skipNodes = byHand.size === 0 ? undefined : new Set(byHand.keys())
  walk(documents, visitor, { selection, skipRootKey: ENVELOPE_KEY, skipNodes })
  view.end()
  return {
    values,
    comments,
    mac: mac.digest(),
    added: [...byHand.values()],
    strangeComments,
  }

  function encrypted(leaf: Leaf, place: Place): void {
    const value = decryptAt(leaf.text, place)
    if (value === undefined || value.type === 'bytes') throw unreadable(place, value)
    const { text } = value
    if (value.type === 'comment') {
      if (!place.inList) throw unreadable(place, value)
      comments.push({ node: leaf, text, envelope: leaf.text, associatedData: place.associatedData })
      return
    }
    const normal = normalScalar(value.type, text)
    if (normal === undefined) {
      throw new KmsfileError(`${printPath(place.keys)}: the value is not of the type that its envelope names`, {
        code: 'FORMAT_VALUE',
      })
    }
    if (!place.aliased) {
      const { associatedData } = place
      values.push({ leaf, type: value.type, text: normal, envelope: leaf.text, associatedData })
    }
    mac.add(normal)
    view.encrypted(value.type, normal)
    tree?.view.encrypted(value.type, normal)
  }

  function plain(leaf: Leaf, place: Place): void {
    if (selection.byComment && place.secret && isConcealable(leaf.type, leaf.text)) throw notEncrypted(place)
    if (leaf.type !== 'null' && (place.secret || !macOnlyEncrypted)) mac.add(leaf.text)
    view.plain(leaf.type, leaf.text, place.secret)
    tree?.leaf(leaf)
  }

  function openComment(comment: Comment, place: Place): void {
    // To sops an empty comment in a list is an item.
    if (comment.text === '' && place.inList) view.plain('str', '', true)
    const type = looksEncrypted(comment.text) ? parseEncryptedValue(comment.text)?.type : undefined
    // Behind an alias it is met once more; it is opened where it stands.
    if (place.aliased && (type === undefined || type === 'comment')) return
    const opened = type === undefined ? undefined : tryPrefixes(comment, place)
    if (type === undefined || opened === undefined) {
      strangeComments++
      return
    }
    if (type !== 'comment') {
      if (place.inList) view.encrypted(type, opened.text)
      return
    }
    comments.push(opened)
  }

  /** yaml.v3 may have given a comment to a container further out. */
  function tryPrefixes(node: Comment, place: Place): OpenedComment | undefined {
    const envelope = node.text
    const least = place.aliased ? place.keys.length : 0
    for (let length = place.keys.length; length >= least; length--) {
      const associatedData =
        length === place.keys.length ? place.associatedData : `${place.keys.slice(0, length).join(':')}:`
      try {
        const opened = options.decrypt(envelope, associatedData)
        return opened && { node, text: opened.text, envelope, associatedData }
      } catch (error) {
        if (!(error instanceof KmsfileError)) throw error
      }
    }
    return undefined
  }

  function decryptAt(envelope: string, place: Place): Decrypted | undefined {
    try {
      return options.decrypt(envelope, place.associatedData)
    } catch (error) {
      if (!(error instanceof KmsfileError)) throw error
      throw new KmsfileError(`${printPath(place.keys)}: ${error.message}`, { code: error.code, hint: error.hint })
    }
  }
}

function notEncrypted(place: Place): KmsfileError {
  return new KmsfileError(`not encrypted: ${printPath(place.keys)}`, {
    code: 'INTEGRITY_VALUE_NOT_ENCRYPTED',
    hint: 'compare with the last good version: git log -p -- FILE',
  })
}

function unreadable(place: Place, value: Decrypted | undefined): KmsfileError {
  const what = value === undefined ? 'a malformed encrypted value' : `an encrypted value of type ${value.type}`
  return new KmsfileError(`${printPath(place.keys)}: ${what}`, {
    code: 'INTEGRITY_AMBIGUOUS',
    hint: 'compare with the last good version: git log -p -- FILE',
  })
}

/**
 * Finds what stands in plaintext where the selector encrypts: each largest part of a tree that holds such a value and
 * nothing encrypted.
 */
export function addedNodes(documents: readonly Document[], selection: Selection): ReadonlyMap<Node, Path> {
  const added = new Map<Node, Path>()
  // Where comments decide, a walk alone knows which count; it refuses what it finds.
  if (selection.byComment || !holdsAdded(documents, selection)) return added
  for (const { root } of documents) {
    if (root !== undefined) inspect(root, false, [])
  }
  return added

  function inspect(node: Node, matched: boolean, path: Path): { open: boolean; encrypted: boolean } {
    const secret = selection.selects(matched)
    if (node.kind === 'alias' || (node.kind === 'leaf' && (!secret || !isConcealable(node.type, node.text)))) {
      return { open: false, encrypted: false }
    }
    if (node.kind === 'leaf') {
      const encrypted = node.type === 'str' && looksEncrypted(node.text)
      if (!encrypted) added.set(node, path)
      return { open: !encrypted, encrypted }
    }
    const children: Node[] = []
    const sum = { open: false, encrypted: false }
    for (const item of node.items) {
      if (item.kind === 'comment' || (path.length === 0 && item.kind === 'entry' && item.key === ENVELOPE_KEY)) continue
      const child = item.kind === 'entry' ? item.value : item
      const at = [...path, item.kind === 'entry' ? item.key : children.length]
      const below = inspect(child, matched || (item.kind === 'entry' && selection.matches(item.key)), at)
      children.push(child)
      sum.open ||= below.open
      sum.encrypted ||= below.encrypted
    }
    // The root itself stays: a file with nothing encrypted in it is judged value by value.
    if (sum.open && !sum.encrypted && path.length > 0) {
      for (const child of children) added.delete(child)
      added.set(node, path)
    }
    return sum
  }
}

/** Whether anything in plaintext should be encrypted. Files where nothing is are the rule, and may be large. */
function holdsAdded(documents: readonly Document[], selection: Selection): boolean {
  return documents.some(({ root }) => root !== undefined && below(root, false, true))

  function below(node: Node, matched: boolean, isRoot: boolean): boolean {
    switch (node.kind) {
      case 'leaf':
        return selection.selects(matched) && isConcealable(node.type, node.text) && !looksEncrypted(node.text)
      case 'list':
        return node.items.some((item) => item.kind !== 'comment' && below(item, matched, false))
      case 'map':
        return node.items.some((item) => {
          if (item.kind === 'comment' || (isRoot && item.key === ENVELOPE_KEY)) return false
          return below(item.value, matched || selection.matches(item.key), false)
        })
      default:
        return false
    }
  }
}

/** Whether encryption changes a value: sops leaves null and empty text as they are. */
export function isConcealable(type: ScalarType, text: string): boolean {
  return type !== 'null' && text !== ''
}
