import { awsProfileOf, loadUserConfig } from '../config/user-config.ts'
import { newDataKey } from '../core/data-key.ts'
import { type AwsKmsKey, masterKeyName } from '../core/master-key.ts'
import { KeyUnavailableError, KmsfileError } from '../errors.ts'
import { awsHints } from '../keys/aws-hints.ts'
import { hasProfile } from '../keys/aws-profile.ts'
import { unwrapDataKey, wrapDataKey } from '../keys/keyring.ts'
import type { Check } from './doctor-check.ts'
import { mapConcurrently, type Workspace } from './workspace.ts'

/** What this machine has for the keys of AWS KMS in the rules. AWS is asked only if `online`. */
export async function checkAws(
  workspace: Workspace,
  keys: readonly AwsKmsKey[],
  { online = false }: { readonly online?: boolean | undefined },
): Promise<readonly Check[]> {
  if (keys.length === 0) return []
  const { host } = workspace
  const { credentials, endpoint, problems } = await awsHints(host)
  const checks = problems.map(
    (message): Check => ({
      about: 'aws',
      state: 'problem',
      message,
      hint: 'correct the variable, or unset it',
    }),
  )
  if (credentials !== undefined || problems.length === 0) checks.push(credentialsCheck(credentials))
  if (endpoint !== undefined) {
    const message = `requests for AWS go to ${withoutUser(endpoint)}`
    checks.push({ about: 'aws', state: 'warning', message, hint: 'unset AWS_ENDPOINT_URL unless you want that' })
  }
  checks.push(...(await checkProfiles(workspace, keys)))
  if (online) checks.push(...(await mapConcurrently(keys, (key) => tryKey(workspace, key))))
  return checks
}

function credentialsCheck(credentials: string | undefined): Check {
  if (credentials !== undefined) return { about: 'aws', state: 'ok', message: `AWS credentials: ${credentials}` }
  return {
    about: 'aws',
    state: 'warning',
    message: 'no AWS credentials in environment and profiles; those of an instance or a container do not show here',
    hint: 'log in, or name a profile with AWS_PROFILE; see whether it works: kmsfile doctor --online',
  }
}

/** Profiles that the user's own configuration names for accounts. */
async function checkProfiles({ host }: Workspace, keys: readonly AwsKmsKey[]): Promise<readonly Check[]> {
  // What is wrong with the configuration itself is said where it is read for the editor.
  const config = await loadUserConfig(host).catch(() => undefined)
  const names = new Set(keys.flatMap((key) => (config === undefined ? [] : (awsProfileOf(key, config) ?? []))))
  const missing: string[] = []
  for (const name of names) if (!(await hasProfile(name, host))) missing.push(name)
  return missing.map((name) => ({
    about: 'aws',
    state: 'problem',
    message: `your kmsfile/config.yaml names a profile that AWS does not know here: ${name}`,
    hint: `make it: aws configure --profile ${name}`,
  }))
}

/** Wraps a data key that nothing is encrypted with, and unwraps it again. */
async function tryKey({ host, providers, keyring }: Workspace, key: AwsKmsKey): Promise<Check> {
  const name = masterKeyName(key)
  let permission = 'kms:Encrypt'
  try {
    const groups = await wrapDataKey(newDataKey(host.randomBytes), [[key]], providers, keyring)
    permission = 'kms:Decrypt'
    const { dataKey } = await unwrapDataKey(groups, providers, keyring)
    dataKey.fill(0)
    return { about: 'aws', state: 'ok', message: `${name}: wraps and unwraps` }
  } catch (error) {
    if (!(error instanceof KmsfileError) || error.code === 'INTERRUPTED') throw error
    const reason = error instanceof KeyUnavailableError ? error.attempts[0]?.reason : undefined
    const message = `${name}: ${permission} failed: ${reason ?? error.message}`
    const hint = error.hint ?? `ask for ${permission} on the key`
    return { about: 'aws', state: 'problem', message, hint }
  }
}

function withoutUser(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/@]*@/i, '$1')
}
