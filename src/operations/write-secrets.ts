import { toBase64 } from '../core/bytes.ts'
import { cipherKey, encryptValue, NONCE_BYTES } from '../core/cipher.ts'
import type { DataKey, RandomBytes } from '../core/data-key.ts'
import { printEncryptedValue } from '../core/encrypted-value.ts'
import { type Envelope, envelopeData, SOPS_VERSION } from '../core/envelope.ts'
import {
  keyId,
  noteKey,
  originalMac,
  packNote,
  printLayout,
  recipientsMac,
  sealLayout,
  spellingMac,
} from '../core/layout.ts'
import type { WrappedKey } from '../core/master-key.ts'
import { sealDocument } from '../core/seal.ts'
import { compileSelector, DEFAULT_SELECTOR, type Selection, type Selector } from '../core/selection.ts'
import type { Leaf } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import { type Format, FormatError, type Scanned } from '../formats/format.ts'
import { splice } from '../formats/splice.ts'
import { type ConcealedValues, concealValues } from './conceal-values.ts'
import { type OpenedValues, type OpenOptions, openValues } from './open-values.ts'
import { breaksComments, type OpenedFile, takeApart } from './read-secrets.ts'
import { partlyEncrypted, refuseEncrypted, usesReservedName } from './refuse-encrypted.ts'
import { bareText, restore } from './restore.ts'
import { refuseStrayComments } from './stray-comments.ts'
import { startTreeDigest, treeDigest } from './tree-digest.ts'

export interface WriteOptions {
  readonly dataKey: DataKey
  /** The data key, or its shares, under the master keys of the file. */
  readonly groups: readonly (readonly WrappedKey[])[]
  readonly threshold?: number | undefined
  readonly selector: Selector
  readonly macOnlyEncrypted?: boolean | undefined
  /** The version before, under the same data key: values that did not change keep their bytes. */
  readonly previous?: OpenedFile | undefined
  /** The envelope that this one takes the place of: its version stays, its time is not gone back behind. */
  readonly before?: Envelope | undefined
  readonly now: Date
  readonly randomBytes: RandomBytes
}

export interface WrittenFile extends Pick<ConcealedValues, 'encrypted' | 'kept' | 'readable'> {
  readonly text: string
  /** Why the file is encrypted as one value; undefined where its keys are readable. */
  readonly whole: string | undefined
}

/**
 * Encrypts a plaintext.
 *
 * Before anything is returned, the result is read again and its values put back: what comes out is the plaintext byte
 * for byte, and says the same to the scanner. Where that does not succeed the file becomes one encrypted value.
 *
 * @throws KmsfileError `FILE_ALREADY_ENCRYPTED`, `FILE_PARTLY_ENCRYPTED`, those of the format, and `ENVELOPE_INVALID` for
 * master keys and selectors that could not be read back.
 */
export async function writeSecrets(format: Format, plaintext: string, options: WriteOptions): Promise<WrittenFile> {
  const selection = await compileSelector(options.selector)
  const draft = await draftInPlace(format, plaintext, { ...options, selection })
  const written = typeof draft === 'string' ? draft : complete(format, draft, { ...options, selection })
  return typeof written === 'string' ? writeWhole(format, plaintext, { ...options, reason: written }) : written
}

type Selected = WriteOptions & { readonly selection: Selection }

/** An encrypted text that lacks only its MAC and layout, and what must be true of it. Holds no tree of the plaintext. */
interface Draft extends Omit<ConcealedValues, 'edits'> {
  readonly envelope: Envelope
  /** With placeholders for MAC and layout. */
  readonly text: string
  readonly placeholders: { readonly mac: string; readonly layout: string }
  readonly plaintext: Pick<Scanned, 'text' | 'bom' | 'eol'>
  readonly digest: string
  readonly spelling: string
  readonly original: string
  readonly whole: string | undefined
}

/** Encrypts every value in its place; or says why the file cannot be encrypted so. */
async function draftInPlace(format: Format, plaintext: string, options: Selected): Promise<Draft | string> {
  try {
    const source = format.scan(plaintext)
    refuseEncrypted(source)
    if (usesReservedName(source)) return 'a reserved name'
    if (options.selection.byComment) refuseStrayComments(source)
    return await draftOf(format, source, options)
  } catch (error) {
    if (!(error instanceof FormatError) || error.code !== 'FORMAT_UNSUPPORTED') throw error
    // What has no tree may all the same be a file that was encrypted once.
    if (plaintext.includes('ENC[AES256_GCM,data:')) throw partlyEncrypted()
    return `${error.message} (line ${error.line})`
  }
}

async function draftOf(
  format: Format,
  source: Scanned,
  options: Selected & { readonly whole?: string },
): Promise<Draft> {
  const { dataKey, selection, previous, randomBytes, before = previous?.envelope } = options
  const { edits, ...concealed } = concealValues(format, source, { dataKey, selection, previous, randomBytes })
  const unique = () => toBase64(randomBytes(24))
  // Of the same kind as what will stand there, so that the format prints them alike.
  const placeholders = {
    mac: printEncryptedValue({ data: unique(), nonce: '', tag: '', type: 'str' }),
    layout: printLayout(keyId(dataKey), unique()),
  }
  const envelope: Envelope = {
    groups: options.groups,
    threshold: options.threshold ?? 0,
    lastModified: timeAfter(options.now, before?.lastModified),
    mac: placeholders.mac,
    selector: selection.selector,
    macOnlyEncrypted: options.macOnlyEncrypted ?? false,
    version: before?.version ?? SOPS_VERSION,
  }
  const blocks = format.addEnvelope(
    source,
    envelopeData({ ...envelope, kmsfile: placeholders.layout }),
    envelopeData(envelope),
  )
  const text = splice(source.text, [...edits, ...format.dress(source), ...blocks])
  return {
    ...concealed,
    envelope,
    text: source.bom && format.keepsBom ? `\ufeff${text}` : text,
    placeholders,
    plaintext: { text: source.text, bom: source.bom, eol: source.eol },
    digest: await treeDigest(source.documents),
    spelling: spellingMac(dataKey, bareText(source)),
    original: originalMac(dataKey, source.text),
    whole: options.whole,
  }
}

/** Reads a draft as any reader will, and seals what was found; or says why it cannot stay like that. */
function complete(format: Format, draft: Draft, options: Selected): WrittenFile | string {
  const { dataKey, selection, randomBytes, groups } = options
  const { envelope, whole, memory } = draft
  const scanned = scanDraft(format, draft.text)
  if (scanned === undefined) return 'its encrypted form is not valid'
  const ambiguity = format.ambiguity(scanned)
  // Of a file of one value only the metadata is left to be ambiguous.
  if (!readsBack(format, scanned, envelope) || (whole !== undefined && ambiguity !== undefined)) throw strangeMetadata()
  if (ambiguity !== undefined) return ambiguity.message

  const seal = selection.byComment ? undefined : sealDocument(dataKey, envelope.lastModified, randomBytes)
  const tree = startTreeDigest()
  const spellings = { values: [] as (string | undefined)[], comments: [] as (string | undefined)[] }
  const opened = tryOpen(scanned, {
    decrypt(text, associatedData) {
      const remembered = memory.open(text, associatedData)
      spellings[remembered.type === 'comment' ? 'comments' : 'values'].push(remembered.spelled)
      return remembered
    },
    selection,
    macOnlyEncrypted: envelope.macOnlyEncrypted,
    sink: seal?.sink,
    tree,
  })
  memory.forget()
  if (opened === undefined) return 'a value is read at another place in its encrypted form'
  if (breaksComments(opened.comments)) return 'a comment with a character that some readers take for a line break'
  if (tree.digest() !== draft.digest) return 'it says something else in its encrypted form'
  const nonce = seal?.nonce() ?? randomBytes(NONCE_BYTES)
  const layout = whole === undefined ? layoutOf(format, draft, { scanned, opened, spellings }) : UNSPELLED
  if (layout === undefined) return 'it does not read back letter for letter'

  const associatedData = envelope.lastModified
  const mac = encryptValue(cipherKey(dataKey), opened.mac, { associatedData, nonce, type: 'str' })
  const masterKeys = groups.map((group) => group.map(({ masterKey }) => masterKey))
  const recipients = recipientsMac(dataKey, masterKeys, envelope.threshold)
  const sealed = sealLayout(dataKey, { ...layout, recipients }, { macNonce: nonce, randomBytes })
  const text = filledIn(draft, { mac, layout: sealed })
  const { encrypted, kept, readable } = draft
  return { text, encrypted, kept, readable, whole }
}

/** Puts MAC (of every document) and layout (of the first) in their places. One copy: a text may be large. */
function filledIn({ text, placeholders }: Draft, { mac, layout }: Draft['placeholders']): string {
  const parts = text.split(placeholders.mac).flatMap((part, i) => (i === 0 ? [part] : [mac, part]))
  return parts.map((part) => part.replace(placeholders.layout, () => layout)).join('')
}

/** Encrypts any text, be it invalid, as one value. `reason` says why, for people. */
export async function writeWhole(
  format: Format,
  plaintext: string,
  { reason, ...options }: WriteOptions & { readonly reason: string },
): Promise<WrittenFile> {
  const selection = await compileSelector(DEFAULT_SELECTOR)
  // A file of one value is written as any other; the value is the file.
  const body = format.scan(format.whole('value'))
  const [document] = body.documents
  const root = document?.root
  const entry = root?.kind === 'map' ? root.items[0] : undefined
  if (document === undefined || root?.kind !== 'map' || entry?.kind !== 'entry' || entry.value.kind !== 'leaf') {
    throw new TypeError('a whole file has one value')
  }
  const leaf: Leaf = { ...entry.value, type: 'str', text: plaintext }
  const documents = [{ ...document, root: { ...root, items: [{ ...entry, value: leaf }] } }]
  const draft = await draftOf(format, { ...body, documents }, { ...options, selection, whole: reason })
  const written = complete(format, draft, { ...options, selection })
  if (typeof written === 'string') throw new TypeError(`a whole file does not read back: ${written}`)
  return written
}

const UNSPELLED = {
  spelling: '',
  original: undefined,
  noFinalBreak: false,
  bom: false,
  notes: new Map<string, string>(),
}

/** The layout with which the plaintext comes back letter for letter; undefined if it does not. */
function layoutOf(
  format: Format,
  { plaintext, spelling, original }: Draft,
  { scanned, opened, spellings }: { scanned: Scanned; opened: OpenedValues; spellings: Spellings },
) {
  const { notes, revealed } = notesOf(format, scanned, opened, spellings)
  const restored = restore(format, scanned, opened, notes, revealed)
  const noFinalBreak = restored !== plaintext.text
  if (noFinalBreak && restored !== plaintext.text + plaintext.eol) return undefined
  return { notes, noFinalBreak, bom: plaintext.bom, spelling, original }
}

/** How the plaintext spells what was opened, in the same order. */
interface Spellings {
  readonly values: readonly (string | undefined)[]
  readonly comments: readonly (string | undefined)[]
}

/** Finds what the format would spell in another way than the plaintext does. */
function notesOf(format: Format, scanned: Scanned, { values, comments }: OpenedValues, spellings: Spellings) {
  const notes = new Map<string, string>()
  const revealed = values.map((value, i) => {
    const text = format.reveal(scanned, value.leaf, value)
    const spelled = spellings.values[i]
    if (spelled === undefined) return text
    // The same text, which is there already.
    if (text === spelled) return spelled
    notes.set(noteKey(value.envelope), packNote(spelled, value.text))
    return text
  })
  for (const [i, { envelope, text }] of comments.entries()) {
    if (spellings.comments[i] === '#') notes.set(noteKey(envelope), packNote('#', text))
  }
  return { notes, revealed }
}

/** Whether everybody finds the same metadata, and the rules in it. */
function readsBack(format: Format, scanned: Scanned, { selector, macOnlyEncrypted }: Envelope): boolean {
  try {
    const { envelope, loose } = takeApart(format, scanned)
    const { kind, text } = envelope.selector
    const sameRules = kind === selector.kind && text === selector.text && envelope.macOnlyEncrypted === macOnlyEncrypted
    return sameRules && loose.length === 0
  } catch (error) {
    if (error instanceof KmsfileError) return false
    throw error
  }
}

function strangeMetadata(): KmsfileError {
  return new KmsfileError('the metadata cannot be written so that every reader takes it alike', {
    code: 'ENVELOPE_INVALID',
    hint: 'look for strange characters in roles, profiles and encryption contexts, and for an empty selector',
  })
}

function scanDraft(format: Format, text: string): Scanned | undefined {
  try {
    return format.scan(text)
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

function tryOpen(draft: Scanned, options: OpenOptions): OpenedValues | undefined {
  try {
    const opened = openValues(draft.documents, options)
    return opened.added.length === 0 && opened.strangeComments === 0 ? opened : undefined
  } catch (error) {
    if (error instanceof KmsfileError) return undefined
    throw error
  }
}

/**
 * The time of writing minus one second, and never earlier than before: sops keeps the nonce of a MAC whose time and
 * value are both the same, and its writing must not look like ours.
 */
function timeAfter(now: Date, previous: string | undefined): string {
  const time = new Date(now.getTime() - 1000)
  const before = previous === undefined ? Number.NaN : Date.parse(previous)
  const latest = Number.isNaN(before) || before < time.getTime() ? time : new Date(before)
  return `${latest.toISOString().slice(0, 19)}Z`
}
