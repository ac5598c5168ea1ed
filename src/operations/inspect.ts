import type { Envelope } from '../core/envelope.ts'
import { normalTime } from '../core/envelope-reader.ts'
import { compileSelector } from '../core/selection.ts'
import type { Path } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import type { Format } from '../formats/format.ts'
import { countReused, noncesOf } from './envelope-nonces.ts'
import { addedNodes } from './open-values.ts'
import { parseEncrypted } from './read-secrets.ts'
import { wholeValue } from './restore.ts'

/**
 * What a text is, as far as that shows without a key.
 *
 * `partly`: values are encrypted, and others are not that should be, or the envelope is lost. `conflict`: a merge left
 * its marks in it. `unreadable`: it holds encrypted values, and cannot be taken apart. `empty`: nothing but white space.
 */
export type FileState = 'encrypted' | 'plaintext' | 'partly' | 'conflict' | 'unreadable' | 'empty'

export interface Inspection {
  readonly state: FileState
  /** Where the text has one that can be read. */
  readonly envelope?: Envelope | undefined
  /** Whether it is encrypted as one value. */
  readonly whole?: boolean | undefined
  /** Places in plaintext that the envelope's selector encrypts, as `OpenedValues.added` has them. */
  readonly added: readonly Path[]
  /** How many nonces encrypt more than one content in it; undefined where it has no envelope that can be read. */
  readonly reusedNonces?: number | undefined
  /** Why it is unreadable, partly encrypted or in conflict. */
  readonly problem?: KmsfileError | undefined
}

const MARKER = Buffer.from('ENC[AES256_GCM,')

/** Whether bytes hold an encrypted value, or what claims to be one: the cheapest of all checks, without false negatives. */
export function mentionsEncryption(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(MARKER)
}

/** Judges a text by itself: no key, no rule, no network. */
export async function inspectText(format: Format, text: string): Promise<Inspection> {
  if (text.trim() === '') return { state: 'empty', added: [] }
  // An encrypted text has a MAC, if nothing else; a plaintext need not even be valid.
  if (!text.includes(MARKER.toString())) return { state: 'plaintext', added: [] }
  if (/^<{7} /m.test(text) && /^>{7} /m.test(text)) return { state: 'conflict', added: [], problem: unmerged() }
  try {
    return await inspectEncrypted(format, text)
  } catch (problem) {
    if (!(problem instanceof KmsfileError)) throw problem
    return { state: STATES[problem.code] ?? 'unreadable', added: [], problem }
  }
}

const STATES: Readonly<Record<string, FileState>> = {
  FILE_NOT_ENCRYPTED: 'plaintext',
  FILE_PARTLY_ENCRYPTED: 'partly',
  FILE_IN_CONFLICT: 'conflict',
}

async function inspectEncrypted(format: Format, text: string): Promise<Inspection> {
  const { envelope, scanned } = parseEncrypted(format, text)
  normalTime(envelope.lastModified)
  const selection = await compileSelector(envelope.selector)
  // Which comment belongs to which value is not asked here: it decides nothing about a file that was encrypted.
  const added = selection.byComment ? [] : [...addedNodes(scanned.documents, selection).values()]
  const whole = wholeValue(scanned.documents) !== undefined
  const reusedNonces = countReused([noncesOf(scanned.documents, envelope)])
  return { state: added.length > 0 ? 'partly' : 'encrypted', envelope, whole, added, reusedNonces }
}

function unmerged(): KmsfileError {
  return new KmsfileError('it holds the marks of a merge', {
    code: 'FILE_IN_CONFLICT',
    hint: 'merge its versions again: kmsfile git resolve FILE',
  })
}
