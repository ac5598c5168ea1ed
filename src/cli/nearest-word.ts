/** The one of several words that differs least from what somebody typed; undefined if none is near. */
export function nearestWord(word: string, words: readonly string[]): string | undefined {
  const [best] = words.map((name) => [name, editDistance(word, name)] as const).sort((a, b) => a[1] - b[1])
  return best !== undefined && best[1] <= 2 ? best[0] : undefined
}

/** How many letters must be added, dropped or replaced (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitution, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
