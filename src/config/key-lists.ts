import type { MasterKey } from '../core/master-key.ts'
import { KmsfileError } from '../errors.ts'
import { type AwsKmsOptions, ageKey, awsKmsKey, azureKey, gcpKmsKey, huaweiKey, vaultKey } from './key-syntax.ts'

/** Key services as the flags of sops name them. */
export type ListedService = 'age' | 'pgp' | 'kms' | 'gcp-kms' | 'hckms' | 'azure-kv' | 'hc-vault-transit'

/**
 * The master keys of a comma-separated list, as `.sops.yaml` and the command line have them: `--kms ARN+ROLE,ARN`.
 *
 * Empty parts are passed over. `aws` goes to every key of AWS KMS.
 *
 * @throws KmsfileError `CONFIG_INVALID` without a place.
 */
export function keysOfList(service: ListedService, text: string, aws: AwsKmsOptions = {}): MasterKey[] {
  const parts = text.split(',').map((part) => part.trim())
  return parts.filter((part) => part !== '').map((part) => keyOf(service, part, aws))
}

/**
 * The pairs of `--encryption-context name:value,name:value`.
 *
 * @throws KmsfileError `CONFIG_INVALID` without a place.
 */
export function encryptionContextOf(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => pair.split(':'))
  if (pairs.some((pair) => pair.length !== 2 || pair[0] === '')) {
    throw new KmsfileError('the encryption context is no list of name:value,name:value', { code: 'CONFIG_INVALID' })
  }
  return Object.fromEntries(pairs)
}

function keyOf(service: ListedService, text: string, aws: AwsKmsOptions): MasterKey {
  switch (service) {
    case 'age':
      return ageKey(text)
    case 'pgp':
      return listedPgpKey(text)
    case 'kms': {
      // A path in an ARN may contain a plus, but no colon.
      const [, arn = '', role] = /^(.+?)(?:\+(arn:.*))?$/.exec(text.replaceAll(' ', '')) ?? []
      return awsKmsKey(arn, { ...aws, ...(role !== undefined && { role }) })
    }
    case 'gcp-kms':
      return gcpKmsKey(text.replaceAll(' ', ''))
    case 'hckms':
      return huaweiKey(text)
    case 'azure-kv':
      return azureKey(text)
    case 'hc-vault-transit':
      return vaultKey(text)
    default:
      return service satisfies never
  }
}

/** sops hands to gpg whatever is given, be it a short id or a mail address; only what gpg takes for a flag is refused. */
export function listedPgpKey(text: string): MasterKey {
  const fingerprint = text.replaceAll(' ', '')
  if (/^[^-\s][^\s]*$/.test(fingerprint)) return { type: 'pgp', fingerprint }
  throw new KmsfileError('this is no fingerprint of a PGP key', { code: 'CONFIG_INVALID' })
}
