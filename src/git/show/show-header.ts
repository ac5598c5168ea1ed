import type { Revealed } from './revealed.ts'
import { oneLine, type RevealedHeader } from './revealed-header.ts'
import { type PatchColors, painted } from './show-colors.ts'
import { escaped } from './show-text.ts'

const NONE: RevealedHeader = { notes: [], program: '', dataKey: '', recipients: [], rules: [] }

/** What is wrong with a version, and what was with those before it. */
export function noteLines(
  old: readonly Revealed[],
  now: Revealed,
  { keysOnly }: { readonly keysOnly: boolean },
): readonly string[] {
  // Versions of a value in conflict stand below its name.
  const isValue = (note: string) => note.startsWith(' ')
  const notes = standingOf(now)?.notes ?? []
  const past = old.flatMap((each) => standingOf(each)?.notes ?? [])
  return [
    ...past.filter((note) => !isValue(note) && !notes.includes(note)).map((note) => `! before: ${clean(note)}`),
    ...notes.filter((note) => !keysOnly || !isValue(note)).map((note) => `! ${clean(note)}`),
  ]
}

export interface HeaderChange {
  /** What it comes to, whatever was before. */
  readonly id: string
  readonly line: string
}

/** Changes of how a file is encrypted. */
export function headerChanges(old: Revealed, now: Revealed, colors: PatchColors): readonly HeaderChange[] {
  const [before, after] = [standingOf(old), standingOf(now)]
  if (before === undefined || after === undefined) return []
  const replaced = (what: string, [a, b]: readonly [string, string]) =>
    a === b || a === '' || b === '' ? [] : [{ id: what, line: `~ (${what}) ${a} -> ${b}` }]
  const listed = (what: string, [a, b]: readonly [readonly string[], readonly string[]]) => {
    const line = (sign: '+' | '-', each: string) => {
      const id = `${sign} (${what}) ${clean(each)}`
      return { id, line: painted(id, sign === '+' ? colors.new : colors.old, colors) }
    }
    const [gone, come] = [a.filter((each) => !b.includes(each)), b.filter((each) => !a.includes(each))]
    return [...gone.map((each) => line('-', each)), ...come.map((each) => line('+', each))]
  }
  return [
    ...replaced('encrypted by', [before.program, after.program]),
    ...replaced('data key', [before.dataKey, after.dataKey]),
    ...listed('recipient', [before.recipients, after.recipients]),
    ...listed('rule', [before.rules, after.rules]),
  ]
}

/** Undefined for plaintext that is to be compared as it is. */
function standingOf({ header, problem, kind, body }: Revealed): RevealedHeader | undefined {
  if (header !== undefined) return header
  if (kind === 'values') return undefined
  return problem === undefined || body === '' ? NONE : { ...NONE, notes: [problem] }
}

function clean(text: string): string {
  return escaped(oneLine(text))
}
