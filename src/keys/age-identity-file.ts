import type { Host } from '../host/host.ts'
import { createPrivateFile } from '../host/private-file.ts'
import { generateIdentity } from './age-identity.ts'
import { defaultIdentityPath } from './age-sources.ts'

/**
 * Makes an X25519 identity and writes it where kmsfile looks for one, as age-keygen would: readable for its owner alone,
 * never over a file that is there.
 *
 * @throws KmsfileError `FILE_EXISTS`, `FILE_UNWRITABLE`
 */
export async function createIdentityFile(
  host: Pick<Host, 'cwd' | 'env' | 'platform' | 'homeDir' | 'now' | 'randomBytes'>,
): Promise<{ readonly path: string; readonly recipient: string }> {
  const path = defaultIdentityPath(host)
  const { identity, recipient } = generateIdentity((size) => host.randomBytes(size))
  const created = host
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
  await createPrivateFile(path, `# created: ${created}\n# public key: ${recipient}\n${identity}\n`)
  return { path, recipient }
}
