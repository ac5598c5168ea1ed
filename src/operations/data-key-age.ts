import type { Envelope } from '../core/envelope.ts'

/** How old the data key of a file is, as far as its envelope tells. */
export interface DataKeyAge {
  readonly since: Date
  /** False where the data key may be older: age entries have no time, so that only the last change of the file is known. */
  readonly exact: boolean
}

/**
 * The time at which the first of the master keys that a file has now wrapped its data key; where none of them says so,
 * that of the last change. Undefined where the envelope holds no time that can be read.
 */
export function dataKeyAge({ groups, lastModified }: Envelope): DataKeyAge | undefined {
  const times = groups.flat().flatMap(({ createdAt }) => timeOf(createdAt))
  const exact = times.length > 0
  const [since] = (exact ? times : timeOf(lastModified)).sort((a, b) => a - b)
  return since === undefined ? undefined : { since: new Date(since), exact }
}

function timeOf(text: string | undefined): number[] {
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? [] : [time]
}
