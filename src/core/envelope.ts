import type { MasterKey, WrappedKey } from './master-key.ts'
import { DEFAULT_SELECTOR, type Selector, type SelectorKind } from './selection.ts'

/** The metadata block of a file: everything that is needed to read it, but the keys. */
export interface Envelope {
  /** Wrapped data keys; with more than one group each key wraps a share. */
  readonly groups: readonly (readonly WrappedKey[])[]
  /** How many groups must take part; 0 where the file does not say, which means all of them. */
  readonly threshold: number
  /** RFC 3339, as it stands in the file. */
  readonly lastModified: string
  /** The encrypted MAC, an `ENC[...]`; empty where the file has none. */
  readonly mac: string
  readonly selector: Selector
  /** Only encrypted values go into the MAC. */
  readonly macOnlyEncrypted: boolean
  /** Version of sops that the file claims to be of. */
  readonly version: string
  /** Our own key of the block: key id and layout, see `core/layout`. */
  readonly kmsfile?: string | undefined
}

/** The version of sops whose format we write. */
export const SOPS_VERSION = '3.13.3'

/** Names of the selectors in the file. */
export const SELECTOR_FIELDS: Readonly<Record<SelectorKind, string>> = {
  'unencrypted-suffix': 'unencrypted_suffix',
  'encrypted-suffix': 'encrypted_suffix',
  'unencrypted-regex': 'unencrypted_regex',
  'encrypted-regex': 'encrypted_regex',
  'unencrypted-comment-regex': 'unencrypted_comment_regex',
  'encrypted-comment-regex': 'encrypted_comment_regex',
}

/** Names of the lists of wrapped keys in the file, in the order in which sops reads them. */
export const PROVIDER_FIELDS: Readonly<Record<MasterKey['type'], string>> = {
  'aws-kms': 'kms',
  'gcp-kms': 'gcp_kms',
  'huawei-kms': 'hckms',
  'azure-key-vault': 'azure_kv',
  'vault-transit': 'hc_vault',
  pgp: 'pgp',
  age: 'age',
}

/** Data as a format prints it; the same shape as `Metadata` of `formats/format`. */
type Data = string | number | boolean | readonly Data[] | { readonly [name: string]: Data }

/** The block as data, in the order in which sops writes it: every map sorted by name. */
export function envelopeData(envelope: Envelope): { readonly [name: string]: Data } {
  const [first = []] = envelope.groups
  return sorted({
    ...(envelope.groups.length === 1 ? groupData(first) : { key_groups: envelope.groups.map(shareGroupData) }),
    ...(envelope.threshold > 0 && { shamir_threshold: envelope.threshold }),
    lastmodified: envelope.lastModified,
    mac: envelope.mac,
    [SELECTOR_FIELDS[envelope.selector.kind]]: envelope.selector.text,
    ...(envelope.macOnlyEncrypted && { mac_only_encrypted: true }),
    version: envelope.version,
    ...(envelope.kmsfile !== undefined && { kmsfile: envelope.kmsfile }),
  })
}

/** The selector that a file without one has. */
export const IMPLIED_SELECTOR = DEFAULT_SELECTOR

function groupData(group: readonly WrappedKey[]): { [name: string]: Data } {
  const lists: { [name: string]: Data[] } = {}
  for (const wrapped of group) {
    const field = PROVIDER_FIELDS[wrapped.masterKey.type]
    lists[field] = [...(lists[field] ?? []), entryData(wrapped)]
  }
  return lists
}

// Inside a group sops writes these two even where they are empty.
function shareGroupData(group: readonly WrappedKey[]): Data {
  return sorted({ age: [], hc_vault: [], ...groupData(group) })
}

function entryData({ masterKey, wrapped, createdAt = '' }: WrappedKey): Data {
  switch (masterKey.type) {
    case 'age':
      return { enc: wrapped, recipient: masterKey.recipient }
    case 'aws-kms':
      return sorted({
        arn: masterKey.arn,
        aws_profile: masterKey.profile ?? '',
        ...(Object.keys(masterKey.encryptionContext ?? {}).length > 0 && {
          context: sorted(masterKey.encryptionContext ?? {}),
        }),
        created_at: createdAt,
        enc: wrapped,
        ...(masterKey.role !== undefined && { role: masterKey.role }),
      })
    case 'pgp':
      return { created_at: createdAt, enc: wrapped, fp: masterKey.fingerprint }
    case 'gcp-kms':
      return { created_at: createdAt, enc: wrapped, resource_id: masterKey.resourceId }
    case 'azure-key-vault':
      return {
        created_at: createdAt,
        enc: wrapped,
        name: masterKey.name,
        vault_url: masterKey.vaultUrl,
        version: masterKey.version,
      }
    case 'vault-transit':
      return {
        created_at: createdAt,
        enc: wrapped,
        engine_path: masterKey.enginePath,
        key_name: masterKey.keyName,
        vault_address: masterKey.address,
      }
    case 'huawei-kms':
      return { created_at: createdAt, enc: wrapped, key_id: masterKey.keyId }
    default:
      return masterKey satisfies never
  }
}

function sorted<T extends Data>(map: { readonly [name: string]: T }): { readonly [name: string]: T } {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))
}
