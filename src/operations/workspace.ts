import type { ConfigFinder } from '../config/find.ts'
import type { RuleFlags } from '../config/rules.ts'
import type { Host } from '../host/host.ts'
import type { UnwrapOptions } from '../keys/keyring.ts'
import type { Providers } from '../keys/providers.ts'
import type { Repository } from '../vcs/repository.ts'

/** What every operation on files shares during one run: the machine, the key services, the configuration. */
export interface Workspace {
  readonly host: Host
  readonly providers: Providers
  readonly config: ConfigFinder
  /** What the command line says in place of the rules. */
  readonly flags: RuleFlags
  readonly keyring: UnwrapOptions
  /** Opens files whose MAC does not fit, as sops does with `--ignore-mac`. */
  readonly ignoreMac: boolean
  /** The repository that a file lies in, found once a folder. */
  repository(path: string): Promise<Repository | undefined>
  /**
   * Of files (absolute paths) that lie in the work tree as plaintext because somebody wants them to, what git has of them, encrypted.
   * Absent: there are none.
   */
  readonly encryptedVersions?: ((paths: readonly string[]) => Promise<ReadonlyMap<string, Uint8Array>>) | undefined
  /** Says to people what is no result and no error. */
  warn(message: string, about?: { readonly file?: string; readonly hint?: string }): void
}

/** How many files are worked on at the same time: enough to have their calls to key services side by side. */
const CONCURRENT_FILES = 32

/** Runs `work` on every item, at most `limit` at a time; results keep their order. The first failure ends it. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
  limit = CONCURRENT_FILES,
): Promise<R[]> {
  const results: R[] = new Array(items.length)
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index] as T, index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane))
  return results
}
