import { KmsfileError } from '../../errors.ts'
import type { FormatName } from '../../formats/format.ts'
import { decodeText } from '../../host/utf8.ts'
import { formatOf } from './judge-demand.ts'

/** The text of a content; undefined where it is not UTF-8. */
export function textOf(content: Uint8Array): string | undefined {
  try {
    return decodeText(content)
  } catch (error) {
    if (error instanceof KmsfileError) return undefined
    throw error
  }
}

/** The format of an encrypted text: that of its name, or else what it looks like. sops encrypts files of any name. */
export function contentFormat(text: string, path: string): FormatName | undefined {
  return formatOf(path) ?? formatByLook(text)
}

/** What an encrypted text looks like; undefined for what is neither JSON nor YAML. */
export function formatByLook(text: string): FormatName | undefined {
  if (/^\s*\{/.test(text)) return 'json'
  return /^sops:\s*$/m.test(text) ? 'yaml' : undefined
}
