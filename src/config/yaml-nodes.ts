import type { CST, Document, Pair, Node as YamlNode } from 'yaml'
import { quoted } from './node-reader.ts'
import { type ConfigNode, type ConfigText, invalid, type MapEntry, type Place } from './nodes.ts'

/** Larger than any configuration; a text above it is refused before it is read. */
export const MAX_CONFIG_CHARS = 1024 * 1024
/**
 * No configuration nests deeper than ten. Some 2 KB of `[` end the whole process in `yaml`'s Composer, uncatchably, so
 * the depth is checked on what its iterative parser gives, before any Composer sees it.
 */
const MAX_DEPTH = 50
/** What aliases may blow a text up to, in nodes. */
const MAX_NODES = 500_000
const TOO_MANY_ALIASES = 'aliases make this too large for a configuration'

/**
 * Reads a YAML text into nodes with places. Undefined where it has no value. Time and memory are linear in the text.
 *
 * With `first`, documents after the first are not looked at, as Go's `yaml.Unmarshal` does; otherwise they are refused.
 *
 * @throws KmsfileError `CONFIG_INVALID` with line and column: no YAML, nested too deep, too large, aliases that multiply.
 */
export async function parseNodes(
  source: ConfigText,
  { first = false }: { first?: boolean } = {},
): Promise<ConfigNode | undefined> {
  if (source.text.length > MAX_CONFIG_CHARS) throw invalid(source, 0, 'a configuration is larger than 1 MiB')
  const { Composer, Lexer, Parser, isAlias, isMap, isPair, isScalar, isSeq } = await import('yaml')

  const parser = new Parser()
  const tokens: CST.Token[] = []
  for (const lexeme of new Lexer().lex(source.text)) {
    for (const token of parser.next(lexeme)) tokens.push(token)
    if (parser.stack.length > MAX_DEPTH) throw invalid(source, parser.offset, 'nested too deep for a configuration')
  }
  for (const token of parser.end()) tokens.push(token)

  // Its own check of unique keys is quadratic; `entriesOf` has one.
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false, logLevel: 'silent' })
  let document: Document.Parsed | undefined
  for (const next of composer.compose(tokens, true, source.text.length)) {
    if (document !== undefined) {
      if (first) break
      throw invalid(source, next.range[0], 'a second document', 'remove the line --- and what follows')
    }
    const error = next.errors[0]
    if (error !== undefined) throw invalid(source, error.pos[0], YAML_PROBLEMS[error.code] ?? 'not valid YAML')
    document = next
  }
  const root = document?.contents as YamlNode | null | undefined
  if (root === null || root === undefined) return undefined

  const anchors = new Map<string, ConfigNode>()
  const extents = new Map<ConfigNode, { readonly size: number; readonly depth: number }>()
  let mergedEntries = 0
  const node = convert(root)
  return node.kind === 'scalar' && node.plain && node.text === '' ? undefined : node

  function convert(yamlNode: YamlNode): ConfigNode {
    const [start, end] = yamlNode.range ?? [0, 0]
    if (isAlias(yamlNode)) {
      const target = anchors.get(yamlNode.source)
      if (target !== undefined) return target
      throw invalid(source, start, `the alias ${quoted(yamlNode.source)} has no anchor before it`)
    }
    const made = make(yamlNode, { start, end })
    const { size, depth } = measure(made)
    if (size > MAX_NODES || depth > MAX_DEPTH) throw invalid(source, start, TOO_MANY_ALIASES)
    if (yamlNode.anchor !== undefined) anchors.set(yamlNode.anchor, made)
    return made
  }

  function make(yamlNode: Exclude<YamlNode, { source: string }>, place: Place): ConfigNode {
    if (isSeq<YamlNode>(yamlNode)) {
      return { kind: 'list', flow: yamlNode.flow === true, items: yamlNode.items.map(convertItem), ...place }
    }
    if (isMap<YamlNode, YamlNode | null>(yamlNode)) {
      return { kind: 'map', flow: yamlNode.flow === true, entries: entriesOf(yamlNode.items), ...place }
    }
    if (!isScalar(yamlNode)) throw new TypeError('a node of no known kind')
    const plain = yamlNode.type === undefined || yamlNode.type === 'PLAIN'
    return {
      kind: 'scalar',
      text: plain ? (yamlNode.source ?? '') : String(yamlNode.value),
      plain,
      tag: yamlNode.tag,
      ...place,
    }
  }

  /** `[a: 1]` is a list of one map. */
  function convertItem(item: YamlNode): ConfigNode {
    if (!isPair(item)) return convert(item)
    const entries = entriesOf([item as unknown as Pair<YamlNode, YamlNode | null>])
    const { start } = entries[0]!.key
    return { kind: 'map', flow: true, entries, start, end: entries.at(-1)!.value.end }
  }

  function entriesOf(pairs: readonly Pair<YamlNode, YamlNode | null>[]): MapEntry[] {
    const own: MapEntry[] = []
    const merges: MapEntry[] = []
    for (const pair of pairs) {
      const key = convert(pair.key)
      if (key.kind !== 'scalar') throw invalid(source, key.start, 'a key is no text')
      const value =
        pair.value === null
          ? ({ kind: 'scalar', text: '', plain: true, tag: undefined, start: key.end, end: key.end } as const)
          : convert(pair.value)
      ;(key.plain && key.text === '<<' ? merges : own).push({ key, value, merged: false })
    }
    const entries = new Map<string, MapEntry>()
    for (const entry of own) {
      if (entries.has(entry.key.text))
        throw invalid(source, entry.key.start, `the key ${quoted(entry.key.text)} is repeated`)
      entries.set(entry.key.text, entry)
    }
    for (const { key, value } of merges) {
      for (const map of value.kind === 'list' ? value.items : [value]) {
        if (map.kind !== 'map') throw invalid(source, key.start, 'only maps can be merged')
        mergedEntries += map.entries.length
        if (mergedEntries > MAX_NODES) throw invalid(source, key.start, TOO_MANY_ALIASES)
        for (const entry of map.entries) {
          if (!entries.has(entry.key.text)) entries.set(entry.key.text, { ...entry, merged: true })
        }
      }
    }
    return [...entries.values()]
  }

  /** With aliases written out. Parts were measured when they were made. */
  function measure(made: ConfigNode): { readonly size: number; readonly depth: number } {
    const known = extents.get(made)
    if (known !== undefined) return known
    let size = 1
    let depth = 1
    for (const part of partsOf(made)) {
      const extent = measure(part)
      size += extent.size
      depth = Math.max(depth, extent.depth + 1)
    }
    const extent = { size, depth }
    extents.set(made, extent)
    return extent
  }
}

function partsOf(node: ConfigNode): readonly ConfigNode[] {
  if (node.kind === 'list') return node.items
  return node.kind === 'map' ? node.entries.flatMap(({ key, value }) => [key, value]) : []
}

// The messages of `yaml` quote what they find.
const YAML_PROBLEMS: Partial<Record<string, string>> = {
  BAD_INDENT: 'the indentation does not fit, or a bracket is not closed',
  BLOCK_AS_IMPLICIT_KEY: 'a key and a colon stand where only a value can',
  MISSING_CHAR: 'a closing quote, bracket or separator is missing',
  MULTILINE_IMPLICIT_KEY: 'a key goes over several lines',
  TAB_AS_INDENT: 'a tab stands where only spaces can',
  BAD_ALIAS: 'an alias is not written as one',
  MULTIPLE_ANCHORS: 'a value has two anchors',
  UNEXPECTED_TOKEN: 'something stands where nothing can',
}
