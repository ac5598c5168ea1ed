import type { Alias, Document, Entry, ListNode, MapNode, Node } from './tree.ts'

/** Tells which nodes of several trees say the same, in time that is linear in them, however often it is asked. */
export interface Identity {
  /** Makes a tree known: what an alias refers to is told by the names in its own file. */
  add(documents: readonly Document[]): void
  /** The same number for nodes that say the same. An alias says its name. The order of keys counts for nothing. */
  of(node: Node): number
  /**
   * Whether two nodes say the same; an alias beside something that is none says what it refers to. A node that is missing
   * is only the same as another that is missing.
   */
  same(a: Node | undefined, b: Node | undefined): boolean
}

export function startIdentity(): Identity {
  const numbers = new Map<string, number>()
  const names = new Map<Alias, string>()
  const symbolic = new Map<Node, number>()
  const expanded = new Map<Node, number>()

  const numberOf = (text: string): number => {
    const known = numbers.get(text)
    if (known !== undefined) return known
    numbers.set(text, numbers.size)
    return numbers.size - 1
  }
  const lookUp = (node: Node, known: Map<Node, number>, ofAlias: (alias: Alias) => number): number => {
    const found = known.get(node)
    if (found !== undefined) return found
    const below = (inner: Node) => lookUp(inner, known, ofAlias)
    const number = node.kind === 'alias' ? ofAlias(node) : numberOf(contentOf(node, below))
    known.set(node, number)
    return number
  }
  const of = (node: Node) => lookUp(node, symbolic, (alias) => numberOf(`*${names.get(alias) ?? alias.name}`))
  const expand = (node: Node): number => lookUp(node, expanded, ({ target }) => expand(target))

  return {
    of,
    add(documents) {
      for (const [alias, name] of aliasNames(documents)) names.set(alias, name)
    },
    same(a, b) {
      if (a === undefined || b === undefined) return a === b
      if (a === b || of(a) === of(b)) return true
      return (a.kind === 'alias') !== (b.kind === 'alias') && expand(a) === expand(b)
    },
  }
}

function contentOf(node: Exclude<Node, Alias>, numberOf: (node: Node) => number): string {
  switch (node.kind) {
    case 'leaf':
      return `${node.type} ${node.text}`
    case 'list':
      return `[${itemsOf(node).map(numberOf).join()}`
    case 'map': {
      const entries = entriesOf(node).map((entry) => `${JSON.stringify(nameOf(entry))}:${numberOf(entry.value)}`)
      // Where a key is there twice, readers differ in which one counts.
      return hasDoubles(node) ? `{{${entries.join()}` : `{${entries.sort().join()}`
    }
    default:
      return node satisfies never
  }
}

/** The items of a list, without comments. */
export function itemsOf({ items }: ListNode): readonly Node[] {
  return items.filter((item) => item.kind !== 'comment')
}

/** The entries of a map, without comments. */
export function entriesOf({ items }: MapNode): readonly Entry[] {
  return items.filter((item) => item.kind === 'entry')
}

/** What tells an entry of a map from the others: its key, or that it is a merge key. */
export function nameOf({ key, merge }: Entry): string {
  return merge === true ? '\0<<' : key
}

/** Whether a key is there more than once. */
export function hasDoubles(node: MapNode): boolean {
  const entries = entriesOf(node)
  return new Set(entries.map(nameOf)).size < entries.length
}

/** What tells the documents of a Kubernetes file apart; undefined for any other document. */
export function resourceName(root: Node): string | undefined {
  const at = (node: Node | undefined, key: string) =>
    node?.kind === 'map' ? entriesOf(node).find((entry) => entry.key === key)?.value : undefined
  const metadata = at(root, 'metadata')
  const parts = [at(root, 'apiVersion'), at(root, 'kind'), at(metadata, 'namespace'), at(metadata, 'name')]
  const texts = parts.map((part) => (part?.kind === 'leaf' ? part.text : undefined))
  return texts[1] === undefined || texts[3] === undefined ? undefined : JSON.stringify(texts)
}

/** A name that means one thing in its file stands for itself; of one that means several, the place counts as well. */
function aliasNames(documents: readonly Document[]): ReadonlyMap<Alias, string> {
  const aliases: Alias[] = []
  const places = new Map<Node, string>()
  const visit = (node: Node, place: string): void => {
    places.set(node, place)
    if (node.kind === 'alias') aliases.push(node)
    else if (node.kind === 'map') for (const entry of entriesOf(node)) visit(entry.value, `${place}/${nameOf(entry)}`)
    else if (node.kind === 'list') for (const [i, item] of itemsOf(node).entries()) visit(item, `${place}/${i}`)
  }
  for (const [i, { root }] of documents.entries()) if (root !== undefined) visit(root, `${i}`)

  const targets = new Map<string, Set<Node>>()
  for (const { name, target } of aliases) targets.set(name, (targets.get(name) ?? new Set()).add(target))
  return new Map(
    aliases.map((alias) => {
      const isUnique = targets.get(alias.name)?.size === 1
      return [alias, isUnique ? alias.name : `${alias.name} ${places.get(alias.target) ?? ''}`]
    }),
  )
}
