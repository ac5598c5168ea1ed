import type { Host } from '../host/host.ts'
import type { DataKeyCache } from '../keys/keyring-session.ts'
import { type AgentConnection, connectAgent } from './client.ts'
import { entryId, serviceId } from './entry-id.ts'
import { launchAgent } from './launch.ts'
import type { Frame, Request } from './protocol.ts'

/** A {@link DataKeyCache} that ends with the run. What the agent remembers stays. */
export interface AgentMemory extends DataKeyCache {
  close(): void
}

export interface AgentMemoryOptions {
  /** Starts an agent where none runs, for this idle time. Without it, one that runs is used. */
  readonly start?: { readonly idle: string } | undefined
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

  return {
    async get(wrapped, masterKey) {
      const answer = await ask({ op: 'get', id: entryId(wrapped, masterKey) })
      if (answer?.head['found'] === true) return answer.body
      // It starts while a key service is asked.
      if (start !== undefined && !useless && (await connected()) === undefined) {
        launched ??= launchAgent(host, { ...start, signal: closing.signal })
      }
      return undefined
    },
    async set(wrapped, masterKey, bytes) {
      if ((await launched) === false) return
      await ask({ op: 'set', id: entryId(wrapped, masterKey), bytes })
    },
    async isSilent(service) {
      return (await ask({ op: 'is-silent', id: serviceId(service) }))?.head['silent'] === true
    },
    async noteSilent(service) {
      await ask({ op: 'note-silent', id: serviceId(service) })
    },
    close() {
      closing.abort()
      useless = true
      connection?.then((agent) => agent?.close())
    },
  }
}
