import type { MasterKey } from '../core/master-key.ts'

export interface CallOptions {
  /** Ends the call early: the caller has its answer from elsewhere, or gave up. */
  readonly signal?: AbortSignal | undefined
}

/** One key service: wraps and unwraps 32-byte data keys (33-byte shares, where a threshold splits them). */
export interface KeyProvider<K extends MasterKey = MasterKey> {
  readonly type: K['type']
  /** True where `unwrap` asks a server, so that a slow one is worth racing. */
  readonly network: boolean
  /**
   * Returns the text that stands in the file as the entry's `enc`.
   *
   * @throws KmsfileError `KEY_INVALID` for a malformed key, `KEY_UNSUPPORTED` for a kind that is known but not
   * implemented; any other error is the service's own, and its message becomes the attempt's reason.
   */
  wrap(key: K, dataKey: Uint8Array, options?: CallOptions): Promise<string>
  /** Reverses {@link wrap}. The bytes are the caller's, to be wiped after use. */
  unwrap(key: K, wrapped: string, options?: CallOptions): Promise<Uint8Array>
  /** Has the service make the data key; absent where it cannot. */
  generate?(key: K, options?: CallOptions): Promise<{ readonly dataKey: Uint8Array; readonly wrapped: string }>
  /**
   * Says without using a key whether this machine could have what `unwrap` needs. False skips the attempt, with the
   * reason as its answer. Absent: always try.
   */
  canUnwrap?(key: K): Promise<true | string>
}
