import type { Alias, Document, Leaf, Path, ScalarType, Span } from '../core/tree.ts'
import { KmsfileError } from '../errors.ts'
import { maskedExcerpt, placeOf } from './excerpt.ts'

export type FormatName = 'yaml' | 'json'

/** A text, and the tree that was found in it. All offsets count from after the byte order mark. */
export interface Scanned {
  /** The text without a byte order mark. */
  readonly text: string
  readonly bom: boolean
  /** The line break that the text uses first; a line feed where it has none. */
  readonly eol: '\n' | '\r\n'
  readonly documents: readonly Document[]
}

/** Replaces a range of the text; an empty range inserts. */
export interface Edit extends Span {
  readonly text: string
}

/** A value apart from any text: what decryption gives. */
export interface Scalar {
  readonly type: ScalarType
  /** As in {@link Leaf.text}. */
  readonly text: string
}

/** A JSON value as `set` takes it; numbers keep their digits. */
export type PlainValue =
  | null
  | boolean
  | string
  | { readonly number: string }
  | readonly PlainValue[]
  | ReadonlyMap<string, PlainValue>

/** The metadata of a file as data; `core/envelope` makes and reads it. Names are in the order to print. */
export type Metadata = string | number | boolean | readonly Metadata[] | { readonly [name: string]: Metadata }

/** The name of the metadata's key in the root of every document. */
export const ENVELOPE_KEY = 'sops'
/** Stands for a root that is no map; part of every path below it. */
export const ROOT_KEY = '__root__'
/** The only key of a file that is encrypted as one value. */
export const WHOLE_KEY = '__whole__'

/**
 * One file format: text to tree and back, without a loss.
 *
 * A *slot* is the range of a leaf or comment (`start` to `end`): it is replaced as a whole, everything between slots
 * stays as it is. `conceal` and `reveal` are cosmetic inverses: where `reveal` would not give back the source text of
 * the slot, the caller remembers that text in a note, so neither ever has to be exact; but what stands in the
 * encrypted text must be a value that real sops reads as the envelope, letter for letter.
 */
export interface Format {
  readonly name: FormatName
  /** Whether sops reads an encrypted text that starts with a byte order mark. */
  readonly keepsBom: boolean
  /**
   * Finds every value and comment. The same function for plain and encrypted text; linear in time and memory.
   *
   * @throws FormatError `FORMAT_SYNTAX`, `FORMAT_DUPLICATE_KEY`, `FORMAT_TOO_DEEP` with line and column.
   */
  scan(text: string): Scanned
  /** What stands in the slot of `leaf` while it is encrypted. `source` is the plaintext. */
  conceal(source: Scanned, leaf: Leaf, envelope: string): string
  /** How a decrypted value is spelled in the slot of `leaf`. `encrypted` is the text with the envelope in it. */
  reveal(encrypted: Scanned, leaf: Leaf, value: Scalar): string
  /**
   * What replaces an alias while what it refers to is encrypted: a copy of its target with the envelope of each leaf in it,
   * undefined for a leaf that stays readable. Paths are those of the copy.
   */
  concealAlias(
    source: Scanned,
    alias: Alias,
    envelopeOf: (leaf: Leaf, path: Path) => string | undefined,
    path: Path,
  ): string
  /** Edits beside the values that let sops load the plaintext: a root that is no map, keys that are no strings. */
  dress(source: Scanned): Edit[]
  /** Edits that take back what {@link dress} and {@link concealAlias} did, in an encrypted text. */
  undress(encrypted: Scanned): Edit[]
  /** Edits that add the metadata to every document of a plaintext; `first` goes into the first, `others` into the rest. */
  addEnvelope(source: Scanned, first: Metadata, others: Metadata): Edit[]
  /** Edits that cut the metadata out of every document. Adds and cuts are inverse, but for a final line break. */
  cutEnvelope(encrypted: Scanned): Edit[]
  /** What in an encrypted text two readers of the format might take differently; a sealed file has nothing of the kind. */
  ambiguity(encrypted: Scanned): { readonly message: string; readonly offset: number } | undefined
  /** The body of a file that is one encrypted value under {@link WHOLE_KEY}; {@link addEnvelope} completes it. */
  whole(envelope: string): string
  /**
   * Prints documents from their values alone, no spelling of the source: for every reader of the format, old or new,
   * the same values. The layout is that of sops.
   */
  emit(documents: readonly Document[]): string
}

/** Changes single values of a plaintext; loaded only by who changes one. */
export interface FormatEditor {
  /**
   * Edits that set one value of a plaintext, making the maps on the way; a list index one past the end appends.
   *
   * @throws KmsfileError `PATH_NOT_FOUND` where the way leads through a scalar or past a list's end.
   */
  set(source: Scanned, path: Path, value: PlainValue): Edit[]
  /** Edits that remove one value. @throws KmsfileError `PATH_NOT_FOUND` */
  unset(source: Scanned, path: Path): Edit[]
}

/** A text that is not what its format asks for. */
export class FormatError extends KmsfileError {
  override readonly name = 'FormatError'
  /** Where in the text, UTF-16. */
  readonly offset: number
  /** The lines around it: keys and punctuation, values as dots. Empty where there is no text. */
  readonly excerpt: string

  constructor(
    message: string,
    text: string,
    { code = 'FORMAT_SYNTAX', offset, hint }: { code?: FormatErrorCode; offset: number; hint?: string | undefined },
  ) {
    super(message, { code, hint, ...placeOf(text, offset) })
    this.offset = offset
    this.excerpt = maskedExcerpt(text, offset)
  }
}

export type FormatErrorCode =
  | 'FORMAT_SYNTAX'
  | 'FORMAT_DUPLICATE_KEY'
  | 'FORMAT_TOO_DEEP'
  | 'FORMAT_TOO_MANY_ALIASES'
  | 'FORMAT_UNSUPPORTED'
  | 'FORMAT_VALUE'
