import type { EnvelopeType } from '../core/encrypted-value.ts'
import { KmsfileError } from '../errors.ts'

/** What an envelope holds, remembered from its making. */
export interface Remembered {
  readonly type: EnvelopeType
  readonly text: string
  readonly associatedData: string
  /** How the plaintext spells it; undefined in the copy of an alias. */
  readonly spelled: string | undefined
}

/** Opens envelopes that were just made, without the cipher and as strictly. */
export interface EnvelopeMemory {
  add(envelope: string, remembered: Remembered): void
  /**
   * What an envelope holds.
   *
   * @throws KmsfileError `INTEGRITY_TAG_MISMATCH` at another place than its own, as the cipher would
   */
  open(envelope: string, associatedData: string): Remembered
  /** Lets go of everything: of a large file it is a good part of what memory holds. */
  forget(): void
}

export function startEnvelopeMemory(): EnvelopeMemory {
  const envelopes: string[] = []
  const remembered: Remembered[] = []
  let index: Map<string, number> | undefined
  let next = 0

  function find(envelope: string): Remembered | undefined {
    // They come back in the order in which they were made, but for a comment here and there.
    if (envelopes[next] === envelope) return remembered[next++]
    index ??= new Map(envelopes.map((each, i) => [each, i]))
    const at = index.get(envelope)
    if (at === undefined) return undefined
    next = at + 1
    return remembered[at]
  }

  return {
    add(envelope, what) {
      envelopes.push(envelope)
      remembered.push(what)
    },
    open(envelope, associatedData) {
      const found = find(envelope)
      if (found === undefined) throw new TypeError('an envelope that was not made here')
      if (found.associatedData === associatedData) return found
      throw new KmsfileError('a value does not belong to this place', { code: 'INTEGRITY_TAG_MISMATCH' })
    },
    forget() {
      envelopes.length = 0
      remembered.length = 0
      index = undefined
    },
  }
}
