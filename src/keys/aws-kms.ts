import type { KMSClient } from '@aws-sdk/client-kms'
import { fromBase64, toBase64 } from '../core/bytes.ts'
import { DATA_KEY_BYTES } from '../core/data-key.ts'
import type { AwsKmsKey } from '../core/master-key.ts'
import { KmsfileError } from '../errors.ts'
import { type AwsHost, awsClients } from './aws-clients.ts'
import { explainAwsError } from './aws-errors.ts'
import type { CallOptions, KeyProvider } from './provider.ts'

export interface AwsKmsOptions {
  /**
   * Where proxies, certificates and profiles are looked for. Credentials, endpoints (`AWS_ENDPOINT_URL_KMS`) and
   * retries (`AWS_MAX_ATTEMPTS`) are the SDK's business, which asks the environment of the process itself.
   */
  readonly host: AwsHost
  /** The profile to use for a key, before the one that the file names. */
  readonly profileOf?: (key: AwsKmsKey) => string | undefined
  /** How long one request may wait for its answer. */
  readonly attemptTimeoutMs?: number
  /** How long a call may take with credentials, throttling and retries; not counting a person who types a code. */
  readonly totalTimeoutMs?: number
}

/** A {@link KeyProvider} with connections to close at the end. */
export interface AwsKms extends KeyProvider<AwsKmsKey> {
  close(): Promise<void>
}

type Sdk = typeof import('./aws-sdk.ts')
type Send<T> = (client: KMSClient, sdk: Sdk, options: { readonly abortSignal: AbortSignal }) => Promise<T>

/**
 * Data keys wrapped by `Encrypt` of AWS KMS, with the encryption context as associated data. The region is that of the
 * ARN. A profile that the file names and this machine does not have is passed over.
 *
 * Whatever fails is a KmsfileError whose message is fit to be shown: `KEY_INVALID` for a malformed ARN or wrapped key,
 * `KEY_UNAVAILABLE` for the rest.
 */
export function awsKms({
  host,
  profileOf = () => undefined,
  attemptTimeoutMs = 10_000,
  totalTimeoutMs = 20_000,
}: AwsKmsOptions): AwsKms {
  const clients = awsClients(host, { profileOf, attemptTimeoutMs, maxSockets: 50 })

  async function call<T>(key: AwsKmsKey, action: string, send: Send<T>, { signal }: CallOptions = {}): Promise<T> {
    const profile = await clients.profileOf(key)
    try {
      const work = async (abortSignal: AbortSignal) => {
        const client = await clients.clientOf(key, profile)
        return send(client, await import('./aws-sdk.ts'), { abortSignal })
      }
      return await within(work, { ms: totalTimeoutMs, paused: clients.asking, signal })
    } catch (error) {
      const timeoutMs = error === TIMED_OUT ? totalTimeoutMs : attemptTimeoutMs
      throw explainAwsError(error, { action: `kms:${action}`, timeoutMs, profile, profileOfFile: key.profile })
    }
  }

  return {
    type: 'aws-kms',
    network: true,

    async wrap(key, dataKey, options) {
      const { CiphertextBlob } = await call(
        key,
        'Encrypt',
        (client, { EncryptCommand }, sendOptions) =>
          client.send(new EncryptCommand({ ...target(key), Plaintext: dataKey }), sendOptions),
        options,
      )
      return toBase64(given(CiphertextBlob))
    },

    async unwrap(key, wrapped, options) {
      const ciphertext = fromBase64(wrapped.trim())
      if (ciphertext === undefined || ciphertext.length === 0) {
        throw new KmsfileError('the wrapped data key is not base64', { code: 'KEY_INVALID' })
      }
      const { Plaintext } = await call(
        key,
        'Decrypt',
        (client, { DecryptCommand }, sendOptions) =>
          client.send(new DecryptCommand({ ...target(key), CiphertextBlob: ciphertext }), sendOptions),
        options,
      )
      return given(Plaintext)
    },

    async generate(key, options) {
      const { Plaintext, CiphertextBlob } = await call(
        key,
        'GenerateDataKey',
        (client, { GenerateDataKeyCommand }, sendOptions) =>
          client.send(new GenerateDataKeyCommand({ ...target(key), NumberOfBytes: DATA_KEY_BYTES }), sendOptions),
        options,
      )
      return { dataKey: given(Plaintext), wrapped: toBase64(given(CiphertextBlob)) }
    },

    close: clients.close,
  }
}

function target({ arn, encryptionContext }: AwsKmsKey) {
  return { KeyId: arn, EncryptionContext: { ...encryptionContext } }
}

function given(bytes: Uint8Array | undefined): Uint8Array {
  if (bytes !== undefined) return bytes
  throw new KmsfileError('the answer of KMS is not complete', { code: 'KEY_UNAVAILABLE' })
}

const TIMED_OUT = Object.assign(new Error('timed out'), { name: 'TimeoutError' })

interface Bounds extends CallOptions {
  readonly ms: number
  /** Where it says so when the time is over, there is as much again. */
  readonly paused: () => boolean
}

/**
 * Runs `work` until the signal aborts or the time is over. It need not listen to its own signal for that: the SDK does
 * not while it looks for credentials.
 */
async function within<T>(work: (signal: AbortSignal) => Promise<T>, { ms, paused, signal: outer }: Bounds): Promise<T> {
  const inner = new AbortController()
  const stop = () => inner.abort(Object.assign(new Error('aborted'), { name: 'AbortError' }))
  const ring = () => {
    if (paused()) timer = setTimeout(ring, ms)
    else inner.abort(TIMED_OUT)
  }
  let timer = setTimeout(ring, ms)
  outer?.addEventListener('abort', stop)
  if (outer?.aborted) stop()
  try {
    const aborted = new Promise<never>((_resolve, reject) => {
      inner.signal.addEventListener('abort', () => reject(inner.signal.reason))
      if (inner.signal.aborted) reject(inner.signal.reason)
    })
    return await Promise.race([aborted, work(inner.signal)])
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', stop)
  }
}
