import { fromBase64 } from '../core/bytes.ts'
import type { AgeKey, AwsKmsKey, MasterKey } from '../core/master-key.ts'
import { KmsfileError } from '../errors.ts'

/** What may stand beside the ARN of a key. */
export type AwsKmsOptions = Omit<AwsKmsKey, 'type' | 'arn'>

/**
 * A key of AWS KMS from its ARN, which must name a region: `arn:aws:kms:eu-central-1:111122223333:key/...` or `:alias/...`.
 *
 * @throws KmsfileError `CONFIG_INVALID` without a place, as all functions here.
 */
export function awsKmsKey(arn: string, { role, profile, encryptionContext }: AwsKmsOptions = {}): AwsKmsKey {
  if (!/^arn:aws[\w-]*:kms:[a-z0-9-]+:\d{12}:(?:key|alias)\/[\w:/-]+$/.test(arn)) {
    throw malformed('ARN of an AWS KMS key', 'arn:aws:kms:REGION:ACCOUNT:key/ID or ...:alias/NAME')
  }
  if (role !== undefined && !/^arn:aws[\w-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/.test(role)) {
    throw malformed('ARN of a role', 'arn:aws:iam::ACCOUNT:role/NAME')
  }
  return {
    type: 'aws-kms',
    arn,
    ...(role !== undefined && { role }),
    ...(profile !== undefined && { profile }),
    ...(encryptionContext !== undefined && Object.keys(encryptionContext).length > 0 && { encryptionContext }),
  }
}

/** A recipient of age: X25519, post-quantum, of a plug-in, or a public key of ssh. Its checksum is checked. */
export function ageKey(recipient: string): AgeKey {
  if (/^AGE-/i.test(recipient)) {
    throw new KmsfileError('an identity of age stands where a recipient belongs', {
      code: 'CONFIG_INVALID',
      hint: 'treat it as leaked: make a new one, and write its public key (age1...) here',
    })
  }
  if (!isAgeRecipient(recipient)) {
    throw malformed('recipient of age, or it is mistyped', 'age1..., ssh-ed25519 AAAA... or ssh-rsa AAAA...')
  }
  return { type: 'age', recipient }
}

/** A PGP key by its whole fingerprint; spaces in it are dropped. Shorter names of keys can be forged. */
export function pgpKey(text: string): MasterKey {
  const fingerprint = text.replaceAll(' ', '')
  if (!/^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$/.test(fingerprint)) {
    throw malformed('fingerprint of a PGP key', 'its 40 hexadecimal digits, as gpg --list-keys prints them')
  }
  return { type: 'pgp', fingerprint }
}

/** A key of Google Cloud KMS by its resource. */
export function gcpKmsKey(resourceId: string): MasterKey {
  if (!/^projects\/[^/\s]+\/locations\/[^/\s]+\/keyRings\/[^/\s]+\/cryptoKeys\/[^/\s]+$/.test(resourceId)) {
    throw malformed(
      'resource of a Google Cloud KMS key',
      'projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY',
    )
  }
  return { type: 'gcp-kms', resourceId }
}

/** A key of Azure Key Vault by its URL. Without a version, it is empty. */
export function azureKey(url: string): Extract<MasterKey, { type: 'azure-key-vault' }> {
  // The expression of sops, azkv/keysource.go.
  const [, vaultUrl, name, version = ''] = /^(https:\/\/[^/\s]+)\/keys\/([^/\s]+)(?:\/([^/\s]*))?$/.exec(url) ?? []
  if (vaultUrl === undefined || name === undefined) {
    throw malformed('URL of an Azure Key Vault key', 'https://VAULT.vault.azure.net/keys/NAME/VERSION')
  }
  return { type: 'azure-key-vault', vaultUrl, name, version }
}

/** A key of Vault's transit engine by its URL. */
export function vaultKey(url: string): MasterKey {
  // As in sops, hcvault/keysource.go: the last but one part of the path is whatever it is. No user, no password, no query.
  const [, address, enginePath, keyName] =
    /^(https?:\/\/[^/\s@?#]+)\/v\d+\/((?!v\d+\/)[^\s?#]+)\/[^/\s?#]+\/([^/\s?#]+)\/?$/.exec(url) ?? []
  if (address === undefined || enginePath === undefined || keyName === undefined) {
    throw malformed('URL of a Vault transit key', 'https://VAULT:8200/v1/transit/keys/NAME')
  }
  return { type: 'vault-transit', address, enginePath, keyName }
}

/** A key of Huawei Cloud KMS: the region, a colon, the key's UUID. */
export function huaweiKey(keyId: string): MasterKey {
  if (!/^[^\s:]+:[^\s]+$/.test(keyId)) throw malformed('Huawei Cloud KMS key', 'REGION:UUID')
  return { type: 'huawei-kms', keyId }
}

function isAgeRecipient(text: string): boolean {
  const [, kind = '', blob = ''] = /^(ssh-ed25519|ssh-rsa) +([A-Za-z0-9+/]+={0,2})(?: .*)?$/.exec(text) ?? []
  if (kind !== '') {
    // An ssh key names its kind again: four bytes of length, then the name.
    const bytes = fromBase64(blob) ?? new Uint8Array()
    return bytes[3] === kind.length && Buffer.from(bytes.subarray(4, 4 + kind.length)).toString('latin1') === kind
  }
  // The last `1` ends the prefix: `age`, `age1pq`, `age1` and the name of a plug-in.
  const [, prefix = '', data = ''] = /^(age(?:1[a-z0-9+._-]+)?)1([a-z0-9]{6,})$/.exec(text) ?? []
  if (prefix === '' || !hasChecksum(prefix, data)) return false
  // 32 bytes in groups of five bits, and six of checksum.
  return prefix !== 'age' || data.length === 58
}

/** Whether `data` ends in the checksum of Bech32 (BIP 173). */
function hasChecksum(prefix: string, data: string): boolean {
  const codes = Array.from(prefix, (character) => character.charCodeAt(0))
  const words = Array.from(data, (character) => 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'.indexOf(character))
  if (words.includes(-1)) return false
  let checksum = 1
  for (const word of [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31), ...words]) {
    const top = checksum >>> 25
    checksum = ((checksum & 0x1ffffff) << 5) ^ word
    for (let i = 0; i < 5; i++) if ((top >>> i) & 1) checksum ^= BECH32_GENERATOR[i]!
  }
  return checksum >>> 0 === 1
}

const BECH32_GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]

// The text itself stays out of the message: somebody may have pasted a private key.
function malformed(what: string, form: string): KmsfileError {
  return new KmsfileError(`this is no ${what}`, { code: 'CONFIG_INVALID', hint: `write ${form}` })
}
