import { join } from 'node:path'
import type { Configuration, Rule } from '../config/rules.ts'
import { type AwsKmsKey, type MasterKey, masterKeyIdentity, masterKeyName } from '../core/master-key.ts'
import { parseRecipient } from '../keys/age-recipient.ts'
import { parseKeyArn } from '../keys/aws-arn.ts'
import { type Check, problemOf } from './doctor-check.ts'
import type { OwnKeys } from './own-keys.ts'
import type { Workspace } from './workspace.ts'

/** What was found out about the configuration of the working directory. */
export interface RulesReport {
  readonly checks: readonly Check[]
  /** The keys of AWS KMS in its rules, each once. */
  readonly awsKeys: readonly AwsKmsKey[]
}

/** Looks at the configurations above the working directory: whether they can be read, and whether their keys can be used. */
export async function checkRules({ host, config }: Workspace, own: OwnKeys): Promise<RulesReport> {
  const checks: Check[] = []
  const keys = new Map<string, MasterKey>()
  try {
    const layers = await config.layers(join(host.cwd, 'x'))
    if (layers.length === 0) {
      const message = 'no .kmsfile.yaml and no .sops.yaml from here to the top of the repository'
      checks.push({ about: 'config', state: 'warning', message, hint: 'make one: kmsfile init' })
    }
    for (const { configuration } of layers) {
      checks.push(...checkConfiguration(configuration, own))
      for (const { groups } of configuration.rules()) {
        for (const key of groups.flat()) keys.set(masterKeyIdentity(key), key)
      }
    }
  } catch (error) {
    checks.push(problemOf('config', error))
  }
  const awsKeys = [...keys.values()].filter((key) => key.type === 'aws-kms')
  return { checks, awsKeys }
}

function checkConfiguration(configuration: Configuration, own: OwnKeys): readonly Check[] {
  const { file, patterns } = configuration
  const rules = configuration.rules()
  const count = `${rules.length} rule${rules.length === 1 ? '' : 's'}`
  const checks: Check[] = [{ about: 'config', state: 'ok', message: `${file}: ${count}` }]
  for (const { message, line, column } of configuration.warnings) {
    const place = [file, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(':')
    checks.push({ about: 'config', state: 'warning', message: `${place}: ${message}` })
  }
  const unusable = unusableKeys(rules)
  checks.push(...unusable.values())
  for (const [index, rule] of rules.entries()) {
    const label = `${rule.line === undefined ? file : `${file}:${rule.line}`} (${patterns[index]?.join(', ') ?? ''})`
    checks.push(...checkRule(rule, { label, own, unusable }))
  }
  return checks
}

/** Keys that nothing can be wrapped for, and why. */
function unusableKeys(rules: readonly Rule[]): ReadonlyMap<string, Check> {
  const found = new Map<string, Check>()
  for (const { groups, names, file } of rules) {
    for (const key of groups.flat()) {
      const identity = masterKeyIdentity(key)
      const name = names.get(identity)
      const label = `${file}: ${name === undefined ? masterKeyName(key) : `${name} (${masterKeyName(key)})`}`
      const check = checkKey(key, label)
      if (check !== undefined) found.set(identity, check)
    }
  }
  return found
}

function checkKey(key: MasterKey, label: string): Check | undefined {
  try {
    switch (key.type) {
      case 'age':
        parseRecipient(key.recipient)
        return undefined
      case 'aws-kms':
        parseKeyArn(key.arn)
        return undefined
      case 'pgp':
      case 'gcp-kms':
      case 'azure-key-vault':
      case 'vault-transit':
      case 'huawei-kms': {
        const message = `${label}: ${key.type} keys cannot be used yet, so nothing can be encrypted for this one`
        return { about: 'key', state: 'problem', message, hint: 'use keys of age or AWS KMS' }
      }
      default:
        return key satisfies never
    }
  } catch (error) {
    const { message, ...rest } = problemOf('key', error)
    return { ...rest, message: `${label}: ${message}` }
  }
}

interface RuleContext {
  readonly label: string
  readonly own: OwnKeys
  readonly unusable: ReadonlyMap<string, Check>
}

function checkRule(rule: Rule, { label, own, unusable }: RuleContext): readonly Check[] {
  const { groups, threshold } = rule
  // A rule of sops may leave the keys to flags.
  if (groups.length === 0) return []
  const needed = groups.length === 1 ? 1 : (threshold ?? groups.length)
  const answers = groups.map((group) =>
    group.map((key) => (unusable.has(masterKeyIdentity(key)) ? 'no' : own.has(key))),
  )
  const sure = answers.filter((group) => group.includes('yes')).length
  const possible = answers.filter((group) => group.some((answer) => answer !== 'no')).length
  if (possible < needed) return [notOpenable(label, { groups: groups.length, needed, possible }, own)]

  const [only, ...others] = groups.flat()
  if (only?.type === 'age' && others.length === 0) {
    return [
      {
        about: 'key',
        state: 'warning',
        message: `${label}: one identity alone opens its files; with it they are lost`,
        hint: 'add a second key that lies in a safe, then run kmsfile updatekeys --all',
      },
    ]
  }
  const message = `${label}: you ${sure >= needed ? 'have' : 'may have'} what opens its files`
  return [{ about: 'key', state: 'ok', message }]
}

function notOpenable(
  label: string,
  { groups, needed, possible }: { groups: number; needed: number; possible: number },
  { recipients: [own] }: OwnKeys,
): Check {
  const have = groups === 1 ? 'none of its keys' : `keys of ${possible} of its groups, and ${needed} are needed`
  return {
    about: 'key',
    state: 'problem',
    message: `${label}: you have ${have}, so you cannot open its files`,
    hint:
      own === undefined
        ? 'make an identity, and have somebody add its recipient: kmsfile init'
        : `have somebody who can open the files add your recipient: ${own.recipient}`,
  }
}
