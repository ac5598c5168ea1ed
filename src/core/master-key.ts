/**
 * Names a key that wraps data keys, without the means to use it.
 *
 * One variant a key service; the field names are ours, `core/envelope` knows those of the file.
 */
export type MasterKey =
  | AwsKmsKey
  | AgeKey
  | { readonly type: 'pgp'; readonly fingerprint: string }
  | { readonly type: 'gcp-kms'; readonly resourceId: string }
  | { readonly type: 'azure-key-vault'; readonly vaultUrl: string; readonly name: string; readonly version: string }
  | { readonly type: 'vault-transit'; readonly address: string; readonly enginePath: string; readonly keyName: string }
  | { readonly type: 'huawei-kms'; readonly keyId: string }

export interface AwsKmsKey {
  readonly type: 'aws-kms'
  /** ARN of a key or an alias; the region is part of it. */
  readonly arn: string
  /** ARN of a role to assume first. */
  readonly role?: string | undefined
  /** Name of a profile of the AWS configuration. */
  readonly profile?: string | undefined
  /** Bytes that KMS authenticates but does not encrypt: name to value. */
  readonly encryptionContext?: Readonly<Record<string, string>> | undefined
}

export interface AgeKey {
  readonly type: 'age'
  /** `age1...`, `age1pq1...`, `ssh-ed25519 ...`, `ssh-rsa ...`. */
  readonly recipient: string
}

/** A data key, or a share of one, under a master key, as it stands in the file. */
export interface WrappedKey {
  readonly masterKey: MasterKey
  /** The text of the entry's `enc`: base64 for AWS KMS, an armored file for age. */
  readonly wrapped: string
  /** RFC 3339; age entries have none. */
  readonly createdAt?: string | undefined
}

/** Master keys of which any one is enough. */
export type KeyGroup = readonly MasterKey[]

/** The shortest text that tells one master key from another; for people. */
export function masterKeyName(key: MasterKey): string {
  switch (key.type) {
    case 'aws-kms':
      return key.role === undefined ? key.arn : `${key.arn}+${key.role}`
    case 'age':
      return key.recipient
    case 'pgp':
      return key.fingerprint
    case 'gcp-kms':
      return key.resourceId
    case 'azure-key-vault':
      return `${key.vaultUrl}/keys/${key.name}/${key.version}`
    case 'vault-transit':
      return `${key.address}/v1/${key.enginePath}/keys/${key.keyName}`
    case 'huawei-kms':
      return key.keyId
    default:
      return key satisfies never
  }
}

/**
 * What makes two master keys the same recipient: everything that is not the wrapped key itself.
 * Injective; stable over versions, since the recipients' seal is made over it.
 */
export function masterKeyIdentity(key: MasterKey): string {
  const sorted = Object.entries(key)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => [
      name,
      typeof value === 'object' ? Object.entries(value as Record<string, string>).sort(byName) : value,
    ])
    .filter(([, value]) => !(Array.isArray(value) && value.length === 0))
    .sort((a, b) => byName(a as [string], b as [string]))
  return JSON.stringify(sorted)
}

function byName([a]: readonly [string, ...unknown[]], [b]: readonly [string, ...unknown[]]): number {
  return a < b ? -1 : Number(a > b)
}
