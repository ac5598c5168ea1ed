import { createSecretKey } from 'node:crypto'
import { decryptValue } from '../core/cipher.ts'
import type { DataKey } from '../core/data-key.ts'
import { looksEncrypted, parseEncryptedValue } from '../core/encrypted-value.ts'
import type { Envelope } from '../core/envelope.ts'
import { normalTime, readEnvelope, refuseUnresolved } from '../core/envelope-reader.ts'
import { type Layout, openLayout, originalMac, recipientsMac, sameMac, spellingMac } from '../core/layout.ts'
import { printPath } from '../core/path.ts'
import { hasMark, verifySeal } from '../core/seal.ts'
import { compileSelector, DEFAULT_SELECTOR, type Selector } from '../core/selection.ts'
import type { Document, Node, Path } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import { editorOf } from '../formats/editors.ts'
import { placeOf } from '../formats/excerpt.ts'
import { ENVELOPE_KEY, type Format, ROOT_KEY, type Scanned } from '../formats/format.ts'
import { splice } from '../formats/splice.ts'
import { decryptWith, type OpenedComment, type OpenedValues, openValues } from './open-values.ts'
import { bareText, restore, revealTree, wholeValue } from './restore.ts'
import { treeDigest } from './tree-digest.ts'

/** An encrypted file, taken apart without a key. */
export interface EncryptedFile {
  readonly format: Format
  readonly scanned: Scanned
  readonly envelope: Envelope
  /** Places in the envelope that are not of the type kmsfile writes. */
  readonly loose: readonly string[]
}

/** An encrypted file, opened and verified. */
export interface OpenedFile extends EncryptedFile, OpenedValues {
  readonly dataKey: DataKey
  /**
   * `sealed`: the document is as kmsfile wrote it. `sops`: sops wrote the MAC last, and nothing but values is bound.
   * `ignored`: nobody looked.
   */
  readonly integrity: 'sealed' | 'sops' | 'ignored'
  /** Whether the recipients are those that were sealed; undefined where nothing says so. */
  readonly recipients: 'confirmed' | 'changed' | undefined
  readonly layout: Layout | undefined
}

export interface ReadOptions {
  /** What the configuration says of this file; asked to tell what was changed. */
  readonly ruleSelector?: (() => Promise<Selector | undefined>) | undefined
  /** Whether the configuration wants a seal; asked where sops wrote last. Then the file is refused. */
  readonly requireSeal?: (() => Promise<boolean>) | undefined
  /** Opens a file whose MAC or seal does not fit, as sops does with `--ignore-mac`. */
  readonly ignoreMac?: boolean | undefined
  /** Leaves values in plaintext that should be encrypted in {@link OpenedFile.added}, instead of refusing the file. */
  readonly allowAdded?: boolean | undefined
}

/** How far a text is encrypted. */
export type EncryptionState = 'encrypted' | 'plaintext' | 'partly'

/** Tells an encrypted text from a plain one, and from one whose envelope is lost. */
export function encryptionState(documents: readonly Document[]): EncryptionState {
  if (envelopeNode(documents) !== undefined) return 'encrypted'
  return documents.some(({ root }) => root !== undefined && holdsEnvelope(root)) ? 'partly' : 'plaintext'
}

/**
 * Takes an encrypted text apart.
 *
 * @throws KmsfileError `FILE_NOT_ENCRYPTED`, `FILE_PARTLY_ENCRYPTED`, `ENVELOPE_INVALID`, `INTEGRITY_AMBIGUOUS`, and
 * those of the format.
 */
export function parseEncrypted(format: Format, text: string): EncryptedFile {
  return takeApart(format, format.scan(text))
}

/** As {@link parseEncrypted}, of a text that is scanned already. */
export function takeApart(format: Format, scanned: Scanned): EncryptedFile {
  const node = envelopeNode(scanned.documents)
  if (node === undefined) {
    if (encryptionState(scanned.documents) === 'partly') {
      throw new KmsfileError('values are encrypted, but the sops block with the wrapped data key is missing', {
        code: 'FILE_PARTLY_ENCRYPTED',
        hint: 'restore it from the last good version: git log -p -- FILE',
      })
    }
    throw new KmsfileError('the file is not encrypted', {
      code: 'FILE_NOT_ENCRYPTED',
      hint: 'encrypt it: kmsfile encrypt -i FILE',
    })
  }
  if (scanned.documents.some(({ root }) => envelopesIn(root).length > 1)) {
    throw ambiguous('a document has two sops blocks')
  }
  const { envelope, ambiguities, loose } = readEnvelope(node)
  if (ambiguities.length > 0) {
    throw ambiguous(`the sops block can be read in two ways: ${ambiguities.join(', ')}`)
  }
  return { format, scanned, envelope, loose }
}

/**
 * Opens and verifies an encrypted file.
 *
 * @throws KmsfileError with one of the integrity codes; `INTEGRITY_VALUE_NOT_ENCRYPTED` names what was added by hand;
 * `FILE_IN_CONFLICT`.
 */
export async function openSecrets(
  file: EncryptedFile,
  dataKey: DataKey,
  options: ReadOptions = {},
): Promise<OpenedFile> {
  const { envelope, scanned } = file
  refuseUnresolved(envelope)
  const key = createSecretKey(dataKey)
  const decrypt = decryptWith(key)
  const macEnvelope = options.ignoreMac === true ? undefined : openMac(file, key)
  const nonce = macEnvelope?.nonce ?? new Uint8Array(0)
  const time = options.ignoreMac === true ? '' : normalTime(envelope.lastModified)
  const marked = hasMark(dataKey, nonce)

  const attempt = async (selector: Selector) => {
    const seal = verifySeal(dataKey, time, nonce)
    const opened = openValues(scanned.documents, {
      decrypt,
      selection: await compileSelector(selector),
      macOnlyEncrypted: envelope.macOnlyEncrypted,
      sink: seal.sink,
    })
    return { opened, macFits: opened.mac === macEnvelope?.text, seal: seal.verdict() }
  }

  const found = await attempt(envelope.selector)
  const { opened } = found
  const base = { ...file, ...opened, dataKey }
  if (macEnvelope === undefined) return { ...base, integrity: 'ignored', recipients: undefined, layout: undefined }

  if (found.seal === 'broken' || !found.macFits) {
    const ofRule = async () => attempt((await options.ruleSelector?.()) ?? DEFAULT_SELECTOR)
    const rule = found.seal === 'broken' ? await ofRule().catch(() => undefined) : undefined
    throw rule?.seal === 'sealed' ? selectorChanged() : found.macFits ? sealMismatch() : macMismatch(marked)
  }
  if (marked) refuseAmbiguity(file)
  if (opened.added.length > 0 && options.allowAdded !== true) throw notEncrypted(opened.added)
  if (!marked && (await options.requireSeal?.()) === true) {
    throw new KmsfileError('the file was written by sops, and its rule asks for a seal', {
      code: 'INTEGRITY_NOT_SEALED',
      hint: 'see what it holds and seal it: kmsfile seal FILE',
    })
  }
  const layout = openLayout(dataKey, envelope.kmsfile, nonce)
  const groups = envelope.groups.map((group) => group.map(({ masterKey }) => masterKey))
  const recipients =
    layout === undefined
      ? undefined
      : sameMac(layout.recipients, recipientsMac(dataKey, groups, envelope.threshold))
        ? 'confirmed'
        : 'changed'
  return { ...base, integrity: marked ? 'sealed' : 'sops', recipients, layout }
}

/** The plaintext of a file, and whether it is the original, byte for byte. */
export interface Plaintext {
  readonly text: string
  /** False where the original spelling is not known or not authentic; then it is printed as sops would. */
  readonly exact: boolean
}

/**
 * Prints the plaintext of an opened file: in its original spelling where that is authentic and says the same as the
 * values, otherwise from the values alone.
 */
export async function plaintextOf(file: OpenedFile): Promise<Plaintext> {
  const { format, scanned, layout } = file
  const wholeText = wholeTextOf(file)
  if (wholeText !== undefined) return { text: wholeText, exact: true }

  if (layout !== undefined) {
    const restored = restore(format, scanned, file, layout.notes)
    const text = layout.noFinalBreak ? restored.replace(/\r?\n$/, '') : restored
    const original = (layout.bom ? '\ufeff' : '') + text
    if (isOriginal(file, layout, text)) return { text: original, exact: true }
    if (await isAuthentic(file, layout, original)) return { text: original, exact: true }
  }
  return { text: format.emit(treeOf(file)), exact: false }
}

/**
 * Whether it is the text that was encrypted, to the last byte, and the values can be no others than it says: they were
 * compared when it was written, and the seal binds all of them. A copy of an alias is cut with what it holds, of which the
 * seal does not tell 1 from 1.0.
 */
function isOriginal(file: OpenedFile, { original }: Layout, text: string): boolean {
  const { format, scanned, envelope, dataKey, added, integrity } = file
  const bound = integrity === 'sealed' && !envelope.macOnlyEncrypted && added.length === 0
  if (!bound || original === undefined || format.undress(scanned).some((edit) => edit.text !== '')) return false
  return sameMac(original, originalMac(dataKey, text))
}

/**
 * The gate to the original spelling: it is the one that was sealed, but for comments and blank lines, and reads as the
 * values say. The latter, because somebody may have put a comment where it becomes part of a value.
 */
async function isAuthentic(file: OpenedFile, { spelling }: Layout, text: string): Promise<boolean> {
  const { format, dataKey, added } = file
  if (breaksComments(file.comments)) return false
  try {
    const scanned = format.scan(text)
    const sealed = added.length === 0 ? scanned : await withoutAdded(format, scanned, added)
    if (!sameMac(spelling, spellingMac(dataKey, bareText(sealed)))) return false
    return (await treeDigest(scanned.documents)) === (await treeDigest(treeOf(file)))
  } catch (error) {
    if (error instanceof KmsfileError) return false
    throw error
  }
}

/**
 * Whether some reader would take part of a comment for a line of its own. Nothing says that a comment was one when it was
 * encrypted: an item of the list that it stands in opens there as well.
 */
export function breaksComments(comments: readonly Pick<OpenedComment, 'text'>[]): boolean {
  return comments.some(({ text }) => LINE_BREAK.test(text))
}

// What is a line break to YAML 1.1 or 1.2, and a byte order mark inside of a text.
const LINE_BREAK = /[\n\r\u0085\u2028\u2029\ufeff]/

/** What the file was before somebody added values by hand. */
async function withoutAdded(format: Format, scanned: Scanned, added: readonly Path[]): Promise<Scanned> {
  const editor = await editorOf(format.name)
  const paths = added.map((path) => (path[0] === ROOT_KEY ? path.slice(1) : path))
  // All at once where no cut touches another: each takes a scan of the whole text otherwise.
  const cuts = paths.flatMap((path) => editor.unset(scanned, path)).sort((a, b) => a.start - b.start)
  if (cuts.every(({ start }, i) => start >= (cuts[i - 1]?.end ?? 0))) return format.scan(splice(scanned.text, cuts))
  // From the last to the first, so that places in lists keep their numbers.
  return paths.reduceRight((rest, path) => format.scan(splice(rest.text, editor.unset(rest, path))), scanned)
}

/**
 * The tree of an opened file's plaintext, also where the file is encrypted as one value.
 *
 * @throws FormatError `FORMAT_UNSUPPORTED` for a text that has no tree of string keys, which is why it is one value
 */
export function treeOfPlaintext(file: OpenedFile): readonly Document[] {
  const text = wholeTextOf(file)
  return text === undefined ? treeOf(file) : file.format.scan(text).documents
}

function wholeTextOf({ scanned, values }: OpenedFile): string | undefined {
  const whole = wholeValue(scanned.documents)
  return whole === undefined ? undefined : values.find(({ leaf }) => leaf === whole)?.text
}

/** The tree of an opened file as it stands: of one that is encrypted as one value, that value. */
export function treeOf(file: OpenedFile): readonly Document[] {
  return revealTree(file.scanned.documents, file)
}

function envelopeNode(documents: readonly Document[]): Node | undefined {
  return envelopesIn(documents[0]?.root).find((node) => node.kind === 'map')
}

function envelopesIn(root: Node | undefined): readonly Node[] {
  if (root?.kind !== 'map') return []
  return root.items.flatMap((item) => (item.kind === 'entry' && item.key === ENVELOPE_KEY ? [item.value] : []))
}

function holdsEnvelope(node: Node): boolean {
  if (node.kind === 'leaf') {
    return node.type === 'str' && looksEncrypted(node.text) && parseEncryptedValue(node.text) !== undefined
  }
  if (node.kind === 'alias') return false
  return node.items.some((item) => item.kind !== 'comment' && holdsEnvelope(item.kind === 'entry' ? item.value : item))
}

const ACCEPT = 'see what changed, and accept it if it was you: kmsfile seal --accept FILE'

function openMac({ envelope }: EncryptedFile, key: ReturnType<typeof createSecretKey>) {
  if (envelope.mac === '') {
    throw new KmsfileError('the file has no MAC', {
      code: 'INTEGRITY_MAC_MISSING',
      hint: 'compare with the last good version: git log -p -- FILE',
    })
  }
  const value = parseEncryptedValue(envelope.mac)
  const time = normalTime(envelope.lastModified)
  if (value === undefined) throw macMismatch()
  try {
    return { text: decryptValue(key, value, time), nonce: new Uint8Array(Buffer.from(value.nonce, 'base64')) }
  } catch (error) {
    throw error instanceof KmsfileError ? macMismatch() : error
  }
}

function refuseAmbiguity({ format, scanned, loose }: EncryptedFile): void {
  const found = format.ambiguity(scanned)
  if (found !== undefined) {
    const { line, column } = placeOf(scanned.text, found.offset)
    throw new KmsfileError(`the file can be read in two ways: ${found.message}`, {
      code: 'INTEGRITY_AMBIGUOUS',
      hint: 'compare with the last good version: git log -p -- FILE',
      line,
      column,
    })
  }
  if (loose.length > 0) throw ambiguous(`the sops block has another type than kmsfile writes at ${loose.join(', ')}`)
}

function ambiguous(message: string): KmsfileError {
  return new KmsfileError(message, {
    code: 'INTEGRITY_AMBIGUOUS',
    hint: 'compare with the last good version: git log -p -- FILE',
  })
}

function macMismatch(sealed = false): KmsfileError {
  // Neither MAC goes into the message: it is a hash of the secrets themselves.
  return new KmsfileError('values were added, removed, reordered or changed without kmsfile', {
    code: 'INTEGRITY_MAC_MISMATCH',
    hint: sealed ? ACCEPT : 'compare with the last good version: git log -p -- FILE',
  })
}

function sealMismatch(): KmsfileError {
  return new KmsfileError('keys, structure or rules were changed without kmsfile', {
    code: 'INTEGRITY_SEAL_MISMATCH',
    hint: ACCEPT,
  })
}

function selectorChanged(): KmsfileError {
  return new KmsfileError('the selector, which says what is encrypted, was changed without kmsfile', {
    code: 'INTEGRITY_SELECTOR_CHANGED',
    hint: 'compare with the last good version: git log -p -- FILE',
  })
}

function notEncrypted(paths: readonly Path[]): KmsfileError {
  const named =
    paths.slice(0, 10).map(printPath).join(', ') + (paths.length > 10 ? ` and ${paths.length - 10} more` : '')
  return new KmsfileError(`not encrypted: ${named}`, {
    code: 'INTEGRITY_VALUE_NOT_ENCRYPTED',
    hint: 'encrypt what was added by hand: kmsfile encrypt -i FILE',
  })
}
