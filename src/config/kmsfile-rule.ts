import { type KeyGroup, type MasterKey, masterKeyIdentity } from '../core/master-key.ts'
import { parseGlob } from './glob-syntax.ts'
import { readKeyOrName } from './kmsfile-recipients.ts'
import { type NodeReader, quoted } from './node-reader.ts'
import type { ConfigNode, MapEntry } from './nodes.ts'
import { type ConfigWarning, checkThreshold, type Rule } from './rules.ts'
import { checkSelectors, SELECTOR_FIELDS, selectorOf } from './selector-fields.ts'

const RULE_FIELDS = [
  'files',
  'keys',
  'groups',
  'threshold',
  ...SELECTOR_FIELDS,
  'mac_only_encrypted',
  'integrity',
  'data_key',
] as const

/** What the rules of one configuration share. */
export interface RuleContext {
  readonly reader: NodeReader
  readonly file: string
  readonly recipients: ReadonlyMap<string, MasterKey>
  readonly names: ReadonlyMap<string, string>
  /** Gets what is odd about a rule. */
  readonly warnings: ConfigWarning[]
}

type RuleFields = Partial<Record<(typeof RULE_FIELDS)[number], MapEntry>>

/** Reads one entry of `rules`: the rule, and the globs of its files. */
export async function readRule(node: ConfigNode, context: RuleContext): Promise<{ rule: Rule; files: string[] }> {
  const { reader, file, names } = context
  const fields = reader.fields(node, 'a rule', RULE_FIELDS)
  const files = readFiles(fields.files, node, reader)
  const groups = readGroups(node, fields, context)
  const threshold = fields.threshold && reader.int(fields.threshold.value, 'threshold')
  reader.at((fields.threshold ?? fields.groups)?.value ?? node, () => checkThreshold(threshold, groups.length))

  const selectors = SELECTOR_FIELDS.flatMap((field) => {
    const entry = fields[field]
    return entry === undefined ? [] : [{ field, text: reader.text(entry.value, field), node: entry.value }]
  })
  await checkSelectors(selectors, reader)
  const dataKey = fields.data_key && reader.oneOf(fields.data_key.value, 'data_key', ['kms'])
  const hasKms = groups.length === 1 && groups[0]!.some(({ type }) => type === 'aws-kms')
  if (dataKey !== undefined && !hasKms) {
    throw reader.error(fields.data_key!.value, 'data_key: kms needs an AWS KMS key, and one group of keys')
  }
  const rule: Rule = {
    source: 'kmsfile',
    file,
    line: reader.line(node),
    groups,
    ...(groups.length > 1 && threshold !== undefined && { threshold }),
    selector: selectorOf(selectors, reader),
    macOnlyEncrypted: fields.mac_only_encrypted
      ? reader.bool(fields.mac_only_encrypted.value, 'mac_only_encrypted')
      : false,
    ...(fields.integrity && { integrity: reader.oneOf(fields.integrity.value, 'integrity', ['sealed'] as const) }),
    ...(dataKey !== undefined && { dataKeyFromKms: true }),
    names,
  }
  return { rule, files }
}

function readGroups(node: ConfigNode, fields: RuleFields, context: RuleContext): KeyGroup[] {
  const { reader, file, warnings } = context
  if (fields.keys === undefined && fields.groups === undefined) {
    throw reader.error(node, 'a rule names no keys', 'write keys: [NAME, ...]')
  }
  if (fields.keys !== undefined && fields.groups !== undefined) {
    throw reader.error(fields.groups.key, 'a rule has keys and groups', 'keep one of them')
  }
  if (fields.groups === undefined) {
    if (fields.threshold !== undefined) {
      throw reader.error(
        fields.threshold.key,
        'a threshold counts groups, and there are none',
        'write groups, not keys',
      )
    }
    return [readGroup(fields.keys!.value, 'keys', context)]
  }
  const groups: KeyGroup[] = []
  const seen = new Set<string>()
  for (const item of notEmpty(fields.groups.value, 'groups', reader)) {
    const group = readGroup(item, 'a group', context)
    if (group.some((key) => seen.has(masterKeyIdentity(key)))) {
      const message = 'a key stands in two groups, so it counts twice towards the threshold'
      warnings.push({ message, file, line: reader.line(item) })
    }
    for (const key of group) seen.add(masterKeyIdentity(key))
    groups.push(group)
  }
  return groups
}

function readGroup(node: ConfigNode, what: string, context: RuleContext): KeyGroup {
  const { reader, recipients } = context
  const keys = new Map<string, MasterKey>()
  for (const item of notEmpty(node, what, reader)) {
    const key = readKeyOrName(item, recipients, reader)
    const identity = masterKeyIdentity(key)
    if (keys.has(identity)) throw reader.error(item, `${what} has the same key twice`, 'remove one of them')
    keys.set(identity, key)
  }
  return [...keys.values()]
}

function readFiles(entry: MapEntry | undefined, rule: ConfigNode, reader: NodeReader): string[] {
  if (entry === undefined) throw reader.error(rule, 'a rule names no files', 'write files: [GLOB, ...]')
  const globs: string[] = []
  for (const item of notEmpty(entry.value, 'files', reader)) {
    const glob = reader.text(item, 'an entry of files')
    reader.at(item, () => parseGlob(glob))
    if (globs.includes(glob)) throw reader.error(item, `files has ${quoted(glob)} twice`)
    globs.push(glob)
  }
  return globs
}

/** The items of a list that has some. */
export function notEmpty(node: ConfigNode, what: string, reader: NodeReader): readonly ConfigNode[] {
  const { items } = reader.list(node, what)
  if (items.length === 0) throw reader.error(node, `${what} is empty`)
  return items
}
