import { KmsfileError } from '../errors.ts'

/** A range of a configuration's text. */
export interface Place {
  /** UTF-16. */
  readonly start: number
  /** End of it, without comments and line breaks that follow. */
  readonly end: number
}

/** A value that has no parts. */
export interface ScalarNode extends Place {
  readonly kind: 'scalar'
  /** The value; of a plain scalar the text as it is written, whatever type it has. */
  readonly text: string
  /** Written without quotes, so that a type other than text may be meant. */
  readonly plain: boolean
  readonly tag: string | undefined
}

/** A list, in brackets (`flow`) or with a dash before each item. */
export interface ListNode extends Place {
  readonly kind: 'list'
  readonly flow: boolean
  readonly items: readonly ConfigNode[]
}

/** A key and its value. */
export interface MapEntry {
  readonly key: ScalarNode
  readonly value: ConfigNode
  /** Came in by `<<`, so that an entry of the map itself overrides it. */
  readonly merged: boolean
}

/** A map, in braces (`flow`) or with a line for each entry. No key is there twice. */
export interface MapNode extends Place {
  readonly kind: 'map'
  readonly flow: boolean
  readonly entries: readonly MapEntry[]
}

/** A node of a configuration. An alias is the node it stands for, the same object. */
export type ConfigNode = ScalarNode | ListNode | MapNode

/** The text of a configuration, for messages that show a place in it. */
export interface ConfigText {
  readonly text: string
  /** How people know the file. */
  readonly file: string
}

/** The error of a place in a configuration. */
export function invalid(source: ConfigText, offset: number, message: string, hint?: string): KmsfileError {
  return new KmsfileError(message, { code: 'CONFIG_INVALID', hint, file: source.file, ...placeOf(source, offset) })
}

/** 1-based line and column of an offset; columns count UTF-16 units. */
function placeOf({ text }: ConfigText, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  const line = before.length - before.replaceAll('\n', '').length + 1
  return { line, column: offset - before.lastIndexOf('\n') }
}
