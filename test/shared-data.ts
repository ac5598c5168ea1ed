import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = process.env['KMSFILE_SHARED'] ?? fileURLToPath(new URL('../../shared/', import.meta.url))

/** Whether data of others that the project does not ship (vectors, corpora) is at hand. CI insists that it is. */
export const hasSharedData = existsSync(`${folder}/vectors`) || process.env['KMSFILE_REQUIRE_CORPORA'] === '1'

/** Path of a file or folder of it. */
export function sharedData(path: string): string {
  return `${folder}/${path}`
}
