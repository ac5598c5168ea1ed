import type { Comment, Entry, Node } from '../core/tree.ts'
import type { YamlEntry, YamlList, YamlMap } from './yaml-nodes.ts'

/** A mapping whose end the scan has not come to. */
export interface OpenMap extends Layout {
  readonly kind: 'map'
  readonly node: { -readonly [K in keyof YamlMap]: YamlMap[K] }
  readonly items: (Entry | Comment)[]
  /** The keys so far, once there are so many that looking at each takes longer. */
  keys: Set<string> | undefined
  /** The entry that waits for its value. */
  key: { -readonly [K in keyof YamlEntry]: YamlEntry[K] } | undefined
}

/** A sequence whose end the scan has not come to. */
export interface OpenList extends Layout {
  readonly kind: 'list'
  readonly node: { -readonly [K in keyof YamlList]: YamlList[K] }
  readonly items: (Node | Comment)[]
}

export type Open = OpenMap | OpenList

interface Layout {
  readonly column: number
  /** Character code of the bracket that ends it; 0 where it has none. */
  readonly closer: number
}

// In both, the fields stand one by one: behind a spread they take more memory, and far more time.

export function openMap(node: Omit<YamlMap, 'kind' | 'items'>, { column, closer }: Layout): OpenMap {
  const { start, end, flow, anchor, outerStart } = node
  const items: OpenMap['items'] = []
  return {
    kind: 'map',
    node: { kind: 'map', items, start, end, flow, anchor, outerStart },
    items,
    column,
    closer,
    keys: undefined,
    key: undefined,
  }
}

export function openList(node: Omit<YamlList, 'kind' | 'items'>, { column, closer }: Layout): OpenList {
  const { start, end, flow, anchor, outerStart } = node
  const items: OpenList['items'] = []
  return { kind: 'list', node: { kind: 'list', items, start, end, flow, anchor, outerStart }, items, column, closer }
}

/** Whether the next node is a key. */
export function needsKey(top: Open | undefined): top is OpenMap {
  return top?.kind === 'map' && top.key === undefined
}

const MANY_KEYS = 12

/** Whether the mapping has this key already. */
export function isRepeated(key: string, top: OpenMap): boolean {
  if (top.keys !== undefined) return top.keys.has(key)
  for (const item of top.items) if (item.kind === 'entry' && item.key === key) return true
  if (top.items.length < MANY_KEYS) return false
  top.keys = new Set(top.items.flatMap((item) => (item.kind === 'entry' ? [item.key] : [])))
  return false
}
