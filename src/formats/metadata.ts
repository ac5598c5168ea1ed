import type { Entry, Leaf, Node } from '../core/tree.ts'
import type { Metadata } from './format.ts'

const NOWHERE = { start: 0, end: 0 }

/** Metadata as the tree that a format's emitter prints. */
export function metadataTree(metadata: Metadata): Node {
  if (typeof metadata === 'string') return leaf('str', metadata)
  if (typeof metadata === 'number') return leaf('int', String(metadata))
  if (typeof metadata === 'boolean') return leaf('bool', metadata ? 'True' : 'False')
  if (Array.isArray(metadata)) return { kind: 'list', flow: false, items: metadata.map(metadataTree), ...NOWHERE }
  const items = Object.entries(metadata).map(
    ([key, value]): Entry => ({
      kind: 'entry',
      key,
      keySpan: NOWHERE,
      keyIsString: true,
      value: metadataTree(value),
    }),
  )
  return { kind: 'map', flow: false, items, ...NOWHERE }
}

function leaf(type: Leaf['type'], text: string): Leaf {
  return { kind: 'leaf', type, text, ...NOWHERE }
}
