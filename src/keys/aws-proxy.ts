import { BlockList, isIP } from 'node:net'
import { KmsfileError } from '../errors.ts'

type Env = Readonly<Record<string, string | undefined>>

/**
 * The proxy that the environment asks for on the way to `url`; undefined where the way is direct.
 *
 * `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in capitals or not, read as Go reads them, so that what works with sops
 * and the AWS tools works here: a name in `NO_PROXY` covers its subdomains, `.name` those alone, and `localhost` is
 * never asked for through a proxy.
 *
 * @throws KmsfileError `VALUE_INVALID` if the variable is no URL of an HTTP proxy.
 */
export function proxyFor(url: URL, env: Env): URL | undefined {
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const value = env[name] || env[name.toLowerCase()]
  if (!value || isLoopback(hostOf(url))) return undefined
  const exceptions = (env['NO_PROXY'] || env['no_proxy'] || '').split(',')
  if (exceptions.some((entry) => matches(entry.trim().toLowerCase(), url))) return undefined
  return parseProxy(name, value)
}

/** The header that tells a proxy who asks; empty where its URL has no user. */
export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === '') return {}
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
  return { 'Proxy-Authorization': `Basic ${Buffer.from(user).toString('base64')}` }
}

function parseProxy(name: string, value: string): URL {
  const text = value.includes('://') ? value : `http://${value}`
  const proxy = URL.canParse(text) ? new URL(text) : undefined
  if (proxy?.protocol === 'http:' || proxy?.protocol === 'https:') return proxy
  // The value stays out of the message: it may hold a password.
  throw new KmsfileError(`${name} is not the URL of an HTTP proxy`, {
    code: 'VALUE_INVALID',
    hint: `set ${name} to http://HOST:PORT`,
  })
}

/** One entry of NO_PROXY: `*`, an address, a CIDR range, `name` or `.name`, all but `*` and ranges with or without a port. */
function matches(entry: string, url: URL): boolean {
  if (entry === '') return false
  if (entry === '*') return true
  const host = hostOf(url)
  if (entry.includes('/')) return inRange(host, entry)
  const [, name = '', port] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(isIP(entry) ? `[${entry}]` : entry) ?? []
  if (port !== undefined && port !== portOf(url)) return false
  const suffix = name.replace(/^\*(?=\.)/, '')
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`)
}

function inRange(host: string, range: string): boolean {
  const family = isIP(host)
  const [network = '', bits = ''] = range.split('/')
  if (family === 0 || family !== isIP(network) || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) {
    return false
  }
  const list = new BlockList()
  list.addSubnet(network, Number(bits), family === 4 ? 'ipv4' : 'ipv6')
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** The host name in lower case; an IPv6 address without its brackets. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
}

function portOf({ port, protocol }: URL): string {
  return port || (protocol === 'https:' ? '443' : '80')
}
