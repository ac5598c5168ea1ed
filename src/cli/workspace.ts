import { configFinder } from '../config/find.ts'
import { asAsked } from '../config/trust-identity.ts'
import { type AwsKmsKey, type MasterKey, masterKeyName } from '../core/master-key.ts'
import type { Host } from '../host/host.ts'
import { createProviders } from '../keys/providers.ts'
import type { Workspace } from '../operations/workspace.ts'
import { lazyAgentMemory } from './agent-memory.ts'
import type { Arguments, Cli } from './command.ts'
import { decryptionOrderOf, filesOf, ruleFlagsOf, textOf } from './flags.ts'

/** Runs `action` with the workspace that the options describe, and closes its connections afterwards. */
export async function withWorkspace<T>(
  args: Arguments,
  cli: Cli,
  action: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  const { host } = cli
  const profile = textOf(args, 'aws-profile')
  let profiles: ReturnType<typeof userAwsProfiles> | undefined
  const loadAwsProfileOf = async () => {
    profiles ??= profile === undefined ? userAwsProfiles(host) : Promise.resolve(() => profile)
    return profiles
  }
  const providers = createProviders({ host, loadAwsProfileOf })
  const chosen = textOf(args, 'config')
  const config = configFinder({ host, config: chosen })
  // A configuration that somebody names must be there, also where nothing in it turns out to be needed.
  if (chosen !== undefined) await config.layers(host.cwd)
  const decryptionOrder = decryptionOrderOf(args)
  const memory = lazyAgentMemory(host, ({ message, file, hint }) =>
    cli.warn(message, { ...(file !== undefined && { file }), ...(hint !== undefined && { hint }) }),
  )
  const answered = new Set<MasterKey>()
  const workspace: Workspace = {
    host,
    providers,
    config,
    flags: await ruleFlagsOf(args),
    ignoreMac: args['ignore-mac'] === true,
    keyring: {
      signal: host.signal,
      now: host.now,
      cache: memory,
      onAnswer: (masterKey) => void (isRemote(masterKey) && answered.add(masterKey)),
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
    async encryptedVersions(paths) {
      const { encryptedVersions } = await import('../git/filters/transparent-status.ts')
      return encryptedVersions(workspace, paths)
    },
    warn: (message, about) => cli.warn(message, about),
  }
  try {
    return await action(workspace)
  } finally {
    for (const { file, line, message } of config.warnings()) {
      cli.warn(message, { file: line === undefined ? file : `${file}:${line}` })
    }
    memory.close()
    await providers.close()
    // Without the note, git shows less. The command itself has done what it should.
    const note = async () => {
      const profileOf = await loadAwsProfileOf()
      await noteUse(
        workspace,
        Array.from(answered, (key) => asAsked(key, profileOf)),
        filesOf(args),
      )
    }
    if (answered.size > 0) await note().catch(() => undefined)
  }
}

/** Keys that need nothing but what is on this machine may be used by anybody who runs here. */
function isRemote({ type }: MasterKey): boolean {
  return type !== 'age' && type !== 'pgp'
}

/**
 * Notes that a person has used keys in a repository, so that git may ask for them there, too. Nobody is asked whether it may: the
 * key service was just asked the same, with the same credentials, by a command that the person typed.
 */
async function noteUse(workspace: Workspace, keys: readonly MasterKey[], files: readonly string[]): Promise<void> {
  const { host } = workspace
  const { forgetSilences } = await import('../git/trust/silences.ts')
  await forgetSilences(host)
  const named = files.filter((file) => file !== '-')
  const repositories = await Promise.all(
    (named.length > 0 ? named : [host.cwd]).map((path) => workspace.repository(path)),
  )
  const [repository] = repositories
  // Of files here and there, nobody knows which key belongs to which.
  if (repository === undefined || repositories.some((each) => each?.commonDir !== repository.commonDir)) return
  const { noteUsedKeys } = await import('../git/trust/used-keys.ts')
  await noteUsedKeys(host, repository, keys)
}

/** The profiles that the user's own configuration names for accounts of AWS. */
async function userAwsProfiles(host: Host): Promise<(key: AwsKmsKey) => string | undefined> {
  const { awsProfileOf, loadUserConfig } = await import('../config/user-config.ts')
  const config = await loadUserConfig(host)
  return (key) => awsProfileOf(key, config)
}
