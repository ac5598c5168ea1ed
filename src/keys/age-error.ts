import { KmsfileError } from '../errors.ts'

/** The part of an age file that a reader stumbled over, from the outside in. */
export type AgePart = 'armor' | 'header' | 'mac' | 'payload'

/** An age file that cannot be opened, whatever identity is used. */
export class AgeFileError extends KmsfileError {
  override readonly name = 'AgeFileError'
  readonly part: AgePart

  /** `problem` says what is wrong with the armor or header; nothing is said of the parts that are authenticated. */
  constructor(part: AgePart, problem = '') {
    const authenticated = part === 'mac' || part === 'payload'
    super(authenticated ? 'the age file was changed after it was made' : `not an age file: ${problem}`, {
      code: authenticated ? 'INTEGRITY_TAG_MISMATCH' : 'ENVELOPE_INVALID',
    })
    this.part = part
  }
}
