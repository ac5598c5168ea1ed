/** Items by a name of theirs, each group in the order of the items, the groups in that of their first ones. */
export function grouped<T, K>(items: Iterable<T>, nameOf: (item: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const name = nameOf(item)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [item])
    else group.push(item)
  }
  return groups
}
