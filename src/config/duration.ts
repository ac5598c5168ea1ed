const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000 } as const

/** Milliseconds of a span of time as people write it: `90s`, `15m`, `8h`. Undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? []
  return digits === undefined ? undefined : Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS]
}

/** A span of time as {@link parseDuration} reads it, in the largest unit that has no remainder. */
export function printDuration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds > 0 && seconds % 3600 === 0) return `${seconds / 3600}h`
  return seconds > 0 && seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`
}
