import type { AgentMemory } from '../agent/memory.ts'
import { canHaveAgent, findSocket } from '../agent/socket.ts'
import { printDuration } from '../config/duration.ts'
import { userConfigPath } from '../config/user-config-path.ts'
import { KmsfileError } from '../errors.ts'
import type { Host } from '../host/host.ts'
import { readPrivateFile } from '../host/private-file.ts'

/** How long a data key lies unused before the agent forgets it, where nobody says something else. */
export const DEFAULT_AGENT_IDLE_MS = 15 * 60_000

type Where = Pick<Host, 'env' | 'platform' | 'homeDir'>

const MAX_CONFIG_BYTES = 1024 * 1024

/**
 * What the user's agent remembers, looked for when the first data key is needed. An agent that runs is used, unless
 * `KMSFILE_AGENT` is 0. One is started where it is 1, or where the user's own configuration says so: nothing that lies in a
 * repository can.
 *
 * Who has no agent loads nothing of it.
 */
export function lazyAgentMemory(host: Where, warn: (problem: KmsfileError) => void): AgentMemory {
  let found: Promise<AgentMemory | undefined> | undefined
  const memory = () => {
    found ??= findMemory(host, warn)
    return found
  }
  return {
    get: async (...args) => (await memory())?.get(...args),
    set: async (...args) => (await memory())?.set(...args),
    close: () => void found?.then((opened) => opened?.close()),
  }
}

async function findMemory(host: Where, warn: (problem: KmsfileError) => void): Promise<AgentMemory | undefined> {
  if (host.env['KMSFILE_AGENT'] === '0' || !canHaveAgent(host)) return undefined
  const wanted = () => wantedIdle(host, warn)
  // What a killed agent left lies there, too: whether one is wanted is asked again where none answers.
  const found = (await findSocket(host)) !== undefined
  const idle = found ? undefined : await wanted()
  if (!found && idle === undefined) return undefined
  const { agentMemory } = await import('../agent/memory.ts')
  return agentMemory(host, { start: found ? wanted : async () => idle })
}

/** How an agent is to be started; undefined where none is wanted. */
async function wantedIdle(
  host: Where,
  warn: (problem: KmsfileError) => void,
): Promise<{ readonly idle: string } | undefined> {
  const always = host.env['KMSFILE_AGENT'] === '1'
  try {
    const agent = (await mentionsAgent(host)) ? await configured(host) : undefined
    return agent?.enabled || always ? { idle: printDuration(agent?.idleMs ?? DEFAULT_AGENT_IDLE_MS) } : undefined
  } catch (error) {
    if (!(error instanceof KmsfileError)) throw error
    // Without an agent everything works; but whoever wants one should know.
    warn(error)
    return undefined
  }
}

/** Parsing the configuration takes longer than decrypting a file does. */
async function mentionsAgent(host: Where): Promise<boolean> {
  const text = await readPrivateFile(userConfigPath(host), MAX_CONFIG_BYTES)
  return text !== undefined && Buffer.from(text).includes('agent')
}

async function configured(host: Where) {
  const { loadUserConfig } = await import('../config/user-config.ts')
  return (await loadUserConfig(host)).agent
}
