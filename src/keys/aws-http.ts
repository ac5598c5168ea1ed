import { readFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import tls from 'node:tls'
import type { NodeHttpHandler } from '@smithy/node-http-handler'
import { KmsfileError } from '../errors.ts'
import { proxyAuthorization, proxyFor } from './aws-proxy.ts'
import { TunnelAgent } from './aws-tunnel.ts'

type Env = Readonly<Record<string, string | undefined>>
type HttpRequest = Parameters<NodeHttpHandler['handle']>[0]

/** A file of certificates to trust, and what names it. */
export interface CaBundle {
  readonly path: string
  /** For people: `AWS_CA_BUNDLE`. */
  readonly namedBy: string
}

export interface AwsHttpOptions {
  readonly env: Env
  readonly caBundle: CaBundle | undefined
  /** How long one request may wait for its answer; half of it for the connection. */
  readonly attemptTimeoutMs: number
  /** Connections to one server. */
  readonly maxSockets: number
}

/**
 * Makes what sends the requests of the SDK, for KMS, STS and SSO alike: connections stay open for the next request,
 * lead through the proxy of the environment, and trust a bundle besides what Node trusts. The SDK by itself knows
 * neither. A failed request says on its error, as `peer`, whom it asked.
 *
 * @throws KmsfileError `FILE_UNREADABLE` for a certificate file that cannot be read or holds none.
 */
export async function awsHttp(
  Handler: typeof NodeHttpHandler,
  { env, caBundle, attemptTimeoutMs, maxSockets }: AwsHttpOptions,
): Promise<NodeHttpHandler> {
  const connectTimeoutMs = attemptTimeoutMs / 2
  const ca = caBundle && (await trusted(caBundle, env))
  const handler = new Handler({
    httpAgent: new Agent({ keepAlive: true, maxSockets }),
    httpsAgent: new TunnelAgent({
      keepAlive: true,
      maxSockets,
      connectTimeoutMs,
      proxyFor: (url) => proxyFor(url, env),
      ...(ca !== undefined && { ca }),
    }),
    connectionTimeout: connectTimeoutMs,
    requestTimeout: attemptTimeoutMs,
    throwOnRequestTimeout: true,
  })
  const send = handler.handle.bind(handler)
  return Object.assign(handler, {
    async handle(request: HttpRequest, options?: Parameters<typeof send>[1]) {
      try {
        return await send(forwarded(request, env), options)
      } catch (error) {
        throw Object.assign(error as Error, { peer: new URL(originOf(request)).host })
      }
    },
  })
}

/** A request without TLS goes to the proxy itself, with the whole URL as its target (RFC 9112, 3.2.2). */
function forwarded(request: HttpRequest, env: Env): HttpRequest {
  if (request.protocol === 'https:') return request
  const proxy = proxyFor(new URL(originOf(request)), env)
  if (proxy === undefined) return request
  const copy = request.clone()
  copy.protocol = proxy.protocol
  copy.hostname = proxy.hostname
  copy.port = Number(proxy.port) || (proxy.protocol === 'https:' ? 443 : 80)
  copy.path = `${originOf(request)}${request.path}`
  Object.assign(copy.headers, proxyAuthorization(proxy))
  return copy
}

function originOf({ protocol, hostname, port }: HttpRequest): string {
  return `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`
}

/** All certificates to trust. Without a bundle it is Node's own choice, which has `NODE_EXTRA_CA_CERTS` in it. */
async function trusted(bundle: CaBundle, env: Env): Promise<string[]> {
  // Naming any certificate replaces all that Node trusts by default, so these have to be named too.
  const getCACertificates: ((type: 'default') => string[]) | undefined = Reflect.get(tls, 'getCACertificates')
  const extra = env['NODE_EXTRA_CA_CERTS']
  // Node 22.15 can say what it trusts; before, the extra file has to be read a second time.
  const defaults =
    getCACertificates?.('default') ??
    [...tls.rootCertificates, extra ? await readFile(extra, 'utf8').catch(() => '') : ''].filter((text) => text !== '')
  return [...defaults, await readBundle(bundle)]
}

async function readBundle({ path, namedBy }: CaBundle): Promise<string> {
  const hint = `Set ${namedBy} to a file of certificates in PEM.`
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new KmsfileError(`cannot read ${namedBy}, ${path} (${error.code})`, { code: 'FILE_UNREADABLE', hint })
  })
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new KmsfileError(`${namedBy}, ${path}, holds no certificate`, { code: 'FILE_UNREADABLE', hint })
}
