import { checkAws } from './doctor-aws.ts'
import type { Check } from './doctor-check.ts'
import { checkIdentities } from './doctor-identities.ts'
import { checkMachine } from './doctor-machine.ts'
import { checkRepository } from './doctor-repository.ts'
import { checkRules } from './doctor-rules.ts'
import { ownKeys } from './own-keys.ts'
import type { Workspace } from './workspace.ts'

export interface DoctorOptions {
  /** The version of kmsfile. */
  readonly version: string
  /** Has every key of AWS KMS in the rules wrap and unwrap a throw-away data key. Without it no connection is made. */
  readonly online?: boolean | undefined
}

/**
 * Looks at this machine and this repository for what is missing or wrong; all that is found is part of the result, in the
 * order machine, identities, rules, key services, repository. Programs that are run: git, and an editor for its version.
 */
export async function doctor(workspace: Workspace, options: DoctorOptions): Promise<readonly Check[]> {
  const machine = await checkMachine(workspace, options)
  const own = await ownKeys(workspace.host)
  const identities = await checkIdentities(workspace, own)
  const rules = await checkRules(workspace, own)
  const aws = await checkAws(workspace, rules.awsKeys, options)
  return withoutRepeats([...machine, ...identities, ...rules.checks, ...aws, ...(await checkRepository(workspace))])
}

/** A configuration that cannot be read is met by several. */
export function withoutRepeats(checks: readonly Check[]): readonly Check[] {
  return checks.filter((check, i) => checks.findIndex(({ message }) => message === check.message) === i)
}
