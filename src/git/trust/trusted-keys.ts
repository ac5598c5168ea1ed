import { asAsked, trustIdentity } from '../../config/trust-identity.ts'
import { type MasterKey, masterKeyIdentity, type WrappedKey } from '../../core/master-key.ts'
import { KmsfileError } from '../../errors.ts'
import type { Host } from '../../host/host.ts'
import type { CallOptions, KeyProvider } from '../../keys/provider.ts'
import type { Providers } from '../../keys/providers.ts'
import type { Workspace } from '../../operations/workspace.ts'
import type { Repository } from '../../vcs/repository.ts'
import { silences } from './silences.ts'
import { usedKeys } from './used-keys.ts'

export interface TrustOptions {
  /** How long one call to a key service may take. */
  readonly limitMs?: number | undefined
}

/** Somebody waits for `git diff` to print. */
const LIMIT_MS = 2000

/**
 * The workspace for what git starts, not a person: diffs, merges, logs. People look at repositories that they do not trust, and
 * what lies in one names the keys, roles and profiles that are to be asked, with the credentials of whoever looks.
 *
 * So a key service is asked only for keys that the user's own configuration trusts, or that the user has used in this repository
 * by a command of their own; and not for longer than the limit. One that did not answer is left alone for half a minute, by all
 * processes, and so is a question that it refused. Identities on this machine and what the agent remembers are used as ever.
 *
 * The machine of the workspace must have no terminal, so that nobody is asked for anything. Without a repository the configuration
 * alone counts. Nothing is read before a key service would be asked.
 */
export function trustedWorkspace(
  workspace: Workspace,
  repository: Pick<Repository, 'commonDir'> | undefined,
  { limitMs = LIMIT_MS }: TrustOptions = {},
): Workspace {
  const { host, keyring } = workspace
  const isTrusted = trustIn(host, repository)
  const silent = silences(host)
  // Who can wait longer may still have an answer.
  const waited = (key: MasterKey) => JSON.stringify([limitMs, serviceOf(key)])

  const refusalOf = async (key: MasterKey): Promise<KmsfileError | undefined> => {
    if (!(await isTrusted(key))) return untrusted()
    return (await silent.has(waited(key))) ? unavailable('its key service did not answer a short while ago') : undefined
  }
  /** Runs a call to a key service as far as it is allowed. */
  const guarded = async <T>(
    key: MasterKey,
    { signal }: CallOptions,
    call: (options: CallOptions) => Promise<T>,
  ): Promise<T> => {
    const refusal = await refusalOf(key)
    if (refusal !== undefined) throw refusal
    const limit = AbortSignal.timeout(limitMs)
    try {
      return await beforeAbort(limit, () => call({ signal: AbortSignal.any([limit, ...(signal ? [signal] : [])]) }))
    } catch (error) {
      if (!limit.aborted) throw error
      await silent.add(waited(key))
      throw unavailable(`its key service did not answer within ${limitMs / 1000} s`)
    }
  }

  /** Git shows the same wrapped key many times over, each time in a process of its own. */
  const unwrapOnce = async (provider: KeyProvider, { masterKey, wrapped }: WrappedKey, options: CallOptions) => {
    const question = JSON.stringify(['unwrap', masterKeyIdentity(masterKey), wrapped])
    if (await silent.has(question)) throw unavailable('its key service could not unwrap this a short while ago')
    try {
      return await provider.unwrap(masterKey, wrapped, options)
    } catch (error) {
      if (!options.signal?.aborted) await silent.add(question)
      throw error
    }
  }

  const guard = (provider: KeyProvider): KeyProvider => {
    if (!provider.network) return provider
    const { generate } = provider
    return {
      type: provider.type,
      network: true,
      wrap: (key, dataKey, options = {}) => guarded(key, options, (own) => provider.wrap(key, dataKey, own)),
      unwrap: (key, wrapped, options = {}) =>
        guarded(key, options, (own) => unwrapOnce(provider, { masterKey: key, wrapped }, own)),
      ...(generate && { generate: (key, options = {}) => guarded(key, options, (own) => generate(key, own)) }),
      canUnwrap: async (key) => {
        const refusal = await refusalOf(key)
        // Thrown rather than returned: it comes with what to do.
        if (refusal !== undefined) throw refusal
        return (await provider.canUnwrap?.(key)) ?? true
      },
    }
  }
  const providers: Providers = {
    ...workspace.providers,
    get: async (type) => guard(await workspace.providers.get(type)),
  }
  // What git asks for is no use by the user.
  return { ...workspace, providers, keyring: { ...keyring, onAnswer: undefined } }
}

function trustIn(
  host: Host,
  repository: Pick<Repository, 'commonDir'> | undefined,
): (key: MasterKey) => Promise<boolean> {
  const load = async () => {
    const { awsProfileOf, loadUserConfig } = await import('../../config/user-config.ts')
    // A configuration that cannot be read trusts nothing.
    const config = await loadUserConfig(host).catch(() => ({ trust: [], awsProfiles: new Map<string, string>() }))
    const configured = new Set(config.trust.map(trustIdentity))
    const used = repository === undefined ? new Set() : await usedKeys(host, repository)
    return (key: MasterKey) =>
      configured.has(trustIdentity(key)) || used.has(trustIdentity(asAsked(key, (aws) => awsProfileOf(aws, config))))
  }
  let trusts: ReturnType<typeof load> | undefined
  return async (key) => {
    trusts ??= load()
    return (await trusts)(key)
  }
}

/** What is reached or not for many keys at once: a region with the credentials for it, a server. */
function serviceOf(key: MasterKey): string {
  switch (key.type) {
    case 'aws-kms':
      return JSON.stringify([key.type, key.arn.split(':').slice(0, 4), key.role, key.profile])
    case 'vault-transit':
      return JSON.stringify([key.type, key.address])
    case 'azure-key-vault':
      return JSON.stringify([key.type, key.vaultUrl])
    default:
      return masterKeyIdentity(key)
  }
}

/** Waits for `work`, but not longer than until the signal aborts, whether or not `work` listens to it. */
async function beforeAbort<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  return Promise.race([work(), aborted])
}

function untrusted(): KmsfileError {
  return new KmsfileError('its key service is not asked for git: nobody has used this key here yet', {
    code: 'KEY_UNAVAILABLE',
    hint: 'decrypt a file with it once, if you trust this repository: kmsfile decrypt FILE',
  })
}

function unavailable(message: string): KmsfileError {
  return new KmsfileError(message, { code: 'KEY_UNAVAILABLE' })
}
