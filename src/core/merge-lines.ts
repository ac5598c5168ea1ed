import { mergeSequences, type Range, type Region, type ThreeWay } from './merge-sequences.ts'

/** Three versions of a text, line by line. */
export interface LineMerge {
  /** Each line with its line break, as all that follow. */
  readonly lines: ThreeWay<readonly string[]>
  readonly regions: readonly Region[]
  /** The merged text, as `git merge-file` prints it; undefined where a region is in conflict. */
  readonly text: string | undefined
}

/** Merges three versions of a text by lines, as git does; undefined where that would take too long. */
export function mergeLines(texts: ThreeWay<string>): LineMerge | undefined {
  const lines = { base: splitLines(texts.base), ours: splitLines(texts.ours), theirs: splitLines(texts.theirs) }
  const ids = new Map<string, number>()
  const idsOf = (list: readonly string[]) =>
    list.map((line) => {
      const id = ids.get(line) ?? ids.size
      ids.set(line, id)
      return id
    })
  const regions = mergeSequences({ base: idsOf(lines.base), ours: idsOf(lines.ours), theirs: idsOf(lines.theirs) })
  if (regions === undefined) return undefined
  const isClean = regions.every(({ kind }) => kind !== 'conflict')
  const text = isClean ? regions.map((region) => cleanLines(lines, region).join('')).join('') : undefined
  return { lines, regions, text }
}

/** The lines of a region that is not in conflict. */
export function cleanLines({ ours, theirs }: ThreeWay<readonly string[]>, region: Region): readonly string[] {
  return region.kind === 'theirs' ? within(theirs, region.theirs) : within(ours, region.ours)
}

export function within<T>(list: readonly T[], { start, end }: Range): readonly T[] {
  return list.slice(start, end)
}

/** Lines with their line breaks; only line feeds break lines, as in git. */
export function splitLines(text: string): readonly string[] {
  return text === '' ? [] : (text.match(/[^\n]*\n|[^\n]+$/g) ?? [])
}
