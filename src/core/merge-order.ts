import { append } from './append.ts'
import type { ThreeWay } from './merge-sequences.ts'

/** The order in which the items of both sides stand when they are put together. */
export interface MergedOrder {
  readonly names: readonly string[]
  /** Both sides moved items, and not to the same places; the order is that of our side. */
  readonly isDisputed: boolean
}

/**
 * Puts together the order of items that have names: that of the side that moved something, else of ours, with what only the
 * other side has behind the item that it stands behind there. `present` says which items are left.
 */
export function mergeOrder(orders: ThreeWay<readonly string[]>, present: ReadonlySet<string>): MergedOrder {
  const { base, ours, theirs } = orders
  const [inOurs, inTheirs, inBase] = [new Set(ours), new Set(theirs), new Set(base)]
  const common = (order: readonly string[]) =>
    JSON.stringify(order.filter((name) => inOurs.has(name) && inTheirs.has(name) && inBase.has(name)))
  const [before, own, other] = [common(base), common(ours), common(theirs)]
  const theyMoved = other !== before && other !== own
  const isDisputed = theyMoved && own !== before
  const [first, second] = theyMoved && !isDisputed ? [theirs, ours] : [ours, theirs]

  const [left, others] = [first.filter((name) => present.has(name)), new Set(second)]
  const known = new Set(left)
  // What stands behind each, and before the first.
  const behind = new Map<string | undefined, string[]>()
  let anchor: string | undefined
  for (const name of second) {
    if (known.has(name)) anchor = name
    else if (present.has(name)) {
      const list = behind.get(anchor)
      if (list === undefined) behind.set(anchor, [name])
      else list.push(name)
    }
  }
  const names: string[] = []
  const waiting = behind.get(undefined) ?? []
  for (const name of left) {
    // Where both sides put something into the same place, ours comes first.
    if (first === theirs || others.has(name)) append(names, waiting.splice(0))
    names.push(name)
    append(waiting, behind.get(name) ?? [])
    if (first === theirs) append(names, waiting.splice(0))
  }
  return { names: [...names, ...waiting], isDisputed }
}
