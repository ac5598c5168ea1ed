import { createHash } from 'node:crypto'
import { looksEncrypted, parseEncryptedValue } from '../core/encrypted-value.ts'
import type { Envelope } from '../core/envelope.ts'
import { compileSelector } from '../core/selection.ts'
import type { Document } from '../core/tree.ts'
import { encodeView } from '../core/view.ts'
import { walk } from '../core/walk.ts'
import { ENVELOPE_KEY } from '../formats/format.ts'
import { structureVisitor } from './tree-digest.ts'

/**
 * Digest of what a MAC and a seal bind, made without a key: structure, keys, readable values, and in the place of each
 * encrypted value its envelope. As long as nobody writes the MAC anew it stays the same, also where sops loads and prints the
 * file; so another view under an unchanged MAC was made without the data key.
 *
 * 64 hexadecimal digits.
 *
 * @throws KmsfileError `CONFIG_INVALID` for a selector that does not compile, `FORMAT_TOO_MANY_ALIASES`
 */
export async function ciphertextView(
  documents: readonly Document[],
  { selector, macOnlyEncrypted }: Pick<Envelope, 'selector' | 'macOnlyEncrypted'>,
): Promise<string> {
  const hash = createHash('sha256')
  const selection = await compileSelector(selector)
  const view = encodeView((bytes) => hash.update(bytes), { selector, onlyEncrypted: macOnlyEncrypted })
  walk(
    documents,
    {
      ...structureVisitor(documents, selection, [view]),
      leaf({ type, text }, { secret, inList }) {
        const value = secret && type === 'str' && looksEncrypted(text) ? parseEncryptedValue(text) : undefined
        if (value === undefined) view.plain(type, text, secret)
        // What sops writes as an item of a list, and other readers find as a comment: no part of the view either way.
        else if (value.type !== 'comment' || !inList) view.encrypted(value.type, text)
      },
      comment({ text }, { secret, inList }) {
        if (!secret || !inList) return
        // To sops an empty comment in a list is an item, and so is an envelope of another type.
        if (text === '') view.plain('str', '', true)
        const type = looksEncrypted(text) ? parseEncryptedValue(text)?.type : undefined
        if (type !== undefined && type !== 'comment') view.encrypted(type, text)
      },
    },
    { selection, skipRootKey: ENVELOPE_KEY },
  )
  view.end()
  return hash.digest('hex')
}
