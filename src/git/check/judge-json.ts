import type { Document, Node, Path } from '../../core/tree.ts'

/** The first key that a map of JSON has twice; readers differ in which of the two they take. */
export function repeatedKey(
  documents: readonly Document[],
): { readonly keys: Path; readonly offset: number } | undefined {
  const path: (string | number)[] = []
  for (const { root } of documents) {
    const found = root === undefined ? undefined : below(root)
    if (found !== undefined) return found
  }
  return undefined

  function below(node: Node): { keys: Path; offset: number } | undefined {
    if (node.kind !== 'map' && node.kind !== 'list') return undefined
    const keys = new Set<string>()
    let index = 0
    for (const item of node.items) {
      if (item.kind === 'comment') continue
      path.push(item.kind === 'entry' ? item.key : index++)
      if (item.kind === 'entry') {
        if (keys.has(item.key)) return { keys: [...path], offset: item.keySpan.start }
        keys.add(item.key)
      }
      const found = below(item.kind === 'entry' ? item.value : item)
      if (found !== undefined) return found
      path.pop()
    }
    return undefined
  }
}
