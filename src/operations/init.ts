import { dirname, join, relative, resolve } from 'node:path'
import { newKmsfileYaml } from '../config/kmsfile-yaml-text.ts'
import type { Configuration } from '../config/rules.ts'
import { type KeyGroup, type MasterKey, masterKeyIdentity } from '../core/master-key.ts'
import { KmsfileError } from '../errors.ts'
import { createFile } from '../host/files.ts'
import { createIdentityFile } from '../keys/age-identity-file.ts'
import type { Repository } from '../vcs/repository.ts'
import { planAttributes, writeAttributes } from './git-attributes.ts'
import { checkUsable, nameKeys, type OwnIdentity, ownIdentity, userName } from './init-keys.ts'
import { ownKeys } from './own-keys.ts'
import type { Workspace } from './workspace.ts'

/** What a new configuration is for. */
const NEW_PATTERNS = ['secrets/**', '*.enc.{yaml,yml,json}']
const CONFIG_NAME = '.kmsfile.yaml'

export interface InitOptions {
  /** Finds out what would be done, and does nothing. */
  readonly dryRun?: boolean | undefined
}

export interface InitResult {
  /** Absolute path of the repository's top, or of the folder that is set up instead. */
  readonly folder: string
  readonly inRepository: boolean
  /**
   * The identity that was taken or made; undefined where none was looked for: keys were given, or the user may be able to
   * open the files as they are configured.
   */
  readonly identity: (OwnIdentity & { readonly made: boolean }) | undefined
  readonly config: {
    /** As people know it. */
    readonly file: string
    readonly source: 'kmsfile' | 'sops'
    readonly written: boolean
    readonly patterns: readonly string[]
    /** Every key of its rules with its name; none for an identity that a dry run did not make. */
    readonly keys: readonly { readonly name?: string | undefined; readonly key?: MasterKey | undefined }[]
  }
  /** Undefined where no attributes are to be had: in no repository, or rules of sops. */
  readonly attributes: { readonly file: string; readonly written: boolean } | undefined
  /** Whether the user has, or may have, what opens the files. */
  readonly openable: boolean
}

/**
 * Sets up a repository, or the working directory where that is in none: takes the configuration and the identity that are
 * there, makes what is missing, and changes nothing that is. A second run does nothing.
 *
 * The keys of the workspace's flags are those of the new configuration; without any it is the user's own identity.
 *
 * @throws KmsfileError `CONFIG_EXISTS` where a configuration that is there has other keys than the flags ask for;
 * `KEY_INVALID`, `KEY_UNSUPPORTED`, `KEY_IDENTITY_INVALID`, `CONFIG_INVALID`, `FILE_UNWRITABLE`
 */
export async function init(workspace: Workspace, { dryRun = false }: InitOptions = {}): Promise<InitResult> {
  const { cwd } = workspace.host
  const repository = await workspace.repository(join(cwd, 'x'))
  const [layer] = await workspace.config.layers(join(cwd, 'x'))
  return layer === undefined
    ? initNew(workspace, { repository, dryRun })
    : initExisting(workspace, layer.configuration, { repository, dryRun })
}

interface InitContext {
  readonly repository: Repository | undefined
  readonly dryRun: boolean
}

async function initNew(workspace: Workspace, { repository, dryRun }: InitContext): Promise<InitResult> {
  const { host, flags } = workspace
  const folder = repository?.topLevel ?? host.cwd
  const path = join(folder, CONFIG_NAME)
  const given = flags.keys ?? []
  checkUsable(given)
  const found = given.length > 0 ? undefined : await ownIdentity(workspace)
  // Whatever could still fail comes before the first file is made.
  const added = [{ folder: '', globs: NEW_PATTERNS }]
  const plan = repository && (await planAttributes(repository, { added }))
  const user = await userName(workspace, repository)

  const identity = found && (await realIdentity(workspace, found, { dryRun }))
  const own = new Set((await ownKeys(host)).recipients.map(({ recipient }) => recipient))
  const keys = identity?.kind === 'found' ? [{ type: 'age' as const, recipient: identity.recipient }] : given
  const recipients = nameKeys(keys, { user, own })
  if (!dryRun) {
    const rules = [{ files: NEW_PATTERNS, keys: [...recipients.keys()] }]
    await createFile(path, newKmsfileYaml({ recipients, rules }), { mode: 0o644 })
    if (plan !== undefined) await writeAttributes(plan)
  }
  return {
    folder,
    inRepository: repository !== undefined,
    identity,
    config: {
      file: shown(host.cwd, path),
      source: 'kmsfile',
      written: true,
      patterns: NEW_PATTERNS,
      keys: recipients.size > 0 ? Array.from(recipients, ([name, key]) => ({ name, key })) : [{ name: user }],
    },
    attributes: plan && { file: shown(host.cwd, plan.path), written: plan.current !== plan.wanted },
    openable: identity !== undefined || (await mayOpen(workspace, keys)),
  }
}

async function initExisting(
  workspace: Workspace,
  configuration: Configuration,
  { repository, dryRun }: InitContext,
): Promise<InitResult> {
  const { cwd } = workspace.host
  const keys = distinct(configuration.rules().flatMap(({ groups }) => groups.flat()))
  refuseOthers(workspace, keys, configuration)
  const plan = repository && (await planAttributes(repository))
  const written = plan !== undefined && plan.current !== plan.wanted
  const openable = keys.length === 0 || (await mayOpen(workspace, keys))
  const identity = openable ? undefined : await identityToAdd(workspace, { dryRun })
  if (plan !== undefined && !dryRun) await writeAttributes(plan)
  const [rule] = configuration.rules()
  return {
    folder: repository?.topLevel ?? dirname(resolve(cwd, configuration.file)),
    inRepository: repository !== undefined,
    identity,
    config: {
      file: configuration.file,
      source: configuration.source,
      written: false,
      patterns: configuration.patterns.flat(),
      keys: keys.map((key) => ({ name: rule?.names.get(masterKeyIdentity(key)), key })),
    },
    attributes: plan && { file: shown(cwd, plan.path), written },
    openable,
  }
}

/** For somebody who has none of the keys: the identity whose recipient others can add. What is wrong with it, doctor says. */
async function identityToAdd(workspace: Workspace, { dryRun }: { dryRun: boolean }) {
  try {
    return await realIdentity(workspace, await ownIdentity(workspace), { dryRun })
  } catch (error) {
    if (!(error instanceof KmsfileError) || error.code === 'INTERRUPTED') throw error
    return undefined
  }
}

async function realIdentity({ host }: Workspace, found: OwnIdentity, { dryRun }: { dryRun: boolean }) {
  if (found.kind === 'found') return { ...found, made: false }
  if (dryRun) return { ...found, made: true }
  const { path, recipient } = await createIdentityFile(host)
  return { kind: 'found' as const, source: path, recipient, made: true }
}

function refuseOthers({ flags }: Workspace, keys: KeyGroup, { file, source }: Configuration): void {
  const known = new Set(keys.map(masterKeyIdentity))
  if ((flags.keys ?? []).every((key) => known.has(masterKeyIdentity(key)))) return
  const where = source === 'sops' ? 'to the rules in it' : 'under recipients, and to keys'
  throw new KmsfileError('the configuration is there already, and has other keys', {
    code: 'CONFIG_EXISTS',
    file,
    hint: `add yours ${where}, then update the files: kmsfile updatekeys --all`,
  })
}

/** A key service may know the user; whether it does is not asked here. */
async function mayOpen({ host }: Workspace, keys: KeyGroup): Promise<boolean> {
  const own = await ownKeys(host)
  return keys.some((key) => own.has(key) !== 'no')
}

function distinct(keys: KeyGroup): KeyGroup {
  return [...new Map(keys.map((key) => [masterKeyIdentity(key), key])).values()]
}

function shown(cwd: string, path: string): string {
  const short = relative(cwd, path)
  return short.startsWith('..') ? path : short
}
