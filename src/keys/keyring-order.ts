import type { MasterKey, WrappedKey } from '../core/master-key.ts'
import { KmsfileError } from '../errors.ts'

export type MasterKeyType = MasterKey['type']

/** Asked first: keys that need no network. */
export const DEFAULT_DECRYPTION_ORDER: readonly MasterKeyType[] = ['age', 'pgp']

/** Every type under its name here and under that of sops. */
const TYPES: Readonly<Record<string, MasterKeyType>> = {
  age: 'age',
  'aws-kms': 'aws-kms',
  kms: 'aws-kms',
  'azure-key-vault': 'azure-key-vault',
  azure_kv: 'azure-key-vault',
  'gcp-kms': 'gcp-kms',
  gcp_kms: 'gcp-kms',
  hckms: 'huawei-kms',
  'huawei-kms': 'huawei-kms',
  hc_vault: 'vault-transit',
  'vault-transit': 'vault-transit',
  pgp: 'pgp',
}

/**
 * Reads `--decryption-order`: types of master keys with commas between them, named as here or as in sops.
 *
 * @throws KmsfileError `USAGE` for a name that is unknown or there twice.
 */
export function parseDecryptionOrder(text: string): readonly MasterKeyType[] {
  const order: MasterKeyType[] = []
  for (const name of text.split(',').map((part) => part.trim())) {
    const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined
    if (type === undefined) throw wrongOrder(`${JSON.stringify(name)} is no type of master key`)
    if (order.includes(type)) throw wrongOrder(`${JSON.stringify(name)} is there twice`)
    order.push(type)
  }
  return order
}

/** Puts the types that `order` names first; all others, and keys of one type among each other, stay as in the file. */
export function inDecryptionOrder(group: readonly WrappedKey[], order: readonly MasterKeyType[]): WrappedKey[] {
  const rank = ({ masterKey }: WrappedKey) => {
    const index = order.indexOf(masterKey.type)
    return index === -1 ? order.length : index
  }
  return [...group].sort((a, b) => rank(a) - rank(b))
}

function wrongOrder(problem: string): KmsfileError {
  return new KmsfileError(`decryption order: ${problem}`, {
    code: 'USAGE',
    hint: 'write it as age,pgp,aws-kms,gcp-kms,azure-key-vault,vault-transit,huawei-kms, or a part of that',
  })
}
