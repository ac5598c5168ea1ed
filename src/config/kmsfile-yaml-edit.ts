import { type MasterKey, masterKeyIdentity } from '../core/master-key.ts'
import { KmsfileError } from '../errors.ts'
import { readKeyOrName } from './kmsfile-recipients.ts'
import { parseKmsfileYaml } from './kmsfile-yaml.ts'
import { keyText, scalarText } from './kmsfile-yaml-text.ts'
import { type NodeEdits, nodeEdits } from './node-edits.ts'
import { type NodeReader, nodeReader, quoted } from './node-reader.ts'
import type { ConfigNode, ListNode, MapEntry, MapNode } from './nodes.ts'
import type { Configuration } from './rules.ts'
import { parseNodes } from './yaml-nodes.ts'

/** A changed configuration; whatever was not to change is byte for byte what it was. */
export interface EditedConfig {
  readonly text: string
  /** Indices of the rules that changed. */
  readonly rules: readonly number[]
}

/** Who is to be added. */
export interface NewRecipient {
  readonly name: string
  readonly key: MasterKey
  /** Indices of the rules that get the key. Default: all that list keys, not groups. */
  readonly rules?: readonly number[] | undefined
}

/**
 * Adds a recipient to a `.kmsfile.yaml`, and its name to the keys of rules. One that is there already only gets the rules.
 *
 * Rules with groups stay as they are: which group is meant, a person has to say.
 *
 * @throws KmsfileError `CONFIG_EXISTS` if the name stands for another key, or the key has another name; `CONFIG_INVALID` if
 * the text is malformed, or so laid out that it cannot be changed safely.
 */
export async function addRecipient(
  text: string,
  { name, key, rules }: NewRecipient,
  { file }: { file: string },
): Promise<EditedConfig> {
  const draft = await openDraft(text, file)
  const { configuration, edits } = draft
  const identity = masterKeyIdentity(key)
  const known = nameOf(identity, configuration)
  if (known !== undefined ? known !== name : configuration.recipients.has(name)) {
    const message =
      known === undefined ? `recipient ${quoted(name)} has another key` : `this key is ${quoted(known)} already`
    throw new KmsfileError(message, { code: 'CONFIG_EXISTS', file })
  }

  if (known === undefined) addDefinition(draft, `${scalarText(name)}: ${keyText(key)}`)
  const changed: number[] = []
  for (const [index, { keys }] of draft.rules.entries()) {
    if (keys === undefined || rules?.includes(index) === false) continue
    if (keys.items.some((item) => identityOf(item, draft) === identity)) continue
    edits.addItem(keys, scalarText(name))
    changed.push(index)
  }
  // A list that aliases share reaches rules that were not meant; the comparison finds that.
  const expected = configuration.rules().map(({ groups }, index) => {
    const [first = [], ...others] = groups.map((group) => group.map(masterKeyIdentity))
    return [changed.includes(index) ? [...first, identity] : first, ...others]
  })
  return { text: await checked(draft, [...configuration.recipients.keys(), name], expected), rules: changed }
}

/**
 * Removes a recipient from a `.kmsfile.yaml`, and its key from every rule, by its name or in full.
 *
 * @throws KmsfileError `CONFIG_INVALID` if there is no such recipient, a rule or a group would be left without keys, the
 * text is malformed, or so laid out that it cannot be changed safely.
 */
export async function removeRecipient(text: string, name: string, { file }: { file: string }): Promise<EditedConfig> {
  const draft = await openDraft(text, file)
  const { configuration, edits, reader } = draft
  const key = configuration.recipients.get(name)
  if (key === undefined)
    throw new KmsfileError(`there is no recipient ${quoted(name)}`, { code: 'CONFIG_INVALID', file })
  const identity = masterKeyIdentity(key)
  const changed = new Set<number>()
  for (const [index, { keys, groups }] of draft.rules.entries()) {
    for (const list of keys === undefined ? groups : [keys]) {
      const at = list.items.findIndex((item) => identityOf(item, draft) === identity)
      if (at === -1) continue
      if (list.items.length === 1) {
        throw reader.error(list, `without ${quoted(name)} no key would be left here`, 'add another key first')
      }
      edits.removeItem(list, at)
      changed.add(index)
    }
  }
  const recipients = reader.map(draft.recipients!.value, 'recipients')
  edits.removeEntry(
    recipients,
    recipients.entries.findIndex((entry) => entry.key.text === name),
  )
  const names = [...configuration.recipients.keys()].filter((other) => other !== name)
  const expected = configuration
    .rules()
    .map(({ groups }) => groups.map((group) => group.map(masterKeyIdentity).filter((other) => other !== identity)))
  return { text: await checked(draft, names, expected), rules: [...changed] }
}

/** A configuration while it is changed. */
interface Draft {
  readonly file: string
  readonly configuration: Configuration
  readonly reader: NodeReader
  readonly edits: NodeEdits
  readonly root: MapNode
  readonly recipients: MapEntry | undefined
  readonly rules: readonly { readonly keys: ListNode | undefined; readonly groups: readonly ListNode[] }[]
}

async function openDraft(text: string, file: string): Promise<Draft> {
  const configuration = await parseKmsfileYaml(text, { file })
  const reader = nodeReader({ text, file })
  const root = reader.map((await parseNodes({ text, file }))!, 'the configuration')
  const rules = reader.list(fieldOf(root, 'rules')!.value, 'rules').items.map((item) => {
    const rule = reader.map(item, 'a rule')
    const keys = fieldOf(rule, 'keys')?.value
    const groups = fieldOf(rule, 'groups')?.value
    return {
      keys: keys && reader.list(keys, 'keys'),
      groups: groups ? reader.list(groups, 'groups').items.map((group) => reader.list(group, 'a group')) : [],
    }
  })
  const edits = nodeEdits({ text, file })
  return { file, configuration, reader, edits, root, recipients: fieldOf(root, 'recipients'), rules }
}

function fieldOf(map: MapNode, name: string): MapEntry | undefined {
  return map.entries.find(({ key }) => key.text === name)
}

function identityOf(item: ConfigNode, { configuration, reader }: Draft): string {
  return masterKeyIdentity(readKeyOrName(item, configuration.recipients, reader))
}

function nameOf(identity: string, { recipients }: Configuration): string | undefined {
  return [...recipients].find(([, key]) => masterKeyIdentity(key) === identity)?.[0]
}

function addDefinition({ recipients, root, reader, edits }: Draft, entry: string): void {
  if (recipients !== undefined) {
    edits.addEntry(reader.map(recipients.value, 'recipients'), entry)
    return
  }
  const { start } = fieldOf(root, 'rules')!.key
  edits.insert(start, root.flow ? `recipients: { ${entry} }, ` : `recipients:${edits.eol}  ${entry}${edits.eol}`)
}

/** The changed text, if reading it gives what was to be: layouts are many, and this is a list of who may read secrets. */
async function checked(draft: Draft, names: readonly string[], groups: readonly string[][][]): Promise<string> {
  const text = draft.edits.result()
  const after = await parseKmsfileYaml(text, { file: draft.file }).catch(() => undefined)
  const kept = (configuration: Configuration) =>
    configuration.rules().map((rule) => ({ ...rule, line: 0, groups: [], names: [] }))
  const same =
    after !== undefined &&
    JSON.stringify([...after.recipients.keys()].sort()) === JSON.stringify([...new Set(names)].sort()) &&
    JSON.stringify(after.rules().map((rule) => rule.groups.map((group) => group.map(masterKeyIdentity)))) ===
      JSON.stringify(groups) &&
    JSON.stringify([after.patterns, kept(after)]) ===
      JSON.stringify([draft.configuration.patterns, kept(draft.configuration)])
  if (same) return text
  throw new KmsfileError('this configuration is laid out so that kmsfile cannot change it safely', {
    code: 'CONFIG_INVALID',
    hint: 'change recipients and rules by hand',
    file: draft.file,
  })
}
