import { type Document, isAlias, isMap, isPair, isScalar, isSeq, parseAllDocuments } from 'yaml'
import type { Node } from '../../src/core/tree.ts'
import { FormatError } from '../../src/formats/format.ts'
import type { YamlScanned } from '../../src/formats/yaml-nodes.ts'
import { scanYaml } from '../../src/formats/yaml-scan.ts'

/** Whether the `yaml` package finds the same keys, structure and texts as kmsfile, where both take the text for YAML. */
export function seeTheSame(text: string): boolean {
  // Without a line break at the end a block scalar has none to go-yaml; and it takes a byte order mark for an error.
  const ended = `${text.replace(/^\ufeff/, '')}${text.endsWith('\n') ? '' : '\n'}`
  const scanned = tryScan(ended)
  const theirs = seenByThem(ended)
  return scanned === undefined || theirs === undefined || isSame(seenByUs(scanned), theirs)
}

/** The scanned text; undefined where it is refused. */
export function tryScan(text: string): YamlScanned | undefined {
  try {
    return scanYaml(text)
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

/** What a reader finds. Numbers and the like are `other`: about their types readers differ. */
type Seen =
  | undefined
  | string
  | { readonly other: string }
  | { readonly list: readonly Seen[] }
  | { readonly map: readonly (readonly [string, Seen])[] }

function seenByUs({ documents }: YamlScanned): Seen {
  return { list: documents.map(({ root }) => root && of(root)) }

  function of(node: Node): Seen {
    switch (node.kind) {
      case 'leaf':
        return node.type === 'str' ? node.text : node.type === 'null' ? undefined : { other: node.text }
      case 'alias':
        return of(node.target)
      case 'map':
        return {
          map: node.items.flatMap((item) => (item.kind === 'entry' ? [[item.key, of(item.value)] as const] : [])),
        }
      case 'list':
        return { list: node.items.flatMap((item) => (item.kind === 'comment' ? [] : [of(item)])) }
      default:
        return node satisfies never
    }
  }
}

/** The same by the `yaml` package; undefined where it finds an error. */
function seenByThem(text: string): Seen {
  const documents = parseAllDocuments(text, { uniqueKeys: false, intAsBigInt: true, logLevel: 'silent' })
  if (!Array.isArray(documents) || documents.length === 0) return { list: [undefined] }
  if (documents.some(({ errors }) => errors.length > 0)) return undefined
  return { list: documents.map((document) => of(document.contents, document)) }

  function of(node: unknown, document: Document): Seen {
    if (isAlias(node)) return of(node.resolve(document), document)
    if (isMap(node)) return { map: node.items.map(({ key, value }) => [keyOf(key), of(value, document)]) }
    if (isSeq(node)) return { list: node.items.map((item) => of(item, document)) }
    // A pair in a list has no node of its own.
    if (isPair(node)) return { map: [[keyOf(node.key), of(node.value, document)]] }
    if (!isScalar(node) || node.value === null) return undefined
    return typeof node.value === 'string' ? node.value : { other: String(node.source) }
  }
}

function keyOf(key: unknown): string {
  return isScalar(key) ? String(typeof key.value === 'string' ? key.value : key.source) : ''
}

function isSame(ours: Seen, theirs: Seen): boolean {
  if (isOther(ours) || isOther(theirs)) return !isCollection(ours) && !isCollection(theirs)
  if (!isCollection(ours) || !isCollection(theirs)) return ours === theirs
  if ('map' in ours && 'map' in theirs) {
    const keys = (map: readonly (readonly [string, Seen])[]) => map.map(([key]) => key).join('\0')
    return keys(ours.map) === keys(theirs.map) && ours.map.every(([, value], i) => isSame(value, theirs.map[i]?.[1]))
  }
  if (!('list' in ours && 'list' in theirs)) return false
  return ours.list.length === theirs.list.length && ours.list.every((item, i) => isSame(item, theirs.list[i]))
}

function isOther(seen: Seen): boolean {
  return typeof seen === 'object' && 'other' in seen
}

function isCollection(seen: Seen): seen is Extract<Seen, { list: unknown } | { map: unknown }> {
  return typeof seen === 'object' && !('other' in seen)
}
