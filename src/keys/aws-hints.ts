import { stat } from 'node:fs/promises'
import type { Host } from '../host/host.ts'
import { hasProfile } from './aws-profile.ts'

/** What this machine has for AWS, seen from outside: nobody is asked, and nothing secret is read. */
export interface AwsHints {
  /** Where credentials will come from, for people; undefined where nothing says so. A service of the machine may have some. */
  readonly credentials: string | undefined
  /** The profile that `AWS_PROFILE` names. */
  readonly profile: string | undefined
  /** Where requests go instead of to AWS. */
  readonly endpoint: string | undefined
  /** What cannot be right; one clause each. */
  readonly problems: readonly string[]
}

/** Looks at environment and configuration files in the order in which the SDK does. */
export async function awsHints({ env, homeDir }: Pick<Host, 'env' | 'homeDir'>): Promise<AwsHints> {
  const problems: string[] = []
  const exists = async (path: string) => (await stat(path).catch(() => undefined)) !== undefined

  const pair = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']
  const missing = pair.filter((name) => !env[name])
  if (missing.length === 1) {
    problems.push(`${pair.find((name) => env[name])} is set, and ${missing[0]} is not`)
  }
  for (const name of ['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CA_BUNDLE']) {
    const path = env[name]
    if (path && !(await exists(path))) problems.push(`${name} names a file that is not there: ${path}`)
  }
  const profile = env['AWS_PROFILE'] || undefined
  if (profile !== undefined && !(await hasProfile(profile, { env, homeDir }))) {
    problems.push(`AWS_PROFILE names a profile that is not configured: ${profile}`)
  }
  return {
    credentials: await credentialsOf({ env, homeDir, profile }),
    profile,
    endpoint: env['AWS_ENDPOINT_URL_KMS'] || env['AWS_ENDPOINT_URL'] || undefined,
    problems,
  }
}

async function credentialsOf({
  env,
  homeDir,
  profile,
}: Pick<Host, 'env' | 'homeDir'> & { profile: string | undefined }): Promise<string | undefined> {
  // The SDK passes over the variables where a profile is named.
  if (profile !== undefined) return (await hasProfile(profile, { env, homeDir })) ? `profile ${profile}` : undefined
  if (env['AWS_ACCESS_KEY_ID'] && env['AWS_SECRET_ACCESS_KEY']) {
    return env['AWS_SESSION_TOKEN'] ? 'temporary access keys in the environment' : 'access keys in the environment'
  }
  if (await hasProfile('default', { env, homeDir })) return 'profile default'
  if (env['AWS_WEB_IDENTITY_TOKEN_FILE'] && env['AWS_ROLE_ARN']) return 'a web identity token'
  if (env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] || env['AWS_CONTAINER_CREDENTIALS_FULL_URI']) return 'the container'
  return undefined
}
