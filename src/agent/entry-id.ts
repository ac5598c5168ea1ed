import { createHash } from 'node:crypto'
import { type MasterKey, masterKeyIdentity } from '../core/master-key.ts'

/**
 * What the agent files a data key under: a hash of the wrapped key and of all that goes into unwrapping it (kind of key, ARN or
 * recipient, role, profile, encryption context, address). 64 hexadecimal digits.
 */
export function entryId(wrapped: string, masterKey: MasterKey): string {
  // As JSON, the parts cannot run into each other.
  return createHash('sha256')
    .update(JSON.stringify(['data key', masterKeyIdentity(masterKey), wrapped]))
    .digest('hex')
}
