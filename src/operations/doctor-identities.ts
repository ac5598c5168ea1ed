import { looseMode } from '../host/machine.ts'
import { identitySources } from '../keys/age-sources.ts'
import { type Check, problemOf } from './doctor-check.ts'
import type { OwnKeys } from './own-keys.ts'
import type { Workspace } from './workspace.ts'

/** The user's age identities: which lie ready, what is wrong with others, and whose files others may read. */
export async function checkIdentities(
  { host }: Workspace,
  { recipients, problems, silent }: OwnKeys,
): Promise<readonly Check[]> {
  const checks: Check[] = recipients.map(({ recipient, source }) => ({
    about: 'identity',
    state: 'ok',
    message: `identity of ${recipient} in ${source}`,
  }))
  for (const problem of problems) {
    checks.push({ hint: 'correct it, or take it out', ...problemOf('identity', problem) })
  }
  for (const { kind, name } of silent) {
    const message =
      kind === 'command'
        ? `the command in ${name} may have identities; it was not run`
        : `${name} does not show whose it is: empty, locked with a passphrase, or of a plugin`
    checks.push({ about: 'identity', state: 'ok', message })
  }
  for (const source of identitySources(host)) {
    const mode = source.kind === 'file' ? await looseMode(source.path, host.platform) : undefined
    if (mode === undefined) continue
    const message = `${source.name} can be read by others (mode ${mode})`
    checks.push({ about: 'identity', state: 'warning', message, hint: `chmod 600 ${source.name}` })
  }
  return checks.length > 0 ? checks : [{ about: 'identity', state: 'ok', message: 'no age identity on this machine' }]
}
