import { ageKey } from '../../config/key-syntax.ts'
import { PROVIDER_FIELDS, SELECTOR_FIELDS, SOPS_VERSION } from '../../core/envelope.ts'
import type { MasterKey } from '../../core/master-key.ts'
import type { Path } from '../../core/tree.ts'
import { KmsfileError } from '../../errors.ts'
import type { Flaw } from './finding.ts'
import { isEnvelope } from './judge-values.ts'

/** Whether a text is something that sops or kmsfile would write in a field. */
type Shape = (text: string) => boolean

const like = (pattern: RegExp) => (text: string) => pattern.test(text)
/** A selector, a name of somebody's own: whatever it is, it is meant to be read. */
const anything: Shape = () => true
/** RFC 3339; seconds since 1970, as the first sops wrote them. */
const time = like(/^(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)|\d{10}(?:\.\d+)?)$/)
/** What a key service made of 32 bytes or more, in either alphabet of base64; writers of YAML may have folded it. */
const ciphertext: Shape = (text) => /^[\w+/.-]{40,}={0,2}$/.test(text.replaceAll(/\s/g, ''))
/** RFC 4880 and age: a line that says what begins, headers of PGP, base64, a line that says what ends. */
const armored = (kind: string) =>
  like(
    new RegExp(
      `^-----BEGIN ${kind}-----\\r?\\n(?:[A-Z][a-z]+: .{0,100}\\r?\\n)*\\s*(?:[A-Za-z0-9+/=]+\\r?\\n)+-----END ${kind}-----\\s*$`,
    ),
  )

/** Fields beside the lists of wrapped keys. */
const FIELDS: Readonly<Record<string, Shape>> = {
  version: like(/^v?\d+(?:\.\d+){0,2}(?:[-+].*)?$/),
  lastmodified: (text) => time(text) || text === 'unresolved: run kmsfile git resolve',
  mac: (text) => isEnvelope({ type: 'str', text }) || text === 'pending-mac',
  shamir_threshold: like(/^\d{1,3}$/),
  mac_only_encrypted: like(/^(?:true|false|t|f|1|0)$/i),
  // A later version may have more to say.
  kmsfile: like(/^v(?:1\.[A-Za-z0-9+/]{21}[AQgw]==\.(?:[A-Za-z0-9+/]{38,}={0,2})?|[2-9]\d*\..*)$/),
  ...Object.fromEntries(Object.values(SELECTOR_FIELDS).map((name) => [name, anything])),
  // sops before 2.0, in every file.
  attention: like(/^This section contains key material that should only be modified with extra care\./),
}

/** Fields of an entry, by the kind of its key. */
const ENTRIES: Readonly<Record<MasterKey['type'], Readonly<Record<string, Shape>>>> = {
  age: { recipient: isAgeRecipient, enc: armored('AGE ENCRYPTED FILE') },
  'aws-kms': {
    arn: like(/^arn:aws[\w-]*:kms:[^:\s]+:\d+:(?:key|alias)\/\S+$/),
    role: like(/^arn:aws[\w-]*:(?:iam|sts)::\d+:\S+$/),
    aws_profile: anything,
    enc: ciphertext,
  },
  pgp: {
    // gpg takes the address of a user in place of a fingerprint.
    fp: like(/^(?:(?:0x)?[0-9A-Fa-f]{8,64}!?|[^\s@]+@[^\s@]+)$/),
    enc: armored('PGP MESSAGE'),
  },
  'gcp-kms': {
    resource_id: like(/^projects\/[^/\s]+\/locations\/[^/\s]+\/keyRings\/[^/\s]+\/cryptoKeys\/\S+$/),
    enc: ciphertext,
  },
  'azure-key-vault': {
    vault_url: like(/^https?:\/\/[^/\s]+\/?$/),
    name: like(/^[\w-]{1,127}$/),
    version: like(/^\w*$/),
    enc: ciphertext,
  },
  'vault-transit': {
    vault_address: like(/^https?:\/\/\S+$/),
    engine_path: like(/^\S+$/),
    key_name: like(/^\S+$/),
    enc: like(/^vault:v\d+:[\w+/-]{40,}={0,2}$/),
  },
  'huawei-kms': { key_id: like(/^[\w-]+:[\w-]+$/), enc: ciphertext },
}

const PROVIDERS = new Map(
  Object.entries(PROVIDER_FIELDS).map(([type, field]) => [field, ENTRIES[type as MasterKey['type']]]),
)

/**
 * What is odd about a readable text in the metadata, by the names and list indices that lead to it: a field that neither sops
 * nor kmsfile has, or one that holds what neither writes there. Undefined for what is as it should be, as far as that shows
 * without a key, and no stricter than any version of sops.
 */
export function oddField(path: Path, text: string): 'unknown' | 'malformed' | undefined {
  if (text === '') return undefined
  const shape = shapeOf(path)
  if (shape === undefined) return 'unknown'
  return shape(text) ? undefined : 'malformed'
}

function shapeOf([first, ...rest]: Path): Shape | undefined {
  const name = String(first).toLowerCase()
  // A merge that is not resolved is refused whatever it holds.
  if (name === 'conflicts') return anything
  if (name === 'key_groups' && typeof rest[0] === 'number') return entryShape(rest.slice(1))
  if (rest.length === 0) return Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined
  return entryShape([name, ...rest])
}

/** `age`, 0, `enc`. */
function entryShape([list, index, name, ...rest]: Path): Shape | undefined {
  const fields = PROVIDERS.get(String(list).toLowerCase())
  if (fields === undefined || typeof index !== 'number' || name === undefined) return undefined
  const field = String(name).toLowerCase()
  // Names and values of somebody's own, which the key service logs.
  if (field === 'context' && rest.length === 1) return anything
  if (rest.length > 0) return undefined
  if (field === 'created_at') return time
  return Object.hasOwn(fields, field) ? fields[field] : undefined
}

/** Whether a file says that a later sops wrote it than the one that is known here, which may have fields of its own. */
export function isOfLaterSops(version: string): boolean {
  const [own, other] = [SOPS_VERSION, version].map(
    (text) => /\d+(?:\.\d+)*/.exec(text)?.[0].split('.').map(Number) ?? [],
  )
  for (let i = 0; i < 3; i++) {
    const difference = (other?.[i] ?? 0) - (own?.[i] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return false
}

/** What is said of a text in the metadata; a later sops than we know may have good reason for it. */
export function strayField(
  keys: Path,
  odd: 'unknown' | 'malformed',
  { line, isLater }: { readonly line: number; readonly isLater: boolean },
): Flaw {
  const what =
    odd === 'unknown' ? 'no field that sops or kmsfile has' : 'not what sops or kmsfile would write in this field'
  const later = isLater ? ', as far as is known here: the file is of a later sops' : ''
  return {
    verdict: 'stray-metadata',
    severity: isLater ? 'note' : 'refuse',
    line,
    keys,
    message: `${what}, and readable${later}`,
  }
}

function isAgeRecipient(text: string): boolean {
  try {
    ageKey(text.trim())
    return true
  } catch (error) {
    if (error instanceof KmsfileError) return false
    throw error
  }
}
