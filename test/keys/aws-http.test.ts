import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { awsKms } from '../../src/keys/aws-kms.ts'
import { ACCESS_KEYS, ARN, awsMachine, ROLE } from './aws-machine.ts'
import { type ProxyOptions, startProxy } from './proxy-server.ts'

const key = { type: 'aws-kms', arn: ARN } as const
const dataKey = new Uint8Array(32).fill(7)
const CA = fixture('ca.pem')
const tls = { cert: readFileSync(fixture('server.pem'), 'utf8'), key: readFileSync(fixture('server.key'), 'utf8') }

function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url))
}

/** A KMS with TLS at `kms.test`, a name that only the proxy can resolve. */
async function setUp(
  env: Record<string, string>,
  { scheme = 'https', config = '', ...options }: ProxyOptions & { scheme?: string; config?: string } = {},
) {
  const proxy = await startProxy(options)
  const { kms, host } = await awsMachine({
    ...(scheme === 'https' && { tls }),
    env: { ...ACCESS_KEYS, ...env },
    files: { '.aws/config': config },
  })
  const server = `kms.test:${kms.port}`
  vi.stubEnv('AWS_ENDPOINT_URL', `${scheme}://${server}`)
  const provider = awsKms({ host })
  onTestFinished(async () => {
    await provider.close()
    await proxy.close()
  })
  return { kms, proxy, server, provider }
}

test('reaches KMS through the proxy of HTTPS_PROXY, and trusts the authority of AWS_CA_BUNDLE', async () => {
  const { kms, proxy, server, provider } = await setUp({ AWS_CA_BUNDLE: CA })
  vi.stubEnv('HTTPS_PROXY', proxy.url)
  expect(await provider.unwrap(key, await provider.wrap(key, dataKey))).toEqual(dataKey)
  expect(kms.calls.map(({ action }) => action)).toEqual(['Encrypt', 'Decrypt'])
  // One tunnel for both.
  expect(proxy.seen).toEqual([`CONNECT ${server}`])
})

test('asks STS through the proxy too', async () => {
  const { kms, proxy, server, provider } = await setUp({ AWS_CA_BUNDLE: CA })
  vi.stubEnv('https_proxy', proxy.url)
  await provider.wrap({ ...key, role: ROLE }, dataKey)
  expect(kms.calls.map(({ action }) => action)).toEqual(['AssumeRole', 'Encrypt'])
  expect(new Set(proxy.seen)).toEqual(new Set([`CONNECT ${server}`]))
})

test('opens many tunnels side by side', async () => {
  const { kms, proxy, provider } = await setUp({ AWS_CA_BUNDLE: CA })
  vi.stubEnv('HTTPS_PROXY', proxy.url)
  await Promise.all(Array.from({ length: 20 }, () => provider.wrap(key, dataKey)))
  expect(kms.calls).toHaveLength(20)
})

test('goes past the proxy where NO_PROXY says so', async () => {
  // Another name of this machine that is no loopback address, which would go past the proxy anyway.
  const { kms, proxy, provider } = await setUp({ NO_PROXY: '0.0.0.0/32' }, { scheme: 'http' })
  vi.stubEnv('AWS_ENDPOINT_URL', `http://0.0.0.0:${kms.port}`)
  vi.stubEnv('HTTP_PROXY', proxy.url)
  await provider.wrap(key, dataKey)
  vi.stubEnv('NO_PROXY', undefined)
  await provider.wrap(key, dataKey)
  expect(kms.calls).toHaveLength(2)
  expect(proxy.seen).toEqual([`POST http://0.0.0.0:${kms.port}/`])
})

test('introduces itself to a proxy that asks', async () => {
  const { kms, proxy, provider } = await setUp({ AWS_CA_BUNDLE: CA }, { user: 'me:pass' })
  vi.stubEnv('HTTPS_PROXY', proxy.url.replace('//', '//me:pass@'))
  await provider.wrap(key, dataKey)
  expect(kms.calls).toHaveLength(1)
})

test('says what the proxy answered, and nothing of the password', async () => {
  const { proxy, provider } = await setUp({ AWS_CA_BUNDLE: CA }, { user: 'me:pass' })
  vi.stubEnv('HTTPS_PROXY', proxy.url.replace('//', '//me:hunter2@'))
  await expect(provider.wrap(key, dataKey)).rejects.toThrow(`the proxy ${new URL(proxy.url).host} answered 407`)
})

test('says which proxy cannot be reached', async () => {
  const { proxy, provider } = await setUp({ AWS_CA_BUNDLE: CA })
  vi.stubEnv('HTTPS_PROXY', proxy.url)
  await proxy.close()
  await expect(provider.wrap(key, dataKey)).rejects.toThrow(
    `the proxy ${new URL(proxy.url).host} failed (ECONNREFUSED)`,
  )
})

test('leaves a proxy that does not answer when it is closed', async () => {
  const connected: unknown[] = []
  const silent = createServer((socket) => connected.push(socket.on('error', () => undefined)))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void silent.close())
  const { provider } = await setUp({ AWS_CA_BUNDLE: CA })
  const proxy = `127.0.0.1:${(silent.address() as AddressInfo).port}`
  vi.stubEnv('HTTPS_PROXY', proxy)
  const answer = provider.wrap(key, dataKey)
  const failure = expect(answer).rejects.toThrow(`the proxy ${proxy} failed (ECONNRESET)`)
  await vi.waitFor(() => expect(connected).toHaveLength(1))
  await provider.close()
  await failure
})

test('reaches an endpoint without TLS through HTTP_PROXY', async () => {
  const { kms, proxy, server, provider } = await setUp({}, { scheme: 'http', user: 'me:pass' })
  vi.stubEnv('HTTP_PROXY', proxy.url.replace('//', '//me:pass@'))
  expect(await provider.unwrap(key, await provider.wrap(key, dataKey))).toEqual(dataKey)
  expect(kms.calls).toHaveLength(2)
  expect(proxy.seen).toEqual([`POST http://${server}/`, `POST http://${server}/`])
})

test('refuses a certificate that nobody vouches for, and says how to trust it', async () => {
  const { kms, provider } = await setUp({})
  vi.stubEnv('AWS_ENDPOINT_URL', kms.url)
  await expect(provider.wrap(key, dataKey)).rejects.toMatchObject({
    message: expect.stringMatching(/^the certificate of 127\.0\.0\.1:\d+ is not trusted \(\w+\)$/),
    hint: 'name its CA in AWS_CA_BUNDLE',
  })
  expect(kms.calls).toHaveLength(0)
})

test('trusts NODE_EXTRA_CA_CERTS besides AWS_CA_BUNDLE', async () => {
  // The bundle names a certificate that signs nothing, so the other file has to be what counts.
  const { kms, provider } = await setUp({ AWS_CA_BUNDLE: fixture('server.pem'), NODE_EXTRA_CA_CERTS: CA })
  vi.stubEnv('AWS_ENDPOINT_URL', kms.url)
  await provider.wrap(key, dataKey)
  expect(kms.calls).toHaveLength(1)
})

test('trusts ca_bundle of each profile, for that profile', async () => {
  const keys = `aws_access_key_id = ${ACCESS_KEYS.AWS_ACCESS_KEY_ID}\naws_secret_access_key = x\n`
  const config = `[default]\nca_bundle = ${CA}\n[profile work]\nca_bundle=${CA}\n${keys}[profile other]\n${keys}`
  const { kms, provider } = await setUp({}, { config })
  vi.stubEnv('AWS_ENDPOINT_URL', kms.url)
  await provider.wrap(key, dataKey)
  await provider.wrap({ ...key, profile: 'work' }, dataKey)
  await provider.wrap({ ...key, role: ROLE }, dataKey)
  expect(kms.calls.map(({ action }) => action)).toEqual(['Encrypt', 'Encrypt', 'AssumeRole', 'Encrypt'])
  await expect(provider.wrap({ ...key, profile: 'other' }, dataKey)).rejects.toThrow('is not trusted')
})

test('trusts AWS_CA_BUNDLE, and not ca_bundle, where there are both', async () => {
  const { kms, provider } = await setUp({ AWS_CA_BUNDLE: CA }, { config: '[default]\nca_bundle = /nowhere/ca.pem\n' })
  vi.stubEnv('AWS_ENDPOINT_URL', kms.url)
  await provider.wrap(key, dataKey)
  expect(kms.calls).toHaveLength(1)
})

test('says what is wrong with ca_bundle, and where it stands', async () => {
  const { provider } = await setUp({}, { config: '[default]\nca_bundle = /nowhere/ca.pem\n' })
  await expect(provider.wrap(key, dataKey)).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    message: 'cannot read ca_bundle of the AWS profile default, /nowhere/ca.pem (ENOENT)',
    hint: 'Set ca_bundle of the AWS profile default to a file of certificates in PEM.',
  })
})

test.each([
  ['/nowhere/ca.pem', 'cannot read AWS_CA_BUNDLE, /nowhere/ca.pem (ENOENT)'],
  [fixture('README.md'), `AWS_CA_BUNDLE, ${fixture('README.md')}, holds no certificate`],
])('says what is wrong with the bundle %s', async (path, message) => {
  const { provider } = await setUp({ AWS_CA_BUNDLE: path })
  await expect(provider.wrap(key, dataKey)).rejects.toMatchObject({ code: 'FILE_UNREADABLE', message })
})
