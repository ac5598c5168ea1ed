import type { MasterKey } from '../core/master-key.ts'

/** What a new configuration says. */
export interface NewConfig {
  /** Names to keys, in the order to print. */
  readonly recipients: ReadonlyMap<string, MasterKey>
  readonly rules: readonly NewRule[]
}

/** One rule of a new configuration. */
export interface NewRule {
  readonly files: readonly string[]
  /** Names of recipients. */
  readonly keys: readonly string[]
  readonly integrity?: 'sealed' | undefined
}

/** The text of a new `.kmsfile.yaml`, with comments for whoever opens it first. */
export function newKmsfileYaml({ recipients, rules }: NewConfig): string {
  const lines = [
    '# Which keys for which secrets files. The first rule that matches a file counts.',
    'version: 1',
    '',
    '# Names for people and keys. For somebody new, add a line and run: kmsfile updatekeys --all',
    'recipients:',
    ...Array.from(recipients, ([name, key]) => `  ${scalarText(name)}: ${keyText(key)}`),
    '',
    'rules:',
    '  # Globs as in .gitignore, relative to this file. Any one of the keys opens a file.',
    ...rules.flatMap(({ files, keys, integrity }) => [
      `  - files: ${listText(files.map((glob) => JSON.stringify(glob)))}`,
      `    keys: ${listText(keys.map(scalarText))}`,
      ...(integrity === undefined ? [] : [`    integrity: ${integrity}`]),
    ]),
  ]
  return `${lines.join('\n')}\n`
}

/** A key in full, on one line: `{ age: age1... }`. The profile of a key of AWS is left out unless asked for. */
export function keyText(key: MasterKey, { profile = false }: { profile?: boolean } = {}): string {
  const fields = fieldsOf(key).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? scalarText(value) : contextText(value)}`,
  )
  if (profile && key.type === 'aws-kms' && key.profile !== undefined) {
    fields.push(`aws_profile: ${scalarText(key.profile)}`)
  }
  return `{ ${fields.join(', ')} }`
}

/** A text as a YAML scalar that every reader takes for text, in quotes where it must be. */
export function scalarText(text: string): string {
  const plain = /^\p{L}[\p{L}\p{M}\p{N}_.@+-]*$/u.test(text) && !RESERVED.test(text)
  return plain ? text : JSON.stringify(text)
}

/** Truth values and null in the versions of YAML that are about. */
const RESERVED = /^(?:true|false|yes|no|on|off|y|n|null|nan|inf)$/i

type Field = readonly [name: string, value: string | Readonly<Record<string, string>>]

function fieldsOf(key: MasterKey): readonly Field[] {
  switch (key.type) {
    case 'aws-kms':
      return [
        ['aws_kms', key.arn],
        ...(key.role === undefined ? [] : [['role', key.role] as const]),
        ...(key.encryptionContext === undefined ? [] : [['encryption_context', key.encryptionContext] as const]),
      ]
    case 'age':
      return [['age', key.recipient]]
    case 'pgp':
      return [['pgp', key.fingerprint]]
    case 'gcp-kms':
      return [['gcp_kms', key.resourceId]]
    case 'azure-key-vault':
      return [['azure_keyvault', [key.vaultUrl, 'keys', key.name, key.version].filter((part) => part !== '').join('/')]]
    case 'vault-transit':
      return [['hc_vault_transit', `${key.address}/v1/${key.enginePath}/keys/${key.keyName}`]]
    case 'huawei-kms':
      return [['hckms', key.keyId]]
    default:
      return key satisfies never
  }
}

function contextText(context: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(context).map(([name, value]) => `${scalarText(name)}: ${scalarText(value)}`)
  return `{ ${pairs.join(', ')} }`
}

function listText(items: readonly string[]): string {
  return `[${items.join(', ')}]`
}
