/** Why a file comes out otherwise than it should, by its name: what happens, and the cause. */
export type Exceptions<P extends string> = Readonly<Record<string, readonly [problem: P, cause: string]>>

/** The problems that a table of exceptions names for the files of one source, to be compared with what was found. */
export function expectedProblems<P extends string>(table: Exceptions<P>, source: string): Record<string, P> {
  const own = Object.entries(table).filter(([name]) => name.startsWith(`${source}/`))
  return Object.fromEntries(own.map(([name, [problem]]) => [name, problem]))
}
