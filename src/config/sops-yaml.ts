import type { KeyGroup } from '../core/master-key.ts'
import { goValues } from './go-values.ts'
import { type NodeReader, nodeReader, quoted } from './node-reader.ts'
import type { ConfigNode, ConfigText } from './nodes.ts'
import { type Configuration, type ConfigWarning, checkThreshold, isConfigName, type Rule } from './rules.ts'
import { checkSelectors, regexAt, SELECTOR_FIELDS, selectorOf } from './selector-fields.ts'
import { KEY_FIELDS, readSopsKeys } from './sops-keys.ts'
import { closestName } from './suggestion.ts'
import { parseNodes } from './yaml-nodes.ts'

const TOP_FIELDS = ['creation_rules', 'destination_rules', 'stores']
const RULE_FIELDS = ['path_regex', 'shamir_threshold', 'mac_only_encrypted', ...SELECTOR_FIELDS, ...KEY_FIELDS]

/**
 * Reads a `.sops.yaml` as sops 3.13 does: its `creation_rules`; `destination_rules` and `stores` are of no interest here.
 *
 * Keys that sops does not know are warned of where they look like a slip, since sops is silent about them. Other than with
 * sops, every regular expression must compile, also those of rules that are not taken.
 *
 * @throws KmsfileError `CONFIG_INVALID` with file, line and column.
 */
export async function parseSopsYaml(text: string, { file }: { file: string }): Promise<Configuration> {
  const source: ConfigText = { text, file }
  const reader = nodeReader(source)
  const go = goValues(reader)
  const warnings: ConfigWarning[] = []
  const warn = (node: ConfigNode, message: string) => warnings.push({ message, file, line: reader.line(node) })

  const root = await parseNodes(source, { first: true })
  const top = new Map<string, ConfigNode>()
  for (const { key, value } of (root && go.map(root, 'the configuration')?.entries) ?? []) {
    top.set(key.text, value)
    // Other unknown keys are a place for anchors.
    const meant = TOP_FIELDS.includes(key.text) ? undefined : closestName(key.text, TOP_FIELDS)
    if (meant !== undefined) warn(key, `sops has no ${quoted(key.text)}; did you mean ${meant}?`)
  }
  const rules: SopsRule[] = []
  for (const node of go.list(top.get('creation_rules'), 'creation_rules')) {
    rules.push(await readRule(node, file, reader, warn))
  }

  const find = (path: string) => (isConfigName(path) ? undefined : rules.find(({ matches }) => matches(path)))
  return {
    source: 'sops',
    file,
    recipients: new Map(),
    rules: () => rules.map(({ rule }) => rule()),
    patterns: rules.map(({ pathRegex }) => (pathRegex === '' ? [] : [pathRegex])),
    exemptions: [],
    warnings,
    ruleFor: (path) => find(path)?.rule(),
    matches: (path) => (find(path)?.pathRegex ?? '') !== '',
    exemptionOf: () => undefined,
  }
}

interface SopsRule {
  readonly pathRegex: string
  matches(path: string): boolean
  rule(): Rule
}

async function readRule(
  node: ConfigNode,
  file: string,
  reader: NodeReader,
  warn: (node: ConfigNode, message: string) => void,
): Promise<SopsRule> {
  const go = goValues(reader)
  const fields = new Map<string, ConfigNode>()
  for (const { key, value } of go.map(node, 'a rule')?.entries ?? []) {
    fields.set(key.text, value)
    if (RULE_FIELDS.includes(key.text)) continue
    const meant = closestName(key.text, RULE_FIELDS)
    warn(key, `sops has no ${quoted(key.text)} in a rule${meant === undefined ? '' : `; did you mean ${meant}?`}`)
  }

  const pathNode = fields.get('path_regex')
  const pathRegex = go.text(pathNode, 'path_regex')
  const matches = pathRegex === '' ? () => true : await regexAt(pathNode!, pathRegex, reader)
  const selectors = SELECTOR_FIELDS.flatMap((field) => {
    const selector = fields.get(field)
    const text = go.text(selector, field)
    return selector === undefined || text === '' ? [] : [{ field, text, node: selector }]
  })
  await checkSelectors(selectors, reader)
  const macOnlyEncrypted = go.bool(fields.get('mac_only_encrypted'), 'mac_only_encrypted')
  const threshold = go.int(fields.get('shamir_threshold'), 'shamir_threshold')
  const makeKeys = readSopsKeys(fields, reader, warn)

  let rule: Rule | undefined
  return {
    pathRegex,
    matches,
    rule() {
      rule ??= {
        source: 'sops',
        file,
        line: reader.line(node),
        ...sharing(makeKeys(), threshold),
        selector: selectorOf(selectors, reader),
        macOnlyEncrypted,
        names: new Map(),
      }
      return rule
    },
  }

  /** sops ignores a threshold where there is one group, and takes zero for all groups. */
  function sharing(groups: readonly KeyGroup[], count: number): Pick<Rule, 'groups' | 'threshold'> {
    if (groups.length === 1) return { groups: groups.filter((group) => group.length > 0) }
    const empty = groups.findIndex((group) => group.length === 0)
    if (empty !== -1) throw reader.error(node, `key group ${empty + 1} of this rule is empty`)
    const asked = count === 0 ? undefined : count
    reader.at(fields.get('shamir_threshold') ?? node, () => checkThreshold(asked, groups.length))
    return { groups, threshold: asked }
  }
}
