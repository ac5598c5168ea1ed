import type { KeyGroup, MasterKey } from '../core/master-key.ts'
import { goValues } from './go-values.ts'
import { keysOfList, type ListedService, listedPgpKey } from './key-lists.ts'
import { ageKey, awsKmsKey, azureKey, gcpKmsKey, huaweiKey, vaultKey } from './key-syntax.ts'
import { isNull, type NodeReader, quoted } from './node-reader.ts'
import type { ConfigNode, MapNode } from './nodes.ts'
import { distinctKeys } from './rules.ts'
import { closestName } from './suggestion.ts'

/** The fields of a rule that name keys, in the order in which sops takes them. */
const FLAT_FIELDS = {
  age: 'age',
  pgp: 'pgp',
  kms: 'kms',
  gcp_kms: 'gcp-kms',
  hckms: 'hckms',
  azure_keyvault: 'azure-kv',
  hc_vault_transit_uri: 'hc-vault-transit',
} as const satisfies Record<string, ListedService>

/** All fields of a rule that {@link readSopsKeys} reads. */
export const KEY_FIELDS = [...Object.keys(FLAT_FIELDS), 'aws_profile', 'key_groups']
const GROUP_FIELDS = ['merge', 'kms', 'gcp_kms', 'hckms', 'azure_keyvault', 'hc_vault', 'age', 'pgp']

/** Makes the key groups of a rule. Malformed keys are found only then: sops looks at no rule but the one that it takes. */
export type KeyMaker = () => KeyGroup[]

/**
 * Reads what a rule of `.sops.yaml` says about keys. Types are checked at once, as Go does for the whole file.
 *
 * `warn` gets what sops would pass over in silence.
 */
export function readSopsKeys(
  rule: ReadonlyMap<string, ConfigNode>,
  reader: NodeReader,
  warn: (node: ConfigNode, message: string) => void,
): KeyMaker {
  const go = goValues(reader)
  const profile = go.text(rule.get('aws_profile'), 'aws_profile')
  const aws = profile === '' ? {} : { profile }
  const makers = groupMakers(reader, warn)
  const groups = go.list(rule.get('key_groups'), 'key_groups').map((node) => makers.group(node))
  // The one field that takes no text with commas.
  const huawei = go.list(rule.get('hckms'), 'hckms').map((node) => ({ node, text: go.text(node, 'an entry of hckms') }))
  return () => {
    if (groups.length > 0) return groups.map((group) => group())
    const keys = Object.entries(FLAT_FIELDS).flatMap(([field, service]) =>
      (field === 'hckms' ? huawei : textsOf(rule.get(field), field)).flatMap(({ node, text }) =>
        reader.at(node, () => keysOfList(service, text, aws)),
      ),
    )
    return [distinctKeys(keys)]
  }

  /** A text with commas, or a list of such texts. Numbers and nulls in it are errors for Go, too. */
  function textsOf(node: ConfigNode | undefined, field: string): { node: ConfigNode; text: string }[] {
    if (node === undefined || isNull(node) || (node.kind === 'scalar' && node.text === '')) return []
    if (node.kind !== 'list') return [{ node, text: reader.text(node, field) }]
    return node.items.map((item) => ({ node: item, text: reader.text(item, `an entry of ${field}`) }))
  }
}

type GroupMaker = () => KeyGroup

/** Key groups can be merged into each other by aliases; each is read once, however often it is named. */
function groupMakers(reader: NodeReader, warn: (node: ConfigNode, message: string) => void) {
  const go = goValues(reader)
  const known = new Map<ConfigNode, GroupMaker>()
  return { group }

  function group(node: ConfigNode): GroupMaker {
    const found = known.get(node)
    if (found !== undefined) return found
    let keys: KeyGroup | undefined
    const make = groupOf(reader.map(node, 'a key group'))
    const once = () => {
      keys ??= make()
      return keys
    }
    known.set(node, once)
    return once
  }

  function groupOf(map: MapNode): GroupMaker {
    const fields = new Map(map.entries.map(({ key, value }) => [key.text, value]))
    for (const { key } of map.entries) {
      if (GROUP_FIELDS.includes(key.text)) continue
      const meant = closestName(key.text, GROUP_FIELDS)
      warn(
        key,
        `sops has no ${quoted(key.text)} in a key group${meant === undefined ? '' : `; did you mean ${meant}?`}`,
      )
    }
    const parts: GroupMaker[] = [
      ...go.list(fields.get('merge'), 'merge').map(group),
      ...each('age', 'age', (text) => text.split(',').map((part) => ageKey(part.trim()))),
      ...each('pgp', 'pgp', (text) => [listedPgpKey(text)]),
      ...go.list(fields.get('kms'), 'kms').map(kmsMaker),
      ...each('gcp_kms', 'resource_id', (text) => [gcpKmsKey(text.replaceAll(' ', ''))]),
      ...each('hckms', 'key_id', (text) => [huaweiKey(text.trim())]),
      ...go.list(fields.get('azure_keyvault'), 'azure_keyvault').map(azureMaker),
      ...each('hc_vault', 'hc_vault', (text) => [vaultKey(text)]),
    ]
    return () => distinctKeys(parts.flatMap((part) => part()))

    /** Items are texts, or maps with the text in a field. */
    function each(field: string, inner: string, read: (text: string) => MasterKey[]): GroupMaker[] {
      return go.list(fields.get(field), field).map((node) => {
        const text =
          inner === field ? go.text(node, `an entry of ${field}`) : go.text(fieldsOf(node, field)(inner), inner)
        return () => reader.at(node, () => read(text))
      })
    }
  }

  function kmsMaker(node: ConfigNode): GroupMaker {
    const field = fieldsOf(node, 'kms')
    const [arn, role, profile] = ['arn', 'role', 'aws_profile'].map((name) => go.text(field(name), name))
    const context = field('context')
    const encryptionContext = context === undefined ? {} : contextOf(context)
    const options = { ...(role && { role }), ...(profile && { profile }), encryptionContext }
    return () => reader.at(node, () => [awsKmsKey(arn ?? '', options)])
  }

  function contextOf(node: ConfigNode): Record<string, string> {
    return Object.fromEntries(
      (go.map(node, 'context')?.entries ?? []).map(({ key, value }) => {
        // sops crashes on these.
        if (isNull(value)) throw reader.error(key, 'an encryption context has a name without a value')
        return [key.text, go.text(value, 'a value of context')]
      }),
    )
  }

  function azureMaker(node: ConfigNode): GroupMaker {
    const field = fieldsOf(node, 'azure_keyvault')
    const [vaultUrl, name, version] = ['vaultUrl', 'key', 'version'].map((key) => go.text(field(key), key))
    return () => {
      const vault = vaultUrl?.replace(/\/$/, '')
      const key = reader.at(node, () => azureKey(`${vault}/keys/${name}/${version}`))
      // As it is written: the file that sops makes has it so, too.
      return [{ ...key, vaultUrl: vaultUrl ?? '' }]
    }
  }

  function fieldsOf(node: ConfigNode, field: string): (name: string) => ConfigNode | undefined {
    const { entries } = reader.map(node, `an entry of ${field}`)
    return (name) => entries.find(({ key }) => key.text === name)?.value
  }
}
