import { KmsfileError } from '../errors.ts'
import { type Envelope, IMPLIED_SELECTOR, PROVIDER_FIELDS, SELECTOR_FIELDS } from './envelope.ts'
import type { MasterKey, WrappedKey } from './master-key.ts'
import type { Selector, SelectorKind } from './selection.ts'
import type { MapNode, Node } from './tree.ts'

/** An envelope, and what in its text two readers might take differently. */
export interface ReadEnvelope {
  readonly envelope: Envelope
  /** Names, doubled or folded, that two readers take differently. No tool writes them: always refused. */
  readonly ambiguities: readonly string[]
  /** Places whose type is not the one that kmsfile writes; a sealed file has none. */
  readonly loose: readonly string[]
}

/** A field of the block: scalars as text, `null` and missing alike undefined. */
type Field = string | readonly Field[] | Fields | undefined
interface Findings {
  readonly ambiguities: string[]
  readonly loose: string[]
}
interface Fields {
  readonly [name: string]: Field
}

const PROVIDERS = Object.entries(PROVIDER_FIELDS) as [MasterKey['type'], string][]
const MAX_DEPTH = 20

/**
 * Reads the metadata block as sops does: names in any case, unknown ones ignored, weak types, empty lists.
 *
 * @throws KmsfileError `ENVELOPE_INVALID` where sops, too, refuses the file.
 */
export function readEnvelope(root: Node): ReadEnvelope {
  if (root.kind !== 'map') throw invalid('the sops block is no map')
  const findings: Findings = { ambiguities: [], loose: [] }
  const fields = readMap(root, '', findings, 0)

  const lastModified = text(fields, 'lastmodified')
  if (lastModified === undefined) throw invalid('the sops block has no lastmodified')
  const version = text(fields, 'version')
  if (version === undefined || !/^v?\d+(\.\d+){0,2}([-+].*)?$/.test(version)) {
    throw invalid('the sops block has no valid version')
  }
  const groups = readGroups(fields)
  if (groups.every((group) => group.length === 0)) throw invalid('the sops block names no master key')
  return {
    envelope: {
      groups,
      threshold: readThreshold(text(fields, 'shamir_threshold')),
      lastModified,
      mac: text(fields, 'mac') ?? '',
      selector: readSelector(fields),
      macOnlyEncrypted: readBool(text(fields, 'mac_only_encrypted')),
      version,
      kmsfile: text(fields, 'kmsfile'),
    },
    ...findings,
  }
}

/**
 * The time of a file as it authenticates the MAC: RFC 3339 without fractions, UTC as `Z`.
 *
 * @throws KmsfileError `ENVELOPE_INVALID`, `FILE_IN_CONFLICT`
 */
export function normalTime(lastModified: string): string {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:\d\d)$/.exec(lastModified)
  if (match === null || Number.isNaN(Date.parse(lastModified))) {
    refuseUnresolved({ lastModified })
    throw invalid('lastmodified is no RFC 3339 time')
  }
  const [, time = '', zone = 'Z'] = match
  return `${time}${/^[+-]00:00$/.test(zone) ? 'Z' : zone}`
}

/**
 * Refuses a file that a merge left unresolved: it has a sentence in the place of its time, which no reader takes for one.
 *
 * @throws KmsfileError `FILE_IN_CONFLICT`
 */
export function refuseUnresolved({ lastModified }: Pick<Envelope, 'lastModified'>): void {
  if (!lastModified.startsWith('unresolved')) return
  throw new KmsfileError('the file holds a merge that is not resolved', {
    code: 'FILE_IN_CONFLICT',
    hint: 'resolve it: kmsfile git resolve FILE',
  })
}

function readGroups(fields: Fields): readonly (readonly WrappedKey[])[] {
  const own = readGroup(fields)
  // Where keys stand at the top, sops does not look at the groups.
  if (own.length > 0) return [own]
  return list(fields, 'key_groups').map((group) => readGroup(asFields(group, 'key_groups')))
}

function readGroup(fields: Fields): readonly WrappedKey[] {
  return PROVIDERS.flatMap(([type, field]) =>
    list(fields, field).map((entry) => readEntry(type, asFields(entry, field), field)),
  )
}

function readEntry(type: MasterKey['type'], entry: Fields, field: string): WrappedKey {
  const need = (name: string): string => {
    const value = text(entry, name)
    if (value === undefined) throw invalid(`an entry of ${field} has no ${name}`)
    return value
  }
  const wrapped = need('enc')
  if (type === 'age') return { masterKey: { type, recipient: need('recipient') }, wrapped }
  const masterKey = readMasterKey(type, entry, need)
  return { masterKey, wrapped, createdAt: need('created_at') }
}

function readMasterKey(
  type: Exclude<MasterKey['type'], 'age'>,
  entry: Fields,
  need: (name: string) => string,
): MasterKey {
  switch (type) {
    case 'aws-kms': {
      const context = entry['context']
      return {
        type,
        arn: need('arn'),
        role: text(entry, 'role') || undefined,
        profile: text(entry, 'aws_profile') || undefined,
        encryptionContext: context === undefined ? undefined : stringMap(asFields(context, 'context')),
      }
    }
    case 'pgp':
      return { type, fingerprint: need('fp') }
    case 'gcp-kms':
      return { type, resourceId: need('resource_id') }
    case 'azure-key-vault':
      return { type, vaultUrl: need('vault_url'), name: need('name'), version: text(entry, 'version') ?? '' }
    case 'vault-transit':
      return { type, address: need('vault_address'), enginePath: need('engine_path'), keyName: need('key_name') }
    case 'huawei-kms':
      return { type, keyId: need('key_id') }
    default:
      return type satisfies never
  }
}

function readSelector(fields: Fields): Selector {
  const set = (Object.entries(SELECTOR_FIELDS) as [SelectorKind, string][]).flatMap(([kind, field]) => {
    const value = text(fields, field)
    return value === undefined || value === '' ? [] : [{ kind, text: value }]
  })
  if (set.length > 1) throw invalid('the sops block has more than one selector')
  return set[0] ?? IMPLIED_SELECTOR
}

function readThreshold(value: string | undefined): number {
  if (value === undefined || value === '') return 0
  const threshold = Number(value)
  if (!Number.isInteger(threshold) || threshold < 0 || threshold > 255) throw invalid('shamir_threshold is no number')
  return threshold
}

function readBool(value: string | undefined): boolean {
  if (value === undefined || value === '') return false
  if (/^(1|t|T|TRUE|true|True)$/.test(value)) return true
  if (/^(0|f|F|FALSE|false|False)$/.test(value)) return false
  throw invalid('mac_only_encrypted is neither true nor false')
}

function readMap(map: MapNode, path: string, findings: Findings, depth: number): Fields {
  if (depth > MAX_DEPTH) throw invalid('the sops block is nested too deep')
  const fields: Record<string, Field> = Object.create(null)
  for (const item of map.items) {
    if (item.kind === 'comment') continue
    // An encryption context has names of the user's own; everywhere else the case of a name does not count.
    const name = path.endsWith('context.') ? item.key : item.key.toLowerCase()
    const place = `${path}${name}`
    if (/[^\x21-\x7e]/.test(item.key) && !path.endsWith('context.'))
      findings.ambiguities.push(`the name ${JSON.stringify(place)}`)
    if (item.key === '<<') findings.ambiguities.push('a merge key in the sops block')
    if (Object.hasOwn(fields, name)) findings.ambiguities.push(`two of ${place}`)
    if (item.value.kind === 'leaf' && item.value.type !== 'str' && !EXPECTED_TYPES.has(name)) {
      findings.loose.push(place)
    }
    fields[name] = readField(item.value, place, findings, depth + 1)
  }
  return fields
}

// Whatever is not a string in what sops and kmsfile write; `null` is how old versions wrote empty lists.
const EXPECTED_TYPES: ReadonlySet<string> = new Set([
  'mac_only_encrypted',
  'shamir_threshold',
  ...Object.values(PROVIDER_FIELDS),
  'key_groups',
])

function readField(node: Node, path: string, findings: Findings, depth: number): Field {
  switch (node.kind) {
    case 'leaf':
      return node.type === 'null' ? undefined : node.type === 'bool' ? node.text.toLowerCase() : node.text
    case 'map':
      return readMap(node, `${path}.`, findings, depth)
    case 'list': {
      if (depth > MAX_DEPTH) throw invalid('the sops block is nested too deep')
      const items = node.items.filter((item) => item.kind !== 'comment')
      return items.map((item, i) => readField(item, `${path}[${i}]`, findings, depth + 1))
    }
    case 'alias':
      findings.ambiguities.push(`an alias at ${path}`)
      return undefined
    default:
      return node satisfies never
  }
}

function text(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || typeof value === 'string') return value
  throw invalid(`${name} is no text`)
}

function list(fields: Fields, name: string): readonly Field[] {
  const value = fields[name]
  if (value === undefined || value === '') return []
  if (Array.isArray(value)) return value
  throw invalid(`${name} is no list`)
}

function asFields(value: Field, name: string): Fields {
  if (typeof value === 'object' && !Array.isArray(value)) return value as Fields
  throw invalid(`${name} holds something that is no map`)
}

function stringMap(fields: Fields): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? value : '']),
  )
}

function invalid(message: string): KmsfileError {
  return new KmsfileError(message, {
    code: 'ENVELOPE_INVALID',
    hint: 'compare with the last good version: git log -p -- FILE',
  })
}
