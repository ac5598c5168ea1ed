import type { Host } from '../host/host.ts'
import type { DataKeyCache } from '../keys/keyring-session.ts'
import { type AgentConnection, connectAgent } from './client.ts'
import { entryId } from './entry-id.ts'
import { launchAgent } from './launch.ts'
import type { Frame, Request } from './protocol.ts'

/** A {@link DataKeyCache} that ends with the run. What the agent remembers stays. */
export interface AgentMemory extends DataKeyCache {
  close(): void
}

export interface AgentMemoryOptions {
  /** Asked where no agent runs: whether to start one, and with which idle time. Without it, one that runs is used. */
  readonly start?: (() => Promise<{ readonly idle: string } | undefined>) | undefined
}

/**
 * Data keys that the user's agent remembers. An agent that is missing, hangs or dies is no error: it is not asked again in this
 * run, and the key services are.
 */
export function agentMemory(
  host: Pick<Host, 'env' | 'platform' | 'homeDir'>,
  { start }: AgentMemoryOptions = {},
): AgentMemory {
  const closing = new AbortController()
  let connection: Promise<AgentConnection | undefined> | undefined
  let launched: Promise<boolean> | undefined
  let useless = false

  /** The connection; made anew where the agent has ended it, as it does with those that nobody uses. */
  const connected = async (): Promise<AgentConnection | undefined> => {
    const known = connection
    const agent = await known
    if (agent?.closed === false) return agent
    // Unless somebody else was quicker.
    if (connection === known) connection = connectAgent(host)
    return connection
  }
  const ask = async (request: Request): Promise<Frame | undefined> => {
    if (useless) return undefined
    const agent = await connected()
    try {
      const answer = await agent?.ask(request)
      return answer?.head['ok'] === true ? answer : undefined
    } catch {
      useless = true
      agent?.close()
      return undefined
    }
  }

  const launch = async (): Promise<boolean> => {
    try {
      const wanted = await start?.()
      return wanted !== undefined && (await launchAgent(host, { ...wanted, signal: closing.signal }))
    } catch {
      // No process, no descriptor: nobody waits for what becomes of it.
      return false
    }
  }

  return {
    async get(wrapped, masterKey) {
      const answer = await ask({ op: 'get', id: entryId(wrapped, masterKey) })
      if (answer?.head['found'] === true) return answer.body
      // It starts while a key service is asked.
      if (start !== undefined && !useless && (await connected()) === undefined) launched ??= launch()
      return undefined
    },
    async set(wrapped, masterKey, bytes) {
      if ((await launched) === false) return
      await ask({ op: 'set', id: entryId(wrapped, masterKey), bytes })
    },
    close() {
      closing.abort()
      useless = true
      connection?.then((agent) => agent?.close())
    },
  }
}
