import { type AwsKmsKey, type MasterKey, masterKeyIdentity } from '../core/master-key.ts'

/**
 * What makes a key the one that somebody trusts: the key itself with its role, profile and address. The encryption context may be
 * any, since it only reaches the service that is trusted.
 */
export function trustIdentity(key: MasterKey): string {
  return masterKeyIdentity(withoutContext(key))
}

/** The key as a trusted one is written down. */
export function withoutContext(key: MasterKey): MasterKey {
  return key.type === 'aws-kms' ? { ...key, encryptionContext: undefined } : key
}

/**
 * The key as its service is asked for it: where it names a profile, with the one that goes before that. A profile that nobody
 * followed is not trusted by what was done with another one.
 */
export function asAsked(key: MasterKey, profileOf: (key: AwsKmsKey) => string | undefined): MasterKey {
  if (key.type !== 'aws-kms' || !key.profile) return key
  return { ...key, profile: profileOf(key) ?? key.profile }
}
