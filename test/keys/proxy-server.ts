import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

export interface ProxyServer {
  readonly url: string
  /** `CONNECT kms.test:8443` and the like, in order. */
  readonly seen: readonly string[]
  close(): Promise<void>
}

export interface ProxyOptions {
  /** `user:password` that it asks for. */
  readonly user?: string
}

/** A proxy on 127.0.0.1 that finds every host on 127.0.0.1 too, so that names like `kms.test` work without DNS. */
export async function startProxy({ user }: ProxyOptions = {}): Promise<ProxyServer> {
  const seen: string[] = []
  const sockets = new Set<Socket>()
  const allowed = ({ headers }: IncomingMessage) =>
    user === undefined || headers['proxy-authorization'] === `Basic ${Buffer.from(user).toString('base64')}`

  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    if (!allowed(request)) return void response.writeHead(407).end()
    const { port, pathname, search } = new URL(request.url ?? '')
    const { 'proxy-authorization': _, ...headers } = request.headers
    const forward = httpRequest(
      { host: '127.0.0.1', port, path: pathname + search, method: request.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      },
    )
    request.pipe(forward)
  })
  server.on('connect', (request, client: Socket) => {
    seen.push(`CONNECT ${request.url}`)
    if (!allowed(request)) return void client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    const target = connect({ host: '127.0.0.1', port: Number(request.url?.split(':').at(-1)) }, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      client.pipe(target).pipe(client)
    })
    target.on('error', () => client.destroy())
    client.on('error', () => target.destroy())
    sockets.add(target)
  })
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
