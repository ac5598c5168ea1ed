/** A tag, an anchor, or both. Ranges are -1 where there is none. */
export interface NodeProperties {
  /** The anchor's name, without its `&`. */
  readonly anchorStart: number
  readonly anchorEnd: number
  /** The tag from its `!` on. */
  readonly tagStart: number
  readonly tagEnd: number
}

export const NO_PROPERTIES: NodeProperties = { anchorStart: -1, anchorEnd: -1, tagStart: -1, tagEnd: -1 }

export type ScalarStyle = 'empty' | 'plain' | 'single' | 'double' | 'literal' | 'folded'
type CollectionStyle = 'block' | 'flow'
/** What becomes of the line breaks at the end of a block scalar. */
export type Chomping = 'clip' | 'strip' | 'keep'

export type Directive =
  | { readonly kind: 'yaml'; readonly version: string }
  | { readonly kind: 'tag'; readonly handle: string; readonly prefix: string }

export interface DocumentEvent {
  readonly type: 'document'
  /** Starts with `---`. */
  readonly explicitStart: boolean
  readonly directives: readonly Directive[]
}

export interface CollectionEvent {
  readonly type: 'mapping' | 'sequence'
  readonly style: CollectionStyle
  /** Its bracket; of a block collection its first indicator, or the properties of its first key. */
  readonly start: number
  readonly properties: NodeProperties
}

export interface ScalarEvent {
  readonly type: 'scalar'
  readonly style: ScalarStyle
  /** What stands between the quotes; the lines behind the header of a block scalar. -1 for the style `empty`. */
  readonly start: number
  readonly end: number
  readonly properties: NodeProperties
  readonly chomping: Chomping
  /** Column of the lines of a block scalar; -1 where no line says it. */
  readonly indent: number
  /** The value is the text between `start` and `end`, letter for letter. */
  readonly verbatim: boolean
}

export interface AliasEvent {
  readonly type: 'alias'
  /** Its name, without the `*`. */
  readonly start: number
  readonly end: number
}

/** The end of a collection or a document. */
interface EndEvent {
  readonly type: 'end'
}

/** What a YAML text is made of, in the order of the text; offsets are UTF-16. */
export type YamlEvent = DocumentEvent | CollectionEvent | ScalarEvent | AliasEvent | EndEvent
