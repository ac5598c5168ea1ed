import type { Alias, Document, Entry, Leaf, ListNode, MapNode } from '../core/tree.ts'
import type { Scanned } from './format.ts'
import type { Doubt } from './yaml-doubt.ts'

export type YamlStyle = 'plain' | 'single' | 'double' | 'literal' | 'folded' | 'empty'

/** A scalar with what spelling it again needs. Its slot starts at a core tag (`!!int 3`), if it has one. */
export interface YamlLeaf extends Leaf {
  readonly style: YamlStyle
  /** Inside `[ ]` or `{ }`. */
  readonly flow: boolean
  /** Where the scalar itself starts: its first character, its quote, the `|` of its header. */
  readonly valueStart: number
  /** Column of the lines of a block scalar; -1 for the others. */
  readonly indent: number
  readonly anchor: string | undefined
}

/** A collection with its properties, or a key's. */
export interface Properties {
  readonly anchor: string | undefined
  /** From the first character of tag or anchor; equals the node's start where it has none. */
  readonly outerStart: number
}

export interface YamlMap extends MapNode, Properties {}
export interface YamlList extends ListNode, Properties {}
export interface YamlEntry extends Entry {
  /** The key has a tag or an anchor of its own. */
  readonly keyDecorated: boolean
  readonly keyStyle: YamlStyle
}

/** A scanned text with what is rare in it, so that nobody has to look for it again. */
export interface YamlScanned extends Scanned {
  readonly documents: readonly YamlDocument[]
  readonly rare: RareNodes
}

export interface RareNodes {
  /** Nodes with an anchor. */
  readonly anchored: readonly (YamlLeaf | YamlMap | YamlList)[]
  readonly aliases: readonly Alias[]
  /** Keys that are no strings, have properties, are `<<`, or have several lines. */
  readonly keys: readonly YamlEntry[]
  /** Texts that sops reads in another way than we do; see `yamlAmbiguity`. */
  readonly texts: readonly YamlLeaf[]
  /** Places that libyaml, and so sops, reads in another way, without an error. */
  readonly twoReadings: readonly Doubt[]
}

export interface YamlDocument extends Document {
  /** Starts with `---`. */
  readonly explicitStart: boolean
  /** Directives in front of it. */
  readonly directives: readonly string[]
}

/** Stands for a core tag while its value is encrypted, so that the slot still starts where the tag stood. */
export const TAG_MARKER = '!__t'

// A plain text that looks like an integer and is none to us has more digits than 64 bits hold.
const INTEGER = /^[-+]?(?:\d[\d_]*|0x[\d_a-fA-F]+|0[ob][\d_]+)$/

/** A number that go-yaml takes for one, and loses digits of or refuses; to us it is text. */
export function isRoundedBySops({ type, style, tag, text }: YamlLeaf): boolean {
  return type === 'str' && style === 'plain' && tag === undefined && INTEGER.test(text)
}

/** Texts of several lines that start with a tab become null when sops prints them. */
export function startsWithTab({ type, text }: YamlLeaf): boolean {
  return type === 'str' && text.charCodeAt(0) === 0x09 && text.includes('\n')
}
