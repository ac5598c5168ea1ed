import type { Configuration, Rule } from '../../config/rules.ts'
import { SELECTOR_FIELDS } from '../../core/envelope.ts'
import { type MasterKey, masterKeyIdentity } from '../../core/master-key.ts'
import { KmsfileError } from '../../errors.ts'
import { nameOf } from './compare-recipients.ts'
import type { Finding } from './finding.ts'
import type { Policy } from './policy.ts'

/**
 * Names what a change of the configurations lets through from then on: exemptions, recipients, selectors and rules. Where there
 * was no configuration before, nothing changes.
 */
export function comparePolicies(before: Policy, after: Policy, commit?: string): readonly Finding[] {
  if (before.id === after.id || before.configurations.length === 0) return []
  const old = new Map(before.configurations.map((each) => [each.file, each]))
  const note = (path: string, verdict: Finding['verdict'], message: string): Finding => ({
    verdict,
    severity: 'note',
    path,
    commit,
    message,
  })
  const findings: Finding[] = []
  for (const configuration of after.configurations) {
    const { file } = configuration
    const previous = old.get(file)
    const known = new Set(previous?.exemptions.map(({ path }) => path))
    for (const { path, reason, line } of configuration.exemptions) {
      if (!known.has(path))
        findings.push({ ...note(file, 'exemption-added', `${path} may be plaintext: ${reason}`), line })
    }
    // A new one in a folder is compared with all there were: its rules come before theirs.
    const former = previous === undefined ? before.configurations : [previous]
    const had = new Set(former.flatMap(keysOf).map(masterKeyIdentity))
    const added = keysOf(configuration).filter((key) => !had.has(masterKeyIdentity(key)))
    const names = namesOf(configuration)
    for (const key of added) findings.push(note(file, 'recipients-changed', `a new recipient: ${nameOf(key, names)}`))
    const selectors = new Set(former.flatMap(selectorsOf))
    for (const selector of new Set(selectorsOf(configuration)))
      if (!selectors.has(selector))
        findings.push(note(file, 'selector-changed', `files have another selector: ${selector}`))
    for (const hidden of hiddenBy(configuration, before)) {
      findings.push(note(file, 'rule-removed', `the rules of ${hidden} do not count beside it any more`))
    }
  }
  const patterns = new Set(after.configurations.flatMap(patternsOf))
  const broken = new Set(after.problems.map(({ file }) => file))
  for (const configuration of before.configurations) {
    if (broken.has(configuration.file)) continue
    const gone = configuration.patterns.flat().filter((pattern) => !patterns.has(`${configuration.file}\n${pattern}`))
    for (const pattern of gone)
      findings.push(note(configuration.file, 'rule-removed', `no rule for ${pattern} any more`))
  }
  return findings
}

/** What each rule has encrypted, as people read it. */
function selectorsOf(configuration: Configuration): readonly string[] {
  return rulesOf(configuration).map(({ selector: { kind, text } }) => `${SELECTOR_FIELDS[kind]}: ${text}`)
}

/** Configurations of sops that were heeded until this one came: where there is one of kmsfile, nobody asks them. */
function hiddenBy({ source, file }: Configuration, before: Policy): readonly string[] {
  if (source !== 'kmsfile') return []
  const own = folderOf(file)
  const isKmsfile = (folder: string) =>
    before.configurations.some((each) => each.source === 'kmsfile' && isWithin(folder, folderOf(each.file)))
  if (isKmsfile(own)) return []
  return before.configurations
    .filter((each) => each.source === 'sops')
    .filter((each) => isWithin(own, folderOf(each.file)) || isWithin(folderOf(each.file), own))
    .filter((each) => !isKmsfile(folderOf(each.file)))
    .map((each) => each.file)
}

/** The folder of a configuration, with a slash at its end; empty for the top. */
function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf('/') + 1)
}

function isWithin(folder: string, outer: string): boolean {
  return folder.startsWith(outer)
}

function patternsOf({ file, patterns }: Configuration): readonly string[] {
  return patterns.flat().map((pattern) => `${file}\n${pattern}`)
}

/** Every key that a rule names, each once. */
function keysOf(configuration: Configuration): readonly MasterKey[] {
  const keys = rulesOf(configuration).flatMap(({ groups }) => groups.flat())
  return [...new Map(keys.map((key) => [masterKeyIdentity(key), key])).values()]
}

function rulesOf(configuration: Configuration): readonly Rule[] {
  try {
    return configuration.rules()
  } catch (error) {
    // A rule of sops with malformed keys, which no file can be encrypted by.
    if (error instanceof KmsfileError) return []
    throw error
  }
}

function namesOf({ recipients }: Configuration): ReadonlyMap<string, string> {
  return new Map(Array.from(recipients, ([name, key]) => [masterKeyIdentity(key), name]))
}
