/** Choices that look random and are the same in every run. */
export interface Choices {
  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number
  /** @throws RangeError where there is nothing to choose from */
  oneOf<T>(items: readonly T[]): T
}

export function seeded(seed: number): Choices {
  let state = seed >>> 0
  // mulberry32, by Tommy Ettinger: public domain.
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  return {
    below: (end) => next() % end,
    oneOf(items) {
      if (items.length === 0) throw new RangeError('nothing to choose from')
      return items[next() % items.length] as (typeof items)[number]
    },
  }
}
