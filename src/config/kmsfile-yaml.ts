import type { MasterKey } from '../core/master-key.ts'
import { parseGlob } from './glob-syntax.ts'
import { compileGlobs } from './globs.ts'
import { readRecipients } from './kmsfile-recipients.ts'
import { notEmpty, type RuleContext, readRule } from './kmsfile-rule.ts'
import { type NodeReader, nodeReader } from './node-reader.ts'
import { type ConfigText, invalid, type MapEntry } from './nodes.ts'
import { type Configuration, type ConfigWarning, type Exemption, isConfigName, type Rule } from './rules.ts'
import { parseNodes } from './yaml-nodes.ts'

/** More than any repository needs, and few enough to compare each with all others. */
const MAX_RULES = 500
const MAX_GLOBS = 5000

/**
 * Reads a `.kmsfile.yaml`.
 *
 * Strict: whatever is unknown, undefined, contradictory or without effect is an error.
 *
 * @throws KmsfileError `CONFIG_INVALID` with file, line and column.
 */
export async function parseKmsfileYaml(text: string, { file }: { file: string }): Promise<Configuration> {
  const source: ConfigText = { text, file }
  const root = await parseNodes(source)
  const start = 'write version: 1, recipients and rules, or have them made: kmsfile init'
  if (root === undefined) throw invalid(source, 0, 'the configuration is empty', start)
  const reader = nodeReader(source)
  const top = reader.fields(root, 'the configuration', ['version', 'recipients', 'rules', 'exempt'])

  if (top.version === undefined) throw reader.error(root, 'the configuration has no version', 'write version: 1')
  if (reader.int(top.version.value, 'version') !== 1) {
    throw reader.error(top.version.value, 'this version of a configuration is not known', 'update kmsfile')
  }
  const { recipients, names } =
    top.recipients === undefined
      ? { recipients: new Map<string, MasterKey>(), names: new Map<string, string>() }
      : readRecipients(top.recipients.value, reader)
  if (top.rules === undefined) throw reader.error(root, 'the configuration has no rules', start)

  const warnings: ConfigWarning[] = []
  const context: RuleContext = { reader, file, recipients, names, warnings }
  const nodes = notEmpty(top.rules.value, 'rules', reader)
  if (nodes.length > MAX_RULES) throw reader.error(nodes[MAX_RULES]!, `there are more than ${MAX_RULES} rules`)
  const rules: Rule[] = []
  const patterns: string[][] = []
  for (const node of nodes) {
    const { rule, files } = await readRule(node, context)
    rules.push(rule)
    patterns.push(files)
  }
  if (patterns.flat().length > MAX_GLOBS) throw reader.error(top.rules.value, `there are more than ${MAX_GLOBS} globs`)
  const globs = compileGlobs(patterns)
  const [hidden] = globs.hidden()
  if (hidden !== undefined) {
    throw reader.error(
      nodes[hidden]!,
      'rules above this one match all of its files, so it never applies',
      'move it up, or remove it',
    )
  }
  const exemptions = readExemptions(top.exempt, reader)
  const exempt = compileGlobs(exemptions.map(({ path }) => [path]))

  const indexOf = (path: string) => (path.startsWith('/') || isConfigName(path) ? -1 : globs.first(path))
  return {
    source: 'kmsfile',
    file,
    recipients,
    rules: () => rules,
    patterns,
    exemptions,
    warnings,
    ruleFor: (path) => rules[indexOf(path)],
    matches: (path) => indexOf(path) !== -1,
    exemptionOf: (path) => exemptions[exempt.first(path)],
  }
}

function readExemptions(entry: MapEntry | undefined, reader: NodeReader): Exemption[] {
  const exemptions: Exemption[] = []
  for (const node of entry === undefined ? [] : reader.list(entry.value, 'exempt').items) {
    const { path: pathEntry, reason } = reader.fields(node, 'an exemption', ['path', 'reason'])
    if (pathEntry === undefined) throw reader.error(node, 'an exemption has no path')
    if (reason === undefined) throw reader.error(node, 'an exemption has no reason', 'write reason: why it may be read')
    const path = reader.text(pathEntry.value, 'path')
    // A name alone would be exempt at any depth, which is easily more than was meant.
    const anchored = path.startsWith('/') ? path : `/${path}`
    reader.at(pathEntry.value, () => parseGlob(anchored))
    if (reader.text(reason.value, 'reason').trim() === '') throw reader.error(reason.value, 'reason is empty')
    exemptions.push({ path: anchored, reason: reader.text(reason.value, 'reason'), line: reader.line(node) })
  }
  return exemptions
}
