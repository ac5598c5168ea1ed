import { createHash, randomBytes } from 'node:crypto'
import { type DataKey, toDataKey } from '../../src/core/data-key.ts'
import type { WrappedKey } from '../../src/core/master-key.ts'
import { DEFAULT_SELECTOR } from '../../src/core/selection.ts'
import type { Format } from '../../src/formats/format.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { type OpenedFile, openSecrets, parseEncrypted, type ReadOptions } from '../../src/operations/read-secrets.ts'
import { type WriteOptions, type WrittenFile, writeSecrets } from '../../src/operations/write-secrets.ts'

/** A data key of the tests' own. */
const dataKey: DataKey = toDataKey(createHash('sha256').update('a data key').digest())
export const recipient = 'age1e6jfj38eg03495muvgqzgupr98g0ldyxcqnydtdczpqen7tpcpmsxwkpsg'
const groups: readonly (readonly WrappedKey[])[] = [
  [
    {
      masterKey: { type: 'age', recipient },
      wrapped: '-----BEGIN AGE ENCRYPTED FILE-----\nbm90IG9uZQ==\n-----END AGE ENCRYPTED FILE-----\n',
    },
  ],
]

/** Encrypts a text under the tests' data key. */
export function protect(text: string, options: Partial<WriteOptions> & { format?: Format } = {}): Promise<WrittenFile> {
  const { format = yaml, ...rest } = options
  const now = new Date('2026-01-02T03:04:05Z')
  return writeSecrets(format, text, { dataKey, groups, selector: DEFAULT_SELECTOR, now, randomBytes, ...rest })
}

/** Opens a text under the tests' data key. */
export async function open(
  text: string,
  { format = yaml, key = dataKey, ...options }: ReadOptions & { format?: Format; key?: DataKey } = {},
): Promise<OpenedFile> {
  return openSecrets(parseEncrypted(format, text), key, options)
}
