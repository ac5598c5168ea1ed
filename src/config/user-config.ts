import type { AwsKmsKey, MasterKey } from '../core/master-key.ts'
import type { Host } from '../host/host.ts'
import { shortPath } from '../host/user-config.ts'
import { parseDuration } from './duration.ts'
import { readTrustedKey } from './kmsfile-recipients.ts'
import { keyText } from './kmsfile-yaml-text.ts'
import { readConfigText } from './load.ts'
import { nodeEdits } from './node-edits.ts'
import { type NodeReader, nodeReader } from './node-reader.ts'
import type { ConfigNode, ConfigText } from './nodes.ts'
import { trustIdentity, withoutContext } from './trust-identity.ts'
import { userConfigPath } from './user-config-path.ts'
import { parseNodes } from './yaml-nodes.ts'

/** What a person wants of kmsfile, in every repository. Never in one: it could start programs and connections. */
export interface UserConfig {
  /** The command of an editor; environment variables are asked first. */
  readonly editor?: string | undefined
  /** The agent that remembers data keys. */
  readonly agent?: AgentConfig | undefined
  /** AWS account to the profile with which to ask its keys. */
  readonly awsProfiles: ReadonlyMap<string, string>
  /** Keys whose service may be asked by what git starts, not a person. */
  readonly trust: readonly MasterKey[]
}

export interface AgentConfig {
  /** Whether kmsfile starts it when it is missing. */
  readonly enabled: boolean
  /** How long after its last use a data key is forgotten. Undefined: as the agent sees fit. */
  readonly idleMs?: number | undefined
}

type Where = Pick<Host, 'env' | 'platform' | 'homeDir'>

/** An agent that forgets at once is none, and one that never does would be a key lying around. */
const MIN_IDLE_MS = 1000
const MAX_IDLE_MS = 12 * 3_600_000

/**
 * Reads the user's own configuration; where there is none, it is empty.
 *
 * @throws KmsfileError `CONFIG_INVALID` with file, line and column; `FILE_UNREADABLE`
 */
export async function loadUserConfig(host: Where): Promise<UserConfig> {
  const path = userConfigPath(host)
  const file = shortPath(path, host)
  return parseUserConfig((await readConfigText(path, { file })) ?? '', { file })
}

/** Reads the text of a user's configuration. @throws KmsfileError `CONFIG_INVALID` with file, line and column. */
export async function parseUserConfig(text: string, { file }: { file: string }): Promise<UserConfig> {
  const source: ConfigText = { text: text.replace(/^\uFEFF/, ''), file }
  const root = await parseNodes(source)
  if (root === undefined) return { awsProfiles: new Map(), trust: [] }
  const reader = nodeReader(source)
  const top = reader.fields(root, 'the configuration', ['editor', 'agent', 'aws', 'trust'])

  const aws = top.aws && reader.fields(top.aws.value, 'aws', ['profiles'])
  const awsProfiles = new Map<string, string>()
  for (const { key, value } of aws?.profiles === undefined ? [] : reader.map(aws.profiles.value, 'profiles').entries) {
    if (!/^\d{12}$/.test(key.text)) {
      throw reader.error(key, 'this is no number of an AWS account', 'write its twelve digits in quotes')
    }
    awsProfiles.set(key.text, reader.text(value, 'a profile'))
  }
  return {
    ...(top.editor && { editor: reader.text(top.editor.value, 'editor') }),
    ...(top.agent && { agent: readAgent(top.agent.value, reader) }),
    awsProfiles,
    trust: top.trust ? reader.list(top.trust.value, 'trust').items.map((node) => readTrustedKey(node, reader)) : [],
  }
}

/**
 * Reads how long a data key may lie unused: `15m`; undefined for what is no such time.
 *
 * One second to twelve hours.
 */
export function parseIdle(text: string): number | undefined {
  const ms = parseDuration(text)
  return ms !== undefined && ms >= MIN_IDLE_MS && ms <= MAX_IDLE_MS ? ms : undefined
}

/** `agent: true`, or `agent: { enabled: true, idle: 15m }`. */
function readAgent(node: ConfigNode, reader: NodeReader): AgentConfig {
  if (node.kind !== 'map') return { enabled: reader.bool(node, 'agent') }
  const { enabled, idle } = reader.fields(node, 'agent', ['enabled', 'idle'])
  return {
    enabled: enabled === undefined || reader.bool(enabled.value, 'enabled'),
    ...(idle && { idleMs: readIdle(idle.value, reader) }),
  }
}

function readIdle(node: ConfigNode, reader: NodeReader): number {
  const ms = node.kind === 'scalar' ? parseIdle(node.text) : undefined
  if (ms !== undefined) return ms
  throw reader.error(node, 'idle is no time between one second and twelve hours', 'write it with its unit: 15m')
}

/** The profile with which to ask for a key: that of its account. It goes before one that a file names. */
export function awsProfileOf({ arn }: AwsKmsKey, { awsProfiles }: Pick<UserConfig, 'awsProfiles'>): string | undefined {
  return awsProfiles.get(arn.split(':')[4] ?? '')
}

/**
 * Whether the user trusts a key: the same key with the same role, profile and address. The encryption context may be any,
 * since it only reaches the service that is trusted.
 */
export function isTrusted(key: MasterKey, { trust }: Pick<UserConfig, 'trust'>): boolean {
  const wanted = trustIdentity(key)
  return trust.some((trusted) => trustIdentity(trusted) === wanted)
}

/**
 * The text of a user's configuration with one more trusted key; the same text where it is trusted already.
 *
 * @throws KmsfileError `CONFIG_INVALID` if the text is malformed.
 */
export async function addTrustedKey(text: string, key: MasterKey, { file }: { file: string }): Promise<string> {
  if (isTrusted(key, await parseUserConfig(text, { file }))) return text
  const entry = keyText(withoutContext(key), { profile: true })
  const source: ConfigText = { text, file }
  const root = await parseNodes(source)
  const trust = root?.kind === 'map' ? root.entries.find((each) => each.key.text === 'trust')?.value : undefined
  const edits = nodeEdits(source)
  if (trust?.kind === 'list' && trust.items.length > 0) edits.addItem(trust, entry)
  else if (trust !== undefined) edits.insert(trust.start + 1, entry)
  else if (root?.kind === 'map' && root.flow) edits.addEntry(root, `trust: [${entry}]`)
  else edits.insert(text.length, `${/[^\n]$/.test(text) ? edits.eol : ''}trust:${edits.eol}  - ${entry}${edits.eol}`)
  const edited = edits.result()
  await parseUserConfig(edited, { file })
  return edited
}
