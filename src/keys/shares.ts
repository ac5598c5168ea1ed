import { DATA_KEY_BYTES, type DataKey, toDataKey } from '../core/data-key.ts'
import { KmsfileError } from '../errors.ts'

/** One byte for each of the data key, and the x at which the polynomials were taken. */
export const SHARE_BYTES = DATA_KEY_BYTES + 1

const MAX_SHARES = 255

/**
 * How many of the key groups must take part: `threshold`, or all of them where it is 0.
 *
 * @throws KmsfileError `CONFIG_INVALID` unless it is from 2 to the number of groups, of which there are 255 at most.
 */
export function sharesNeeded(groups: number, threshold = 0): number {
  const needed = threshold === 0 ? groups : threshold
  if (Number.isInteger(needed) && needed >= 2 && needed <= groups && groups <= MAX_SHARES) return needed
  throw new KmsfileError(`a threshold of ${needed} does not go with ${groups} key groups`, {
    code: 'CONFIG_INVALID',
    hint: `choose a threshold from 2 to the number of groups, and at most ${MAX_SHARES} groups`,
  })
}

/**
 * Splits a data key for key groups of which `needed` suffice: Shamir's scheme in GF(2^8) as HashiCorp Vault and sops
 * have it, 32 bytes of y and one of x. Unlike those of sops, the x are drawn at random, which either reads.
 */
export async function splitDataKey(dataKey: DataKey, groups: number, needed: number): Promise<readonly Uint8Array[]> {
  const { split } = await import('shamir-secret-sharing')
  // The package takes plain byte arrays only, no Buffer.
  return split(Uint8Array.from(dataKey), groups, needed)
}

/**
 * Recovers the data key. Shares of another split give another key, which shows where its first value is decrypted.
 *
 * @throws RangeError for fewer than two shares, or two with the same x: to be ruled out by {@link shareProblem}.
 */
export async function combineShares(shares: readonly Uint8Array[]): Promise<DataKey> {
  if (shares.length < 2 || new Set(shares.map(xOf)).size !== shares.length)
    throw new RangeError('shares do not combine')
  const { combine } = await import('shamir-secret-sharing')
  return toDataKey(await combine(shares.map((share) => Uint8Array.from(share))))
}

/** Why a share cannot join others, in words; undefined if it can. */
export function shareProblem(share: Uint8Array, others: readonly Uint8Array[]): string | undefined {
  const x = xOf(share)
  // At 0 stands the data key itself; a share from there would say that it is one of a key.
  if (x === 0) return 'its share is at the place of the data key'
  return others.some((other) => xOf(other) === x) ? 'its share is the same as that of another group' : undefined
}

function xOf(share: Uint8Array): number | undefined {
  return share[DATA_KEY_BYTES]
}
