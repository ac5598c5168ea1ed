import { KmsfileError } from '../../errors.ts'
import { detectFormat } from '../../formats/detect.ts'
import { decodeText } from '../../host/utf8.ts'
import { mentionsEncryption } from '../../operations/inspect.ts'
import type { SourceFile } from '../../operations/secrets-file.ts'
import type { Repository } from '../../vcs/repository.ts'
import { contentFormat } from '../check/judge-text.ts'
import { placeOf } from './transparent-paths.ts'

/** A version of a file that git has. @throws KmsfileError where it is no text, or of a format that is not supported */
export function storedSource(repository: Pick<Repository, 'topLevel'>, path: string, content: Uint8Array): SourceFile {
  const text = decodeText(content)
  const format = detectFormat(path, contentFormat(text, path))
  return { name: path, path: placeOf(repository, path), format, text }
}

/** Whether a plaintext in the work tree would not be encrypted again. */
export function isAmbiguous(plaintext: Uint8Array): boolean {
  return plaintext.length === 0 || mentionsEncryption(plaintext)
}

export const AMBIGUOUS = 'its plaintext is empty, or could be taken for a ciphertext'

/** What concerns one file of many; whatever else it is ends the work on all of them. */
export function asKmsfileError(error: unknown): KmsfileError {
  if (error instanceof KmsfileError && error.code !== 'INTERRUPTED') return error
  throw error
}
