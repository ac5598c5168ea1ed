import { KmsfileError } from '../errors.ts'
import { readFile } from '../host/files.ts'
import { decodeText } from '../host/utf8.ts'
import { parseConfig } from './parse.ts'
import type { Configuration } from './rules.ts'
import { MAX_CONFIG_CHARS } from './yaml-nodes.ts'

/**
 * Reads one configuration file. `file` is how people know it.
 *
 * @throws KmsfileError `CONFIG_NOT_FOUND`, `CONFIG_INVALID`, `FILE_UNREADABLE`
 */
export async function loadConfig(path: string, { file = path }: { file?: string } = {}): Promise<Configuration> {
  const text = await readConfigText(path, { file })
  if (text !== undefined) return parseConfig(text, { file })
  throw new KmsfileError('there is no such configuration', { code: 'CONFIG_NOT_FOUND', file })
}

/**
 * The text of a configuration; undefined where there is no file.
 *
 * @throws KmsfileError `CONFIG_INVALID` for one that is too large or not UTF-8; `FILE_UNREADABLE`
 */
export async function readConfigText(path: string, { file }: { file: string }): Promise<string | undefined> {
  try {
    return decodeText(await readFile(path, { maxBytes: MAX_CONFIG_CHARS }), file)
  } catch (error) {
    if (!(error instanceof KmsfileError)) throw error
    const { code, message, hint, line, column, cause } = error
    if (code === 'FILE_NOT_FOUND') return undefined
    const malformed = code === 'FILE_TOO_LARGE' || code === 'FORMAT_ENCODING'
    throw new KmsfileError(message, { code: malformed ? 'CONFIG_INVALID' : code, hint, file, line, column, cause })
  }
}
