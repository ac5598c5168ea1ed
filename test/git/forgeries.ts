import { expect } from 'vitest'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

export const BASE = 'a: first-secret\nb: second-secret\nc: third-secret\nlist:\n  - item-1\n  - item-2\n'
export const A2 = BASE.replace('first', 'their')
export const B2 = BASE.replace('second', 'other')

/** What somebody without a key can do to the ciphertext on their side. `old`: a version before, under the same data key. */
export type Forgery = (text: string, old: string) => string

export const FORGERIES: readonly (readonly [what: string, code: string, forge: Forgery])[] = [
  [
    'a value that was moved to another key',
    'INTEGRITY_TAG_MISMATCH',
    (text) => withValue(text, 'b', valueAt(text, 'c')),
  ],
  [
    'two values that were exchanged',
    'INTEGRITY_TAG_MISMATCH',
    (text) => withValue(withValue(text, 'b', valueAt(text, 'c')), 'c', valueAt(text, 'b')),
  ],
  ['a value of a version before', 'INTEGRITY_MAC_MISMATCH', (text, old) => withValue(text, 'a', valueAt(old, 'a'))],
  ['a value that was taken away', 'INTEGRITY_MAC_MISMATCH', (text) => text.replace(/^c: .*\n/m, '')],
  [
    'items in another order',
    'INTEGRITY_MAC_MISMATCH',
    (text) => text.replace(/^( +- .*\n)( +- .*\n)/m, (_all, one, other) => `${other}${one}`),
  ],
  ['a key that is there twice', 'FORMAT_DUPLICATE_KEY', (text) => `c: ${valueAt(text, 'c')}\n${text}`],
  [
    'an alias in the place of a value',
    'INTEGRITY_TAG_MISMATCH',
    (text) => withValue(text.replace(/^b: /m, 'b: &b '), 'c', '*b'),
  ],
  ['a value of another type', 'FORMAT_VALUE', (text) => text.replace(/^(a: .*)type:str\]/m, '$1type:int]')],
  [
    'a value that says to be a comment',
    'INTEGRITY_AMBIGUOUS',
    (text) => text.replace(/^(a: .*)type:str\]/m, '$1type:comment]'),
  ],
  ['a value that is a list', 'INTEGRITY_SEAL_MISMATCH', (text) => text.replace(/^c: (.*)$/m, 'c:\n  - $1')],
  ['a value that is nothing', 'INTEGRITY_SEAL_MISMATCH', (text) => `d: null\n${text}`],
  ['a value in plaintext', 'INTEGRITY_VALUE_NOT_ENCRYPTED', (text) => `d: forged\n${text}`],
  [
    'another selector',
    'INTEGRITY_SELECTOR_CHANGED',
    (text) => text.replace('unencrypted_suffix: _unencrypted', 'unencrypted_suffix: _open'),
  ],
  ['another document', 'INTEGRITY_SEAL_MISMATCH', (text) => `${text}---\nd: null\n`],
]

/** Both sides change something; theirs is changed once more, without a key. */
export async function forged(forge: Forgery): Promise<MergeRepository> {
  const repository = mergeRepository()
  await repository.saved(BASE.replace('first', 'oldest'))
  const old = repository.read(FILE)
  await repository.saved(BASE)
  await repository.branch('feature', async () => {
    await repository.save(A2)
    const text = repository.read(FILE)
    expect(forge(text, old)).not.toBe(text)
    repository.commit({ [FILE]: forge(text, old) })
  })
  await repository.saved(B2)
  return repository
}

export function valueAt(text: string, key: string): string {
  return new RegExp(`^${key}: (?:&b )?(.*)$`, 'm').exec(text)?.[1] ?? ''
}

export function withValue(text: string, key: string, value: string): string {
  return text.replace(new RegExp(`^${key}: .*$`, 'm'), `${key}: ${value}`)
}
