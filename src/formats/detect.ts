import { KmsfileError } from '../errors.ts'
import type { Format, FormatName } from './format.ts'
import { json } from './json.ts'
import { yaml } from './yaml.ts'

const FORMATS: Readonly<Record<FormatName, Format>> = { yaml, json }
const LATER: ReadonlySet<string> = new Set(['dotenv', 'ini', 'binary', 'env'])

/**
 * The format of a file: the named one, or else that of its name, as sops goes by it.
 *
 * @throws KmsfileError `USAGE` for a format that does not exist, where sops silently takes another; `FORMAT_UNSUPPORTED`
 * for those of sops that kmsfile does not know yet.
 */
export function detectFormat(fileName: string, type?: string): Format {
  if (type !== undefined) return formatNamed(type)
  if (/\.ya?ml$/.test(fileName)) return yaml
  if (fileName.endsWith('.json')) return json
  throw new KmsfileError('only YAML and JSON files can be encrypted so far: names in .yaml, .yml or .json', {
    code: 'FORMAT_UNSUPPORTED',
    hint: 'name the format with --input-type yaml or --input-type json if it is one of them',
  })
}

function formatNamed(type: string): Format {
  if (Object.hasOwn(FORMATS, type)) return FORMATS[type as FormatName]
  if (LATER.has(type)) {
    throw new KmsfileError(`${type} files cannot be encrypted yet`, {
      code: 'FORMAT_UNSUPPORTED',
      hint: 'use YAML or JSON',
    })
  }
  throw new KmsfileError(`there is no format ${JSON.stringify(type)}`, {
    code: 'USAGE',
    hint: 'use yaml or json',
  })
}
