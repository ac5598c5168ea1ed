import { lineAt, lineStarts } from '../core/line-starts.ts'
import { KmsfileError } from '../errors.ts'
import { type ConfigNode, type ConfigText, invalid, type ListNode, type MapEntry, type MapNode } from './nodes.ts'
import { closestName } from './suggestion.ts'

/**
 * Takes nodes for what they should be. Each function throws `CONFIG_INVALID` with the place where they are something else.
 *
 * `what` names the thing in the message: "rules", "threshold".
 */
export interface NodeReader {
  map(node: ConfigNode, what: string): MapNode
  list(node: ConfigNode, what: string): ListNode
  /** A text of at least one character. A plain number, `true` or `null` is none: YAML means something else by it. */
  text(node: ConfigNode, what: string): string
  bool(node: ConfigNode, what: string): boolean
  /** A whole number, in decimal digits. */
  int(node: ConfigNode, what: string): number
  /** One of a few words. */
  oneOf<T extends string>(node: ConfigNode, what: string, words: readonly T[]): T
  /** The entries of a map by name; a name that is not in `known` is an error. */
  fields<K extends string>(node: ConfigNode, what: string, known: readonly K[]): Partial<Record<K, MapEntry>>
  /** Runs `read`, and gives an error of it that has no place the place of `node`. */
  at<T>(node: ConfigNode, read: () => T): T
  /** An error with the place of `node`, if it is one of kmsfile's without a place. */
  located(node: ConfigNode, error: unknown): unknown
  /** The line on which a node starts, 1-based. */
  line(node: ConfigNode): number
  /** The error of a node. */
  error(node: ConfigNode, message: string, hint?: string): KmsfileError
}

/** What YAML's core schema takes for something other than text. */
const NULL = /^(?:~|null|Null|NULL|)$/
const BOOL = /^(?:true|True|TRUE|false|False|FALSE)$/
const NUMBER =
  /^[-+]?(?:\d+|0o[0-7]+|0x[\dA-Fa-f]+|(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?|\.(?:inf|Inf|INF))$|^\.(?:nan|NaN|NAN)$/

/** A reader of the nodes of one configuration. */
export function nodeReader(source: ConfigText): NodeReader {
  const error = (node: ConfigNode, message: string, hint?: string) => invalid(source, node.start, message, hint)
  const expected = (node: ConfigNode, what: string, type: string) =>
    error(node, `${what} is ${typeOf(node)}, not ${type}`)

  const starts = lineStarts(source.text)

  const reader: NodeReader = {
    error,
    line: (node) => lineAt(starts, node.start) + 1,
    map(node, what) {
      if (node.kind !== 'map') throw expected(node, what, 'a map')
      return node
    },
    list(node, what) {
      if (node.kind !== 'list') throw expected(node, what, 'a list')
      return node
    },
    text(node, what) {
      if (typeOf(node) !== 'text') {
        const quotable = /^a (?:number|truth value)$/.test(typeOf(node))
        throw error(
          node,
          `${what} is ${typeOf(node)}, not text`,
          quotable ? 'put it in quotes if text is meant' : undefined,
        )
      }
      const { text } = node as { text: string }
      if (text === '') throw error(node, `${what} is empty`)
      return text
    },
    bool(node, what) {
      if (typeOf(node) !== 'a truth value') throw expected(node, what, 'true or false')
      return /^t/i.test((node as { text: string }).text)
    },
    int(node, what) {
      const text = node.kind === 'scalar' && node.plain ? node.text : ''
      if (!/^\d{1,9}$/.test(text)) throw expected(node, what, 'a whole number')
      return Number(text)
    },
    oneOf(node, what, words) {
      const text = reader.text(node, what)
      const word = words.find((candidate) => candidate === text)
      if (word !== undefined) return word
      throw error(node, `${what} cannot be this`, `write ${words.join(' or ')}`)
    },
    fields(node, what, known) {
      const fields: Partial<Record<(typeof known)[number], MapEntry>> = {}
      for (const entry of reader.map(node, what).entries) {
        const name = known.find((candidate) => candidate === entry.key.text)
        if (name === undefined) throw unknownKey(entry, what, known)
        fields[name] = entry
      }
      return fields
    },
    at(node, read) {
      try {
        return read()
      } catch (cause) {
        throw reader.located(node, cause)
      }
    },
    located(node, cause) {
      if (!(cause instanceof KmsfileError) || cause.line !== undefined) return cause
      return error(node, cause.message, cause.hint)
    },
  }
  return reader

  function unknownKey({ key }: MapEntry, what: string, known: readonly string[]): KmsfileError {
    const meant = closestName(key.text, known)
    const hint = meant === undefined ? `use ${known.join(', ')}` : `did you mean ${meant}?`
    return error(key, `${what} has no key ${quoted(key.text)}`, hint)
  }
}

/** A name of the configuration itself in a message; long ones are cut, and identities of age that strayed there hidden. */
export function quoted(text: string): string {
  if (/age-secret|age-plugin/i.test(text)) return '"AGE-..."'
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text)
}

/** Whether a node is YAML's null, or nothing at all. */
export function isNull(node: ConfigNode): boolean {
  return typeOf(node) === 'empty'
}

function typeOf(node: ConfigNode): string {
  if (node.kind === 'map') return 'a map'
  if (node.kind === 'list') return 'a list'
  if (node.tag !== undefined && node.tag !== 'tag:yaml.org,2002:str') return 'a value with a tag'
  if (!node.plain || node.tag !== undefined) return 'text'
  if (NULL.test(node.text)) return 'empty'
  if (BOOL.test(node.text)) return 'a truth value'
  if (NUMBER.test(node.text)) return 'a number'
  return 'text'
}
