import type { Configuration } from '../config/rules.ts'
import { type MasterKey, masterKeyIdentity } from '../core/master-key.ts'
import { KmsfileError } from '../errors.ts'
import { nameOf } from './compare-recipients.ts'
import type { Finding } from './finding.ts'
import type { Policy } from './policy.ts'

/**
 * Names what a change of the configurations lets through from then on: exemptions, recipients and rules. Where there was no
 * configuration before, nothing changes.
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
    if (previous !== undefined) {
      const had = new Set(keysOf(previous).map(masterKeyIdentity))
      const added = keysOf(configuration).filter((key) => !had.has(masterKeyIdentity(key)))
      const names = namesOf(configuration)
      for (const key of added) findings.push(note(file, 'recipients-changed', `a new recipient: ${nameOf(key, names)}`))
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

function patternsOf({ file, patterns }: Configuration): readonly string[] {
  return patterns.flat().map((pattern) => `${file}\n${pattern}`)
}

/** Every key that a rule names, each once. */
function keysOf(configuration: Configuration): readonly MasterKey[] {
  try {
    const keys = configuration.rules().flatMap(({ groups }) => groups.flat())
    return [...new Map(keys.map((key) => [masterKeyIdentity(key), key])).values()]
  } catch (error) {
    // A rule of sops with malformed keys, which no file can be encrypted by.
    if (error instanceof KmsfileError) return []
    throw error
  }
}

function namesOf({ recipients }: Configuration): ReadonlyMap<string, string> {
  return new Map(Array.from(recipients, ([name, key]) => [masterKeyIdentity(key), name]))
}
