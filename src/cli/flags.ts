import { encryptionContextOf, keysOfList, type ListedService } from '../config/key-lists.ts'
import type { RuleFlags } from '../config/rules.ts'
import { SELECTOR_FIELDS } from '../core/envelope.ts'
import type { MasterKey } from '../core/master-key.ts'
import type { SelectorKind } from '../core/selection.ts'
import { KmsfileError } from '../errors.ts'
import { type MasterKeyType, parseDecryptionOrder } from '../keys/keyring-order.ts'
import type { Arguments } from './command.ts'

/** The text of an option; undefined where it was not given. @throws KmsfileError `USAGE` where it was given twice */
export function textOf(args: Arguments, option: string): string | undefined {
  const value = args[option]
  if (Array.isArray(value)) throw usage(`--${option} is given more than once`)
  return value === undefined ? undefined : String(value)
}

/** File arguments, in the order typed. */
export function filesOf(args: Arguments): readonly string[] {
  const files = args['files'] ?? args['file']
  if (files === undefined) return []
  return (Array.isArray(files) ? files : [files]).map(String)
}

/** What the command line says in place of a rule. @throws KmsfileError `USAGE`, `KEY_INVALID` */
export function ruleFlagsOf(args: Arguments): RuleFlags {
  const keys = LISTED_SERVICES.flatMap((service) => keysOf(args, service))
  const threshold = args['shamir-secret-sharing-threshold']
  if (threshold !== undefined && !(Number.isInteger(threshold) && Number(threshold) > 0)) {
    throw usage('--shamir-secret-sharing-threshold takes a whole number')
  }
  const selectors = (Object.entries(SELECTOR_FIELDS) as [SelectorKind, string][]).flatMap(([kind]) => {
    const text = textOf(args, kind)
    return text === undefined ? [] : [{ kind, text }]
  })
  if (selectors.length > 1)
    throw usage(`${selectors.map(({ kind }) => `--${kind}`).join(' and ')} contradict each other`)
  return {
    ...(keys.length > 0 && { keys }),
    ...(threshold !== undefined && { threshold: Number(threshold) }),
    ...(selectors[0] !== undefined && { selector: selectors[0] }),
    ...(args['mac-only-encrypted'] === true && { macOnlyEncrypted: true }),
  }
}

/** @throws KmsfileError `USAGE` */
export function decryptionOrderOf(args: Arguments): readonly MasterKeyType[] | undefined {
  const text = textOf(args, 'decryption-order')
  return text === undefined ? undefined : parseDecryptionOrder(text)
}

/** Refuses two options that cannot both be meant. @throws KmsfileError `USAGE` */
export function refuseBoth(args: Arguments, a: string, b: string): void {
  const given = (option: string) => args[option] !== undefined && args[option] !== false
  if (given(a) && given(b)) throw usage(`--${a} and --${b} contradict each other`)
}

export function usage(message: string, hint?: string): KmsfileError {
  return new KmsfileError(message, { code: 'USAGE', hint })
}

const LISTED_SERVICES: readonly ListedService[] = [
  'age',
  'kms',
  'pgp',
  'gcp-kms',
  'hckms',
  'azure-kv',
  'hc-vault-transit',
]

/** Master keys that an option lists. @throws KmsfileError `USAGE`, `CONFIG_INVALID` */
export function keysOf(
  args: Arguments,
  service: ListedService,
  { option = service }: { option?: string } = {},
): readonly MasterKey[] {
  const text = textOf(args, option)
  if (text === undefined) return []
  const context = textOf(args, 'encryption-context')
  const profile = textOf(args, 'aws-profile')
  return keysOfList(service, text, {
    ...(context !== undefined && { encryptionContext: encryptionContextOf(context) }),
    ...(profile !== undefined && { profile }),
  })
}
