import { type ByteSet, type Glob, SLASH } from './glob-syntax.ts'

/** Lists of globs, compiled: see `globs.ts` for what they mean. */
export interface GlobAutomaton {
  /** The index of the first list with a glob that matches; -1 if none does. */
  first(path: string): number
  /** Whether there is a path for which the list is first; also true where that is too much work to find out. */
  canBeFirst(list: number): boolean
}

/** One state of the automaton: all places in all globs where a match may stand after what was read of a path. */
interface State {
  readonly places: readonly number[]
  /** By class of byte, as far as paths have asked. */
  readonly next: (State | undefined)[]
  /** The first list that matches a path which ends here. */
  readonly first: number
}

const ANY: ByteSet = SLASH.map(() => true)

/** More than any set of globs that people write; states beyond are made anew each time. */
const MAX_STATES = 5000
/** What the search for a path may cost, in places looked at. */
const MAX_SEARCHED = 200_000

/**
 * Makes one deterministic automaton of lists of globs, as far as paths need it: no path can make it slow or large.
 */
export function globAutomaton(lists: readonly (readonly Glob[])[]): GlobAutomaton {
  const places = placesOf(lists)
  const { classOf, samples } = classify(places)
  const states = new Map<string, State>()
  const start = stateOf(places.starts)

  return { first, canBeFirst }

  function first(path: string): number {
    let state = start
    for (const byte of Buffer.from(path)) state = after(state, classOf[byte]!)
    return state.first
  }

  function canBeFirst(list: number): boolean {
    // Nearly always one of these is the proof.
    for (const glob of lists[list]!) {
      for (const folder of ['', 'zq/']) if (first(samplePath(glob, folder)) === list) return true
    }
    // No path starts with a slash, ends with one or has two in a row.
    const seen = { name: new Set<State>(), slash: new Set([start]) }
    const queue: [State, boolean][] = [[start, true]]
    let searched = 0
    for (const [state, afterSlash] of queue) {
      searched += state.places.length * samples.length
      if (searched > MAX_SEARCHED) return true
      if (!afterSlash && state.first === list) return true
      for (const [index, sample] of samples.entries()) {
        const isSlash = SLASH[sample] === true
        if (isSlash && afterSlash) continue
        const next = after(state, index)
        if (!next.places.some((place) => places.lists[place] === list)) continue
        const known = isSlash ? seen.slash : seen.name
        if (!known.has(next)) queue.push([next, isSlash])
        known.add(next)
      }
    }
    return false
  }

  function after(state: State, byteClass: number): State {
    const known = state.next[byteClass]
    if (known !== undefined) return known
    const sample = samples[byteClass]!
    const reachedPlaces = state.places.flatMap((place) =>
      places.edges[place]!.filter(({ bytes }) => bytes[sample]).map(({ to }) => to),
    )
    const next = stateOf(reachedPlaces)
    if (states.size < MAX_STATES) state.next[byteClass] = next
    return next
  }

  /** The state of places, and of those that are reached from them without a byte. */
  function stateOf(seeds: Iterable<number>): State {
    const set = new Set(seeds)
    for (const place of set) for (const skip of places.skips[place]!) set.add(skip)
    // Places are numbered list after list.
    const sorted = prune([...set].sort((a, b) => a - b))
    const key = sorted.join()
    const known = states.get(key)
    if (known !== undefined) return known
    const first = sorted.map((place) => places.ends.get(place)).find((list) => list !== undefined) ?? -1
    const state: State = { places: sorted, next: [], first }
    if (states.size < MAX_STATES) states.set(key, state)
    return state
  }

  /** Below a folder that matches, everything does: what later lists make of the path is of no interest. */
  function prune(sorted: readonly number[]): readonly number[] {
    const below = sorted.find((place) => places.below.has(place))
    if (below === undefined) return sorted
    const list = places.ends.get(below)
    return [...sorted.filter((place) => places.lists[place]! < list!), below]
  }
}

interface Places {
  readonly starts: readonly number[]
  /** By place: the bytes that lead from it, and where to. */
  readonly edges: readonly { readonly bytes: ByteSet; readonly to: number }[][]
  /** By place: where a match may stand as well. */
  readonly skips: readonly number[][]
  /** Places where a path may end, with the list that then matches. */
  readonly ends: ReadonlyMap<number, number>
  /** Those of them that no byte leaves. */
  readonly below: ReadonlySet<number>
  /** By place: the list that it belongs to. */
  readonly lists: readonly number[]
}

function placesOf(lists: readonly (readonly Glob[])[]): Places {
  const starts: number[] = []
  const edges: { bytes: ByteSet; to: number }[][] = []
  const skips: number[][] = []
  const ends = new Map<number, number>()
  const below = new Set<number>()
  const listOf: number[] = []
  for (const [list, globs] of lists.entries()) {
    for (const glob of globs) {
      starts.push(addGlob(glob, list))
      while (listOf.length < edges.length) listOf.push(list)
    }
  }
  return { starts, edges, skips, ends, below, lists: listOf }

  function addGlob({ steps, folderOnly }: Glob, list: number): number {
    const start = addPlace()
    let place = start
    for (const step of steps) {
      const next = step.kind === 'folders' ? addFolders(place) : addPlace()
      if (step.kind !== 'folders') edges[place]!.push({ bytes: step.bytes, to: step.kind === 'many' ? place : next })
      if (step.kind !== 'one') skips[place]!.push(next)
      place = next
    }
    if (!folderOnly) ends.set(place, list)
    // A glob that matches a folder matches everything below it.
    const last = addPlace()
    edges[place]!.push({ bytes: SLASH, to: last })
    edges[last]!.push({ bytes: ANY, to: last })
    ends.set(last, list)
    below.add(last)
    return start
  }

  /** Any bytes, then a slash. */
  function addFolders(from: number): number {
    const inside = addPlace()
    const next = addPlace()
    edges[from]!.push({ bytes: ANY, to: inside })
    edges[inside]!.push({ bytes: ANY, to: inside }, { bytes: SLASH, to: next })
    return next
  }

  function addPlace(): number {
    edges.push([])
    skips.push([])
    return edges.length - 1
  }
}

/** A path that the glob matches, with parts that hardly any other glob does. */
function samplePath({ steps, folderOnly }: Glob, folder: string): string {
  const parts = steps.map((step) => {
    if (step.kind === 'folders') return folder
    if (step.kind === 'many') return 'zq'
    const byte = step.bytes['z'.charCodeAt(0)] ? 'z'.charCodeAt(0) : step.bytes.indexOf(true)
    return String.fromCharCode(byte)
  })
  return Buffer.from(parts.join('') + (folderOnly ? '/zq' : ''), 'latin1').toString()
}

/** Puts bytes that no glob tells apart into one class; the slash is in one of its own. */
function classify(places: Places): { classOf: readonly number[]; samples: readonly number[] } {
  const sets = [...new Set([SLASH, ...places.edges.flat().map(({ bytes }) => bytes)])]
  const classes = new Map<string, number>()
  const samples: number[] = []
  const classOf = ANY.map((_, byte) => {
    const signature = sets.map((set) => Number(set[byte])).join('')
    const known = classes.get(signature)
    if (known !== undefined) return known
    classes.set(signature, samples.length)
    return samples.push(byte) - 1
  })
  return { classOf, samples }
}
