import type { AwsKmsKey, MasterKey } from '../core/master-key.ts'
import { KmsfileError } from '../errors.ts'
import type { Host } from '../host/host.ts'
import { type Calls, createCalls } from './keyring-calls.ts'
import type { KeyProvider } from './provider.ts'

/** The key services of one run, with what they have answered so far. */
export interface Providers {
  /**
   * The provider for a type of master key, loaded when it is first asked for.
   *
   * @throws KmsfileError `KEY_UNSUPPORTED` for a type that kmsfile knows but cannot use.
   */
  get(type: MasterKey['type']): Promise<KeyProvider>
  /** What keeps a run from asking the same thing twice. */
  readonly calls: Calls
  /** Closes connections and wipes the data keys that were remembered. The providers are of no use afterwards. */
  close(): Promise<void>
}

export interface ProvidersOptions {
  readonly host: Host
  /** The AWS profile to use for a key, before the one that the file names. */
  readonly awsProfileOf?: AwsProfileOf
  /** Loads {@link awsProfileOf} where a key of AWS is used at all: it stands in a file of the user's. */
  readonly loadAwsProfileOf?: () => Promise<AwsProfileOf>
  /** How long one request to a key service may wait for its answer. */
  readonly attemptTimeoutMs?: number
  /** How long a call to a key service may take in all. */
  readonly totalTimeoutMs?: number
}

type AwsProfileOf = (key: AwsKmsKey) => string | undefined

/** A provider that has something to close. */
type Closable = KeyProvider & { close?(): Promise<void> }
type Loader = (options: ProvidersOptions) => Promise<Closable>

/** The table of key services: one line and one file each. Undefined: known from files of sops, not implemented. */
const LOADERS: Readonly<Record<MasterKey['type'], Loader | undefined>> = {
  age: async ({ host }) => (await import('./age.ts')).age({ host }),
  'aws-kms': async ({ host, awsProfileOf, loadAwsProfileOf, attemptTimeoutMs, totalTimeoutMs }) => {
    const profileOf = awsProfileOf ?? (await loadAwsProfileOf?.())
    const { awsKms } = await import('./aws-kms.ts')
    return awsKms({
      host,
      ...(profileOf && { profileOf }),
      ...(attemptTimeoutMs !== undefined && { attemptTimeoutMs }),
      ...(totalTimeoutMs !== undefined && { totalTimeoutMs }),
    })
  },
  pgp: undefined,
  'gcp-kms': undefined,
  'azure-key-vault': undefined,
  'vault-transit': undefined,
  'huawei-kms': undefined,
}

/** The key services of kmsfile. Nothing is loaded or asked before a key of theirs is. */
export function createProviders(options: ProvidersOptions): Providers {
  return providersFrom((type) => LOADERS[type]?.(options))
}

/** Providers of which exactly these are there: a key service of somebody else, or one of the tests. */
export function providersOf(...list: readonly KeyProvider[]): Providers {
  return providersFrom((type) => {
    const provider = list.find((candidate) => candidate.type === type)
    return provider && Promise.resolve(provider)
  })
}

function providersFrom(load: (type: MasterKey['type']) => Promise<Closable> | undefined): Providers {
  const loaded = new Map<MasterKey['type'], Promise<Closable>>()
  const calls = createCalls()
  return {
    calls,
    async get(type) {
      const provider = loaded.get(type) ?? load(type)
      if (provider === undefined) throw unsupported(type)
      loaded.set(type, provider)
      return provider
    },
    async close() {
      calls.forget()
      await Promise.all(
        Array.from(loaded.values(), async (provider) => (await provider.catch(() => undefined))?.close?.()),
      )
    },
  }
}

function unsupported(type: MasterKey['type']): KmsfileError {
  return new KmsfileError(`${type} keys are not supported yet`, {
    code: 'KEY_UNSUPPORTED',
    hint: 'use keys of age or AWS KMS, the key services there are so far; sops writes files for the others',
  })
}
