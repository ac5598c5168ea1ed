import { type MasterKey, masterKeyIdentity } from '../core/master-key.ts'
import type { KmsfileError } from '../errors.ts'
import {
  type AwsKmsOptions,
  ageKey,
  awsKmsKey,
  azureKey,
  gcpKmsKey,
  huaweiKey,
  pgpKey,
  vaultKey,
} from './key-syntax.ts'
import { type NodeReader, quoted } from './node-reader.ts'
import type { ConfigNode } from './nodes.ts'
import { closestName } from './suggestion.ts'

/** Names of recipients that can stand beside keys in a list without being taken for one of them. */
export const RECIPIENT_NAME = /^(?!age1|age-|ssh-|arn:)[\p{L}\p{N}][\p{L}\p{M}\p{N}._@+-]{0,63}$/iu

const SERVICES = {
  aws_kms: awsKmsKey,
  age: ageKey,
  pgp: pgpKey,
  gcp_kms: gcpKmsKey,
  azure_keyvault: azureKey,
  hc_vault_transit: vaultKey,
  hckms: huaweiKey,
} as const satisfies Record<string, (text: string) => MasterKey>

const SERVICE_FIELDS = Object.keys(SERVICES) as (keyof typeof SERVICES)[]
const AWS_FIELDS = ['role', 'encryption_context'] as const
type AwsField = (typeof AWS_FIELDS)[number] | 'aws_profile'

/** The map of names to keys at the top of `.kmsfile.yaml`, and the names of keys. */
export function readRecipients(
  node: ConfigNode,
  reader: NodeReader,
): { recipients: Map<string, MasterKey>; names: Map<string, string> } {
  const recipients = new Map<string, MasterKey>()
  const names = new Map<string, string>()
  for (const { key: name, value } of reader.map(node, 'recipients').entries) {
    if (!RECIPIENT_NAME.test(name.text)) {
      throw reader.error(name, 'this is no name of a recipient', 'write letters, digits and . _ @ + - alone')
    }
    const key = readKey(value, reader)
    const identity = masterKeyIdentity(key)
    const other = names.get(identity)
    if (other !== undefined) {
      throw reader.error(name, `recipients ${quoted(other)} and ${quoted(name.text)} are the same key`)
    }
    recipients.set(name.text, key)
    names.set(identity, name.text)
  }
  return { recipients, names }
}

/** An entry of `keys`: the name of a recipient, or a key in full. */
export function readKeyOrName(
  node: ConfigNode,
  recipients: ReadonlyMap<string, MasterKey>,
  reader: NodeReader,
): MasterKey {
  if (node.kind === 'map') return readKey(node, reader)
  const name = reader.text(node, 'an entry of keys')
  return recipients.get(name) ?? fail(unknownName(node, name, recipients, reader))
}

/** A key that a user trusts: a key in full, and the profile with which its service may be asked. */
export function readTrustedKey(node: ConfigNode, reader: NodeReader): MasterKey {
  return readKey(node, reader, [...AWS_FIELDS, 'aws_profile'])
}

/** A key in full: one key service, and what belongs to it. */
function readKey(node: ConfigNode, reader: NodeReader, awsFields: readonly AwsField[] = AWS_FIELDS): MasterKey {
  const profile = reader.map(node, 'a recipient').entries.find(({ key }) => key.text === 'aws_profile')
  if (profile !== undefined && !awsFields.includes('aws_profile')) {
    throw reader.error(
      profile.key,
      'a profile belongs to a person, not to a repository',
      'write it into your own kmsfile/config.yaml: aws: { profiles: { "111122223333": NAME } }',
    )
  }
  const fields = reader.fields(node, 'a recipient', [...SERVICE_FIELDS, ...awsFields])
  const [service, second] = SERVICE_FIELDS.filter((field) => fields[field] !== undefined)
  if (service === undefined) {
    throw reader.error(node, 'a recipient has no key', `write one of ${SERVICE_FIELDS.join(', ')}`)
  }
  if (second !== undefined) {
    throw reader.error(fields[second]!.key, 'a recipient has two keys', 'make it two recipients')
  }
  const stray = awsFields.find((field) => fields[field] !== undefined)
  if (service !== 'aws_kms' && stray !== undefined) {
    throw reader.error(fields[stray]!.key, `${stray} belongs to aws_kms, not to ${service}`)
  }

  const { value } = fields[service]!
  const text = reader.text(value, service)
  if (service !== 'aws_kms') return reader.at(value, () => SERVICES[service](text))
  const arn = reader.at(value, () => awsKmsKey(text).arn)
  const role = fields.role && reader.text(fields.role.value, 'role')
  const options: AwsKmsOptions = {
    ...(role !== undefined && { role }),
    ...(fields.aws_profile && { profile: reader.text(fields.aws_profile.value, 'aws_profile') }),
    ...(fields.encryption_context && { encryptionContext: readContext(fields.encryption_context.value, reader) }),
  }
  return reader.at(fields.role?.value ?? value, () => awsKmsKey(arn, options))
}

function readContext(node: ConfigNode, reader: NodeReader): Record<string, string> {
  const { entries } = reader.map(node, 'encryption_context')
  // Not an object literal: a name may be `__proto__`.
  return Object.fromEntries(
    entries.map(({ key, value }) => [
      reader.text({ ...key, plain: false }, 'a name in encryption_context'),
      reader.text(value, 'a value in encryption_context'),
    ]),
  )
}

function unknownName(
  node: ConfigNode,
  name: string,
  recipients: ReadonlyMap<string, MasterKey>,
  reader: NodeReader,
): KmsfileError {
  // Whatever looks like a key may be one that must not be shown.
  if (!RECIPIENT_NAME.test(name)) {
    return reader.error(
      node,
      'this is no name of a recipient',
      'write a key in full as a map, such as { age: age1... }',
    )
  }
  const meant = closestName(name, recipients.keys())
  return reader.error(
    node,
    `there is no recipient ${quoted(name)}`,
    meant === undefined ? 'define it under recipients' : `did you mean ${meant}?`,
  )
}

function fail(error: KmsfileError): never {
  throw error
}
