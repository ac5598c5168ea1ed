/** The type of a scalar, as Go's YAML and JSON readers resolve it. Types go into the envelope of each value. */
export type ScalarType = 'str' | 'int' | 'float' | 'bool' | 'time' | 'null'

/** UTF-16 offsets into the source text, end exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** One scalar value: what it is, and where it stands in the text. */
export interface Leaf extends Span {
  readonly kind: 'leaf'
  readonly type: ScalarType
  /**
   * Exactly what Go prints for the value: the string itself, decimal digits, `True`, RFC 3339.
   * These are the bytes that the MAC hashes and that encryption hides. Empty for null.
   */
  readonly text: string
  /** A value's tag that a core schema does not know; sops drops it. */
  readonly tag?: string | undefined
}

/** One comment: `text` is what follows the `#`, without the line break. */
export interface Comment extends Span {
  readonly kind: 'comment'
  readonly text: string
  /** On the same line as a key or value before it. */
  readonly inline: boolean
}

export interface Entry {
  readonly kind: 'entry'
  /** The key as Go's YAML reads it, as a string. */
  readonly key: string
  /** Place of the key in the text. */
  readonly keySpan: Span
  /** False where the key is no string for go-yaml (`1:`, `true:`), which sops refuses. */
  readonly keyIsString: boolean
  /** A merge key of YAML: a plain `<<`. The string `"<<"` is another key. */
  readonly merge?: boolean
  readonly value: Node
}

/** A mapping: entries in the order of the text, with the comments between them. */
export interface MapNode extends Span {
  readonly kind: 'map'
  readonly flow: boolean
  readonly items: readonly (Entry | Comment)[]
}

export interface ListNode extends Span {
  readonly kind: 'list'
  readonly flow: boolean
  readonly items: readonly (Node | Comment)[]
}

/** A reference to a node that stands earlier in the text. */
export interface Alias extends Span {
  readonly kind: 'alias'
  readonly name: string
  readonly target: Node
}

export type Node = Leaf | MapNode | ListNode | Alias

/** One document of a file. `root` is undefined where it has none: empty, or only comments. */
export interface Document extends Span {
  readonly root: Node | undefined
  /** Comments outside the root: before the document's start and after its end. */
  readonly comments: readonly Comment[]
}

/** A place of a value: keys and list indices from the root of a document. */
export type Path = readonly (string | number)[]
