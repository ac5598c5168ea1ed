import { type ClientRequest, request as httpRequest } from 'node:http'
import { Agent, type AgentOptions, request as httpsRequest, type RequestOptions } from 'node:https'
import type { Duplex } from 'node:stream'
import { KmsfileError } from '../errors.ts'
import { proxyAuthorization } from './aws-proxy.ts'

type Connected = (error: Error | null, stream: Duplex) => void

export interface TunnelOptions extends AgentOptions {
  /** The proxy on the way to a server; undefined for the direct way. */
  readonly proxyFor: (url: URL) => URL | undefined
  /** How long a proxy may take to open a tunnel. */
  readonly connectTimeoutMs: number
}

/**
 * An agent of `node:https` whose connections lead through the proxy of the environment: `CONNECT` (RFC 9110, 9.3.6),
 * then TLS with the server itself. The proxy sees the server's name and nothing else.
 *
 * Node does this by itself from 24.5 on (`proxyEnv`), not before.
 */
export class TunnelAgent extends Agent {
  readonly #options: TunnelOptions
  readonly #opening = new Set<ClientRequest>()

  constructor(options: TunnelOptions) {
    super(options)
    this.#options = options
  }

  // Node calls this for each new connection; an answer that takes time goes to `connected` instead of the caller.
  override createConnection(options: RequestOptions, connected?: Connected): Duplex | null | undefined {
    const server = serverOf(options)
    const proxy = this.#options.proxyFor(new URL(`https://${server}`))
    if (proxy === undefined || connected === undefined) return super.createConnection(options, connected)
    this.#openTunnel(proxy, server, (error, socket) => {
      if (error !== null) return connected(error, socket)
      connected(null, super.createConnection({ ...options, socket } as RequestOptions) as Duplex)
    })
    return undefined
  }

  override destroy(): void {
    for (const request of this.#opening) request.destroy()
    super.destroy()
  }

  #openTunnel(proxy: URL, server: string, opened: Connected): void {
    const { ca, connectTimeoutMs } = this.#options
    const secure = proxy.protocol === 'https:'
    const request = (secure ? httpsRequest : httpRequest)({
      method: 'CONNECT',
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (secure ? 443 : 80),
      path: server,
      headers: { Host: server, ...proxyAuthorization(proxy) },
      // A connection of its own: it becomes the tunnel.
      agent: false,
      timeout: connectTimeoutMs,
      ...(secure && ca !== undefined && { ca }),
    })
    this.#opening.add(request)
    const fail = (problem: string) => opened(proxyError(proxy, problem), undefined as unknown as Duplex)

    request.once('close', () => this.#opening.delete(request))
    request.once('timeout', () => request.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })))
    request.on('error', (error: NodeJS.ErrnoException) => fail(`failed (${error.code ?? 'closed'})`))
    // Comes with any status: the answer to CONNECT has no body.
    request.once('connect', (response, socket) => {
      socket.setTimeout(0)
      if (response.statusCode === 200) return opened(null, socket)
      socket.destroy()
      fail(`answered ${response.statusCode}`)
    })
    request.end()
  }
}

function serverOf({ host, port }: RequestOptions): string {
  const name = host ?? 'localhost'
  return `${name.includes(':') ? `[${name}]` : name}:${port ?? 443}`
}

/** Names the proxy without the user and password of its URL. */
function proxyError({ host }: URL, problem: string): KmsfileError {
  return new KmsfileError(`the proxy ${host} ${problem}`, {
    code: 'KEY_UNAVAILABLE',
    hint: 'check HTTPS_PROXY, or name the server in NO_PROXY',
  })
}
