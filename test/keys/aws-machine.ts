import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import type { AwsHost } from '../../src/keys/aws-clients.ts'
import { ACCESS_KEY_ID, type KmsServer, type KmsServerOptions, startKmsServer } from '../kms-server.ts'

export const ARN = 'arn:aws:kms:eu-central-1:111122223333:key/11111111-1111-1111-1111-111111111111'
export const OTHER_ARN = 'arn:aws:kms:us-east-1:111122223333:key/22222222-2222-2222-2222-222222222222'
export const ALIAS = 'arn:aws:kms:eu-central-1:111122223333:alias/prod'
export const ROLE = 'arn:aws:iam::111122223333:role/deploy'

/** Access keys in the environment, as a developer or CI has them. */
export const ACCESS_KEYS = { AWS_ACCESS_KEY_ID: ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: 'secret-of-the-tests' }

export interface AwsMachine {
  readonly kms: KmsServer
  readonly host: AwsHost
}

export interface MachineOptions extends KmsServerOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Files of the home directory. */
  readonly files?: Readonly<Record<string, string>>
  readonly terminal?: AwsHost['terminal']
}

/**
 * A KMS with two keys, and a machine of which the AWS SDK sees nothing but what is asked for: this environment, this
 * home directory, no instance metadata. All of it is gone when the test is.
 */
export async function awsMachine({
  env = ACCESS_KEYS,
  files = {},
  terminal,
  tls,
}: MachineOptions = {}): Promise<AwsMachine> {
  const kms = await startKmsServer(tls && { tls })
  kms.addKey(ARN, { aliases: [ALIAS] })
  kms.addKey(OTHER_ARN)
  const homeDir = await mkdtemp(join(tmpdir(), 'kmsfile-aws-'))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(homeDir, name)), { recursive: true })
    await writeFile(join(homeDir, name), text)
  }
  // The SDK reads the environment of the process, whatever the host says.
  for (const name of Object.keys(process.env)) if (/^AWS_|_proxy$/i.test(name)) vi.stubEnv(name, undefined)
  const all = { HOME: homeDir, AWS_EC2_METADATA_DISABLED: 'true', AWS_ENDPOINT_URL: kms.url, ...env }
  for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value)
  // The SDK takes random waits between retries; none is a fair draw.
  vi.spyOn(Math, 'random').mockReturnValue(0)
  onTestFinished(async () => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
    await kms.close()
    await rm(homeDir, { recursive: true })
  })
  return { kms, host: { env: process.env, homeDir, terminal } }
}
