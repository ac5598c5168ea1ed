import type { MergeConflict } from '../core/merge.ts'
import type { KmsfileError } from '../errors.ts'

/** What came of a merge. Every text is encrypted. */
export type MergeResult =
  /** Done: verified, sealed. `changes` is how many of theirs it took. */
  | { readonly outcome: 'merged'; readonly text: string; readonly changes: number }
  /** A file that says that it is not resolved, with ours where both sides changed something. */
  | {
      readonly outcome: 'conflicts'
      readonly text: string
      readonly changes: number
      readonly conflicts: readonly MergeConflict[]
      /** Why nobody could look at the values; undefined where somebody did. */
      readonly unopened: KmsfileError | undefined
    }
  /** No key was at hand: merged as far as that goes without one, and to be finished with one. */
  | { readonly outcome: 'pending'; readonly text: string; readonly unopened: KmsfileError }
