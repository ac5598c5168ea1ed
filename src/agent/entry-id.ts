import { createHash } from 'node:crypto'
import { type MasterKey, masterKeyIdentity } from '../core/master-key.ts'

/**
 * What the agent files a data key under: a hash of the wrapped key and of all that goes into unwrapping it (kind of key, ARN or
 * recipient, role, profile, encryption context, address). 64 hexadecimal digits.
 */
export function entryId(wrapped: string, masterKey: MasterKey): string {
  return hashOf('data key', masterKeyIdentity(masterKey), wrapped)
}

/** The same for a key service, by a name that its caller gives it. */
export function serviceId(service: string): string {
  return hashOf('service', service)
}

/** As JSON, the parts cannot run into each other. */
function hashOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
