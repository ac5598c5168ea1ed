import { KmsfileError } from '../errors.ts'
import type { Format, Scanned } from './format.ts'

/** What a text says; undefined where it is none of its format. */
export function tryScan(format: Pick<Format, 'scan'>, text: string): Scanned | undefined {
  try {
    return format.scan(text)
  } catch (error) {
    if (error instanceof KmsfileError) return undefined
    throw error
  }
}
