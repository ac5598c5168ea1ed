import type { Alias, Entry, ListNode, MapNode, Node } from '../core/tree.ts'
import type { YamlEntry, YamlLeaf, YamlList, YamlMap, YamlScanned } from '../formats/yaml-nodes.ts'
import { idOf, type PropertyDifference, type TreeChange, type TreePlace } from './tree-changes.ts'

/** What YAML calls the properties of a node: they stand before it, and before keys as well. */
interface Properties {
  readonly tag: string | undefined
  readonly anchor: string | undefined
}

/** A node as it stands in the text. */
interface TextNode {
  readonly place: TreePlace
  readonly own: Properties
  readonly ofKey: Properties
  /** What an alias refers to. */
  readonly alias: { readonly name: string; readonly target: TreePlace } | undefined
}

/**
 * What `compareTrees` cannot see of two YAML texts, since no value differs by it: tags, anchors, what aliases refer to,
 * and directives. `changes` is what it did see: a value that moved is compared with what stood where it came from.
 *
 * An alias whose anchor has another name is the same alias: only the anchor is named. Of what is new, only tags are.
 */
export function compareProperties(
  before: YamlScanned,
  after: YamlScanned,
  changes: readonly TreeChange[],
): readonly TreeChange[] {
  const [old, now] = [nodesOf(before), nodesOf(after)]
  const origins = new Map(changes.flatMap((each) => (each.kind === 'moved' ? [[idOf(each), idOf(each.from)]] : [])))
  const found: TreeChange[] = []
  for (const [document, { directives }] of after.documents.entries()) {
    if (spaced(directives) !== spaced(before.documents[document]?.directives ?? [])) {
      found.push({ document, path: [], kind: 'directives' })
    }
  }
  for (const [id, node] of now) {
    const known = old.get(origins.get(id) ?? id)
    const add = (kind: 'retagged' | 'reanchored' | 'realiased', how: PropertyDifference | undefined, ofKey = false) => {
      if (how !== undefined) found.push({ ...node.place, kind, how, ...(ofKey && { ofKey }) })
    }
    add('retagged', differenceOf(known?.ofKey.tag, node.ofKey.tag), true)
    add('retagged', differenceOf(known?.own.tag, node.own.tag))
    if (known === undefined) continue
    add('reanchored', differenceOf(known.ofKey.anchor, node.ofKey.anchor), true)
    add('reanchored', differenceOf(known.own.anchor, node.own.anchor))
    if (!isSameAlias(known.alias, node.alias)) add('realiased', differenceOf(known.alias, node.alias))
  }
  return found

  // Where what it referred to went away with its anchor, and the anchor is elsewhere, the anchor is what changed.
  function isSameAlias(was: TextNode['alias'], is: TextNode['alias']): boolean {
    if (was === undefined || is === undefined) return was === is
    if (idOf(was.target) === idOf(is.target)) return true
    return was.name === is.name && now.get(idOf(was.target))?.own.anchor !== was.name
  }
}

function spaced(directives: readonly string[]): string {
  return directives.map((line) => line.replace(/[ \t]+/g, ' ')).join('\n')
}

function differenceOf(was: unknown, is: unknown): PropertyDifference | undefined {
  if (was === is) return undefined
  if (was === undefined) return 'new'
  return is === undefined ? 'gone' : 'other'
}

/** Every node of a text in its order; what an alias repeats is not among them. */
function nodesOf({ text, documents }: YamlScanned): ReadonlyMap<string, TextNode> {
  const nodes = new Map<string, TextNode>()
  const places = new Map<Node, TreePlace>()
  for (const [document, { root }] of documents.entries()) {
    if (root !== undefined) visit(root, { document, path: [] }, NO_PROPERTIES)
  }
  return nodes

  function visit(node: Node, place: TreePlace, ofKey: Properties): void {
    places.set(node, place)
    const alias = node.kind === 'alias' ? aliasOf(node, place) : undefined
    nodes.set(idOf(place), { place, own: ownProperties(node), ofKey, alias })
    if (node.kind === 'map' || node.kind === 'list') visitItems(node, place)
  }

  function visitItems(node: MapNode | ListNode, { document, path }: TreePlace): void {
    let index = 0
    let end = node.flow ? node.start + 1 : node.start
    for (const item of node.items) {
      if (item.kind === 'comment') continue
      if (item.kind === 'entry') {
        visit(item.value, { document, path: [...path, item.key] }, keyProperties(item, end))
        end = item.value.end
      } else visit(item, { document, path: [...path, index] }, NO_PROPERTIES)
      index++
    }
  }

  function aliasOf({ name, target }: Alias, { document }: TreePlace): TextNode['alias'] {
    return { name, target: places.get(target) ?? { document, path: [] } }
  }

  function ownProperties(node: Node): Properties {
    if (node.kind === 'alias') return NO_PROPERTIES
    const { anchor } = node as YamlLeaf | YamlMap | YamlList
    if (node.kind === 'leaf') return { tag: node.tag, anchor }
    const { outerStart, start } = node as YamlMap | YamlList
    return outerStart === start ? NO_PROPERTIES : { tag: propertiesIn(text.slice(outerStart, start)).tag, anchor }
  }

  /** Those of a key stand behind the entry before it, or the start of its map. */
  function keyProperties(entry: Entry, end: number): Properties {
    const { keyDecorated, keySpan } = entry as YamlEntry
    return keyDecorated ? propertiesIn(text.slice(end, keySpan.start)) : NO_PROPERTIES
  }
}

const NO_PROPERTIES: Properties = { tag: undefined, anchor: undefined }

/** Finds tag and anchor among indicators and comments. */
function propertiesIn(gap: string): Properties {
  const words = gap
    .replace(/(^|\s)#.*/g, '$1')
    .split(/\s+/)
    .map((word) => word.replace(/^,/, ''))
  return {
    tag: words.find((word) => word.startsWith('!')),
    anchor: words.find((word) => word.startsWith('&'))?.slice(1),
  }
}
