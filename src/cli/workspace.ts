import { configFinder } from '../config/find.ts'
import { type AwsKmsKey, masterKeyName } from '../core/master-key.ts'
import type { Host } from '../host/host.ts'
import { createProviders } from '../keys/providers.ts'
import type { Workspace } from '../operations/workspace.ts'
import type { Arguments, Cli } from './command.ts'
import { decryptionOrderOf, ruleFlagsOf, textOf } from './flags.ts'

/** Runs `action` with the workspace that the options describe, and closes its connections afterwards. */
export async function withWorkspace<T>(
  args: Arguments,
  cli: Cli,
  action: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  const { host } = cli
  const profile = textOf(args, 'aws-profile')
  const providers = createProviders({
    host,
    ...(profile !== undefined && { awsProfileOf: () => profile }),
    loadAwsProfileOf: () => userAwsProfiles(host),
  })
  const config = configFinder({ host, config: textOf(args, 'config') })
  const decryptionOrder = decryptionOrderOf(args)
  const workspace: Workspace = {
    host,
    providers,
    config,
    flags: await ruleFlagsOf(args),
    ignoreMac: args['ignore-mac'] === true,
    keyring: {
      signal: host.signal,
      now: host.now,
      ...(decryptionOrder !== undefined && { decryptionOrder }),
      ...(cli.verbose && {
        onCall: ({ action: what, masterKey, ms, reason }) =>
          cli.say(`${what} ${masterKeyName(masterKey)}: ${reason ?? 'ok'}, ${Math.round(ms)} ms`),
      }),
    },
    async repository(path) {
      const { findRepository } = await import('../vcs/repository.ts')
      return findRepository(host, path)
    },
    warn: (message, about) => cli.warn(message, about),
  }
  try {
    return await action(workspace)
  } finally {
    for (const { file, line, message } of config.warnings()) {
      cli.warn(message, { file: line === undefined ? file : `${file}:${line}` })
    }
    await providers.close()
  }
}

/** The profiles that the user's own configuration names for accounts of AWS. */
async function userAwsProfiles(host: Host): Promise<(key: AwsKmsKey) => string | undefined> {
  const { awsProfileOf, loadUserConfig } = await import('../config/user-config.ts')
  const config = await loadUserConfig(host)
  return (key) => awsProfileOf(key, config)
}
