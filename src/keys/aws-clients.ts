import { hostname as machineName } from 'node:os'
import { env as processEnv } from 'node:process'
import type { KMSClient, KMSClientConfig } from '@aws-sdk/client-kms'
import type { defaultProvider } from '@aws-sdk/credential-provider-node'
import type { NodeHttpHandler } from '@smithy/node-http-handler'
import type { AwsKmsKey } from '../core/master-key.ts'
import type { Host, Terminal } from '../host/host.ts'
import { checkRoleArn, parseKeyArn, roleSessionName } from './aws-arn.ts'
import { awsHttp } from './aws-http.ts'
import { caBundleOf, hasProfile } from './aws-profile.ts'

export type AwsHost = Pick<Host, 'env' | 'homeDir' | 'terminal'>

export interface AwsClientOptions {
  /** The profile to use for a key, before the one that the file names. */
  readonly profileOf: (key: AwsKmsKey) => string | undefined
  readonly attemptTimeoutMs: number
  readonly maxSockets: number
}

/** Clients of KMS, one for each region, profile and role, made on first use and kept until `close`. */
export interface AwsClients {
  /** The profile to use; undefined for the SDK's own choice, `AWS_PROFILE` included. */
  profileOf(key: AwsKmsKey): Promise<string | undefined>
  /** @throws KmsfileError `KEY_INVALID` for a malformed ARN, `FILE_UNREADABLE` for a bundle of certificates. */
  clientOf(key: AwsKmsKey, profile: string | undefined): Promise<KMSClient>
  /** True while a person is asked for a code, who takes longer than a server may. */
  asking(): boolean
  /** Ends what is under way and closes the connections. */
  close(): Promise<void>
}

type Credentials = ReturnType<typeof defaultProvider>

// The SDK writes to the console what it has no other place for; stderr is for what kmsfile says.
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/**
 * Keeps the clients. Credentials are looked for where the SDK looks for them (environment, profiles, SSO, web identity,
 * containers, instance), once for each profile; a role of the key is assumed on top of them.
 */
export function awsClients(host: AwsHost, { profileOf, attemptTimeoutMs, maxSockets }: AwsClientOptions): AwsClients {
  const clients = new Map<string, Promise<KMSClient>>()
  const credentials = new Map<string, Credentials>()
  const https = new Map<string, Promise<NodeHttpHandler>>()
  let questions = 0
  let answered: Promise<unknown> = Promise.resolve()

  /** Asks one question at a time. */
  function ask(serial: string, terminal: Terminal): Promise<string> {
    questions++
    const code = answered.then(async () => (await terminal.ask(`code of ${serial}: `)).trim())
    answered = code.catch(() => undefined).then(() => questions--)
    return code
  }

  async function newClient(key: AwsKmsKey, profile: string | undefined): Promise<KMSClient> {
    const { KMSClient, NodeHttpHandler, defaultProvider } = await import('./aws-sdk.ts')
    const make = (config: KMSClientConfig) => quietly(() => new KMSClient(config))
    const caBundle = await caBundleOf(profile, host)
    const requestHandler = await once(https, caBundle?.path ?? '', () =>
      awsHttp(NodeHttpHandler, { env: host.env, caBundle, attemptTimeoutMs, maxSockets }),
    )
    const { terminal } = host
    const { partition, region } = parseKeyArn(key.arn)
    const common = { region, requestHandler, logger: SILENT, ...(profile !== undefined && { profile }) }

    const own = once(credentials, JSON.stringify([partition, profile]), () => {
      const { logger } = common
      return defaultProvider({
        ...(profile !== undefined && { profile }),
        logger,
        // STS is asked in the region of the profile, else in that of the key; SSO in its own.
        clientConfig: { requestHandler, logger },
        parentClientConfig: { region: async () => region },
        ...(terminal && { mfaCodeProvider: (serial) => ask(serial, terminal) }),
      })
    })
    if (!key.role) return make({ ...common, credentials: own })

    const { getDefaultRoleAssumer } = await import('@aws-sdk/nested-clients/sts')
    const assume = getDefaultRoleAssumer(common)
    const role = { RoleArn: key.role, RoleSessionName: roleSessionName(machineName()) }
    return make({ ...common, credentials: async () => assume(await own(), role) })
  }

  return {
    profileOf: async (key) => profileOf(key) ?? (await profileOfFile(key, host)),
    async clientOf(key, profile) {
      if (key.role) checkRoleArn(key.role)
      const id = JSON.stringify([parseKeyArn(key.arn), profile, key.role])
      return once(clients, id, () => newClient(key, profile))
    },
    asking: () => questions > 0,
    async close() {
      clients.clear()
      credentials.clear()
      const handlers = await Promise.all([...https.values()].map((http) => http.catch(() => undefined)))
      https.clear()
      for (const handler of handlers) handler?.destroy()
    },
  }
}

/** A failure is not kept: the next caller tries anew. */
function once<T>(made: Map<string, T>, id: string, make: () => T): T {
  const known = made.get(id)
  if (known !== undefined) return known
  const value = make()
  made.set(id, value)
  if (value instanceof Promise) value.catch(() => made.delete(id))
  return value
}

async function profileOfFile({ profile }: AwsKmsKey, host: AwsHost): Promise<string | undefined> {
  return profile && (await hasProfile(profile, host)) ? profile : undefined
}

/**
 * Makes the first client without the SDK's warning about Node 20, which is for whoever builds kmsfile. It is said once,
 * and silenced by a variable of the process alone: no `Host` can stand in. The variable is gone again for children.
 */
function quietly<T>(make: () => T): T {
  const name = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'
  const before = processEnv[name]
  processEnv[name] = 'true'
  try {
    return make()
  } finally {
    if (before === undefined) delete processEnv[name]
    else processEnv[name] = before
  }
}
