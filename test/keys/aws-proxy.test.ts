import { expect, test } from 'vitest'
import { proxyAuthorization, proxyFor } from '../../src/keys/aws-proxy.ts'

const KMS = new URL('https://kms.eu-central-1.amazonaws.com')
const HTTPS_PROXY = 'http://proxy.corp:3128'

test('takes HTTPS_PROXY for https and HTTP_PROXY for http, in either case', () => {
  const env = { HTTPS_PROXY: 'http://a:1', http_proxy: 'http://b:2' }
  expect(proxyFor(KMS, env)?.host).toBe('a:1')
  expect(proxyFor(KMS, { https_proxy: 'http://c:3' })?.host).toBe('c:3')
  expect(proxyFor(new URL('http://kms.corp'), env)?.host).toBe('b:2')
  expect(proxyFor(KMS, { http_proxy: 'http://b:2' })).toBeUndefined()
  expect(proxyFor(KMS, {})).toBeUndefined()
  expect(proxyFor(KMS, { HTTPS_PROXY: '' })).toBeUndefined()
})

test('takes a proxy without a scheme for one of http', () => {
  expect(proxyFor(KMS, { HTTPS_PROXY: 'proxy.corp:3128' })?.href).toBe('http://proxy.corp:3128/')
})

test.each(['socks5://proxy:1080', 'http://', 'http://user:hunter2@host:port'])(
  'refuses %s without quoting it',
  (value) => {
    expect(() => proxyFor(KMS, { HTTPS_PROXY: value })).toThrow(
      expect.objectContaining({ code: 'VALUE_INVALID', message: 'HTTPS_PROXY is not the URL of an HTTP proxy' }),
    )
  },
)

// As golang.org/x/net/http/httpproxy documents it.
test.each([
  ['*', 'https://kms.corp', true],
  ['kms.corp', 'https://kms.corp', true],
  ['corp', 'https://kms.corp', true],
  ['.corp', 'https://kms.corp', true],
  ['*.corp', 'https://kms.corp', true],
  ['.kms.corp', 'https://kms.corp', false],
  ['ms.corp', 'https://kms.corp', false],
  ['KMS.Corp', 'https://kms.corp', true],
  ['x, kms.corp ,y', 'https://kms.corp', true],
  ['kms.corp:443', 'https://kms.corp', true],
  ['kms.corp:8443', 'https://kms.corp', false],
  ['kms.corp:8443', 'https://kms.corp:8443', true],
  ['10.1.2.3', 'https://10.1.2.3', true],
  ['10.1.2.3:80', 'https://10.1.2.3', false],
  ['10.0.0.0/8', 'https://10.1.2.3', true],
  ['10.0.0.0/8', 'https://11.1.2.3', false],
  ['10.0.0.0/8', 'https://kms.corp', false],
  ['10.0.0.0/99', 'https://10.1.2.3', false],
  ['fd00::/8', 'https://[fd00::1]', true],
  ['fd00::1', 'https://[fd00::1]', true],
  ['[fd00::1]:443', 'https://[fd00::1]', true],
  ['', 'https://kms.corp', false],
  [' , ,', 'https://kms.corp', false],
])('NO_PROXY=%j and %s: direct is %s', (entry, url, direct) => {
  for (const name of ['NO_PROXY', 'no_proxy']) {
    expect(proxyFor(new URL(url), { HTTPS_PROXY, [name]: entry }) === undefined).toBe(direct)
  }
})

test.each(['localhost:8443', '127.0.0.1', '127.1.2.3:80', '[::1]:443'])('never asks a proxy for %s', (host) => {
  expect(proxyFor(new URL(`https://${host}`), { HTTPS_PROXY })).toBeUndefined()
})

test('introduces itself to a proxy with the user and password of its URL', () => {
  expect(proxyAuthorization(new URL('http://me:pass%3Aword@proxy'))).toEqual({
    'Proxy-Authorization': `Basic ${Buffer.from('me:pass:word').toString('base64')}`,
  })
  expect(proxyAuthorization(new URL('http://proxy'))).toEqual({})
})
