import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { KmsfileError } from '../errors.ts'
import { createFile, readFile } from './files.ts'
import { writeFailure } from './system-error.ts'

/**
 * Reads what a user may have written for us, whole; undefined where there is none.
 *
 * @throws KmsfileError `FILE_TOO_LARGE` above `maxBytes`, `FILE_UNREADABLE`
 */
export async function readPrivateFile(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path, { maxBytes })
  } catch (error) {
    if (error instanceof KmsfileError && error.code === 'FILE_NOT_FOUND') return undefined
    throw error
  }
}

/**
 * Makes a new file that its owner alone can read, in folders that are made likewise where they are missing.
 *
 * @throws KmsfileError `FILE_EXISTS` where something has that name already, be it a broken link; `FILE_UNWRITABLE`
 */
export async function createPrivateFile(path: string, content: Uint8Array | string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  } catch (error) {
    throw writeFailure(error, path)
  }
  await createFile(path, content, { mode: 0o600 })
}
