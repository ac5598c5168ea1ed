import { type KeyGroup, type MasterKey, masterKeyIdentity } from '../core/master-key.ts'
import { DEFAULT_SELECTOR, type Selector } from '../core/selection.ts'
import { KmsfileError } from '../errors.ts'

/** Which keys a file gets, and which of its values are encrypted. */
export interface Rule {
  readonly source: 'kmsfile' | 'sops' | 'flags'
  /** The configuration that says so, as people know it; empty where only flags do. */
  readonly file: string
  /** Where in it the rule starts, 1-based. */
  readonly line?: number | undefined
  /** Empty where a rule of sops names no keys: they then come from flags. Otherwise no group is empty. */
  readonly groups: readonly KeyGroup[]
  /** How many groups must take part to decrypt. Undefined: all of them. */
  readonly threshold?: number | undefined
  readonly selector: Selector
  readonly macOnlyEncrypted: boolean
  /** Files without a seal are refused. */
  readonly integrity?: 'sealed' | undefined
  /** AWS KMS makes the data key, so that its log shows where every one comes from. */
  readonly dataKeyFromKms?: boolean | undefined
  /** `masterKeyIdentity` to the recipient's name, for every recipient that the configuration names. */
  readonly names: ReadonlyMap<string, string>
}

/** A path that the rules manage, and that may hold plaintext all the same. */
export interface Exemption {
  /** A glob as in .gitignore, anchored at the folder of the configuration. */
  readonly path: string
  readonly reason: string
  readonly line: number
}

/** Something in a configuration that works, but likely not as meant. */
export interface ConfigWarning {
  readonly message: string
  readonly file: string
  readonly line?: number | undefined
  readonly column?: number | undefined
}

/** One configuration file, read. Paths are relative to its folder, with forward slashes. */
export interface Configuration {
  readonly source: 'kmsfile' | 'sops'
  /** As people know it. */
  readonly file: string
  /** Names of recipients to their keys; empty for sops, which has none. */
  readonly recipients: ReadonlyMap<string, MasterKey>
  /** All rules, in their order. @throws KmsfileError `CONFIG_INVALID` as {@link ruleFor}, for any of them. */
  rules(): readonly Rule[]
  /** What the rules say they are for, in their order: globs, or the regular expressions of sops. */
  readonly patterns: readonly (readonly string[])[]
  readonly exemptions: readonly Exemption[]
  readonly warnings: readonly ConfigWarning[]
  /**
   * The first rule that matches the path. A path outside of the folder is given to rules of sops as it is, absolute.
   *
   * @throws KmsfileError `CONFIG_INVALID` if it is a rule of sops whose keys are malformed; sops too looks at no others.
   */
  ruleFor(path: string): Rule | undefined
  /**
   * Whether the path is one that must not hold plaintext, exemptions aside. A rule of sops without a `path_regex` takes
   * whatever it is given; it says nothing about which files hold secrets, so it does not count.
   */
  matches(path: string): boolean
  /** The exemption of a path. */
  exemptionOf(path: string): Exemption | undefined
}

/** What the command line says in place of the rule, or of its parts. */
export interface RuleFlags {
  /** Master keys instead of the rule's, as one group. */
  readonly keys?: KeyGroup | undefined
  readonly threshold?: number | undefined
  readonly selector?: Selector | undefined
  readonly macOnlyEncrypted?: boolean | undefined
}

/** The rule of a file with the flags over it; where there is no rule, with the defaults under it. */
export function withFlags(rule: Rule | undefined, flags: RuleFlags): Rule {
  const { keys, selector, threshold, macOnlyEncrypted } = flags
  const replaced = keys !== undefined && keys.length > 0
  return {
    ...(rule ?? { file: '', names: new Map() }),
    source: rule === undefined || replaced ? 'flags' : rule.source,
    groups: replaced ? [distinctKeys(keys)] : (rule?.groups ?? []),
    // A threshold counts the groups that it was written for.
    threshold: threshold ?? (replaced ? undefined : rule?.threshold),
    selector: selector ?? rule?.selector ?? DEFAULT_SELECTOR,
    macOnlyEncrypted: macOnlyEncrypted === true || rule?.macOnlyEncrypted === true,
    ...(replaced && !keys.some((key) => key.type === 'aws-kms') && { dataKeyFromKms: undefined }),
  }
}

/** The same keys in the same order, each once. */
export function distinctKeys(keys: Iterable<MasterKey>): KeyGroup {
  const seen = new Map<string, MasterKey>()
  for (const key of keys) {
    const identity = masterKeyIdentity(key)
    if (!seen.has(identity)) seen.set(identity, key)
  }
  return [...seen.values()]
}

/**
 * Shamir's sharing, as sops has it, splits among 2 to 255 groups and asks for at least two.
 *
 * @throws KmsfileError `CONFIG_INVALID` without a place.
 */
export function checkThreshold(threshold: number | undefined, groups: number): void {
  if (groups > 255) throw new KmsfileError('more than 255 key groups', { code: 'CONFIG_INVALID' })
  if (threshold === undefined) return
  const least = Math.min(2, groups)
  if (threshold >= least && threshold <= groups) return
  const range = least === groups ? `${groups}` : `between ${least} and ${groups}`
  throw new KmsfileError(`the threshold is ${threshold}, and with ${groups} key groups can only be ${range}`, {
    code: 'CONFIG_INVALID',
    hint: threshold === 1 ? 'list all keys under keys if any one of them is to be enough' : undefined,
  })
}

/** Files that say how a repository is treated, and are plaintext by their nature: no glob is meant for them. */
export function isConfigName(path: string): boolean {
  return /(?:^|\/)\.(?:kmsfile\.yaml|sops\.ya?ml|git(?:attributes|ignore|modules))$/.test(path)
}
