import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { AwsKmsKey } from '../../src/core/master-key.ts'
import { type AwsKmsOptions, awsKms } from '../../src/keys/aws-kms.ts'
import { ACCESS_KEY_ID, USER } from '../kms-server.ts'
import { ACCESS_KEYS, ARN, type AwsMachine, awsMachine, type MachineOptions, OTHER_ARN, ROLE } from './aws-machine.ts'
import { settled } from './fake-keys.ts'
import { startProxy } from './proxy-server.ts'

const key: AwsKmsKey = { type: 'aws-kms', arn: ARN }
const dataKey = new Uint8Array(32).fill(7)
const SESSION = 'arn:aws:sts::111122223333:assumed-role/deploy'

const SSO_CONFIG = `[profile sso]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = dev
[sso-session corp]
sso_region = eu-central-1
sso_start_url = https://corp.example/start
sso_registration_scopes = sso:account:access
`

async function setUp(machine: MachineOptions, options: Omit<AwsKmsOptions, 'host'> = {}) {
  const made: AwsMachine = await awsMachine(machine)
  const provider = awsKms({ host: made.host, ...options })
  onTestFinished(provider.close)
  return { kms: made.kms, provider, home: made.host.homeDir }
}

function ssoCache(): Readonly<Record<string, string>> {
  const token = { accessToken: 'token-of-sso', expiresAt: new Date(Date.now() + 3_600_000).toISOString() }
  return { [`.aws/sso/cache/${createHash('sha1').update('corp').digest('hex')}.json`]: JSON.stringify(token) }
}

function credentialsOf(profile: string, id: string = ACCESS_KEY_ID): string {
  return `[${profile}]\naws_access_key_id = ${id}\naws_secret_access_key = s\n`
}

test('assumes the role of the key once, in a session named after the machine', async () => {
  const { kms, provider } = await setUp({})
  const withRole = { ...key, role: ROLE }
  const wrapped = await Promise.all([1, 2, 3].map(() => provider.wrap(withRole, dataKey)))
  expect(await provider.unwrap(withRole, wrapped[0] ?? '')).toEqual(dataKey)

  const [first, ...rest] = kms.calls
  expect(first).toEqual({ action: 'AssumeRole', target: ROLE, caller: USER, region: 'eu-central-1' })
  expect(rest.map(({ action }) => action)).toEqual(['Encrypt', 'Encrypt', 'Encrypt', 'Decrypt'])
  const name = `kmsfile@${hostname().replace(/[^\w+=,.@-]/g, '')}`.slice(0, 64)
  expect(new Set(rest.map(({ caller }) => caller))).toEqual(new Set([`${SESSION}/${name}`]))
})

test('asks for the same key with a role and without it as two callers', async () => {
  const { kms, provider } = await setUp({})
  await provider.wrap(key, dataKey)
  await provider.wrap({ ...key, role: ROLE }, dataKey)
  await provider.wrap({ ...key, role: `${ROLE}-2` }, dataKey)
  const callers = kms.calls.filter(({ action }) => action === 'Encrypt').map(({ caller }) => caller.split('/')[1])
  expect(callers).toEqual(['me', 'deploy', 'deploy-2'])
})

test('says who may not assume the role', async () => {
  const { kms, provider } = await setUp({})
  kms.misbehave('deny', { target: ROLE })
  await expect(provider.wrap({ ...key, role: ROLE }, dataKey)).rejects.toMatchObject({
    message: `AccessDenied (as ${USER})`,
    hint: 'ask for sts:AssumeRole on the role',
  })
})

test('takes an empty role and an empty profile for none', async () => {
  const { kms, provider } = await setUp({})
  await provider.wrap({ ...key, role: '', profile: '' }, dataKey)
  expect(kms.calls.map(({ caller }) => caller)).toEqual([USER])
})

test('refuses a malformed role without asking', async () => {
  const { kms, provider } = await setUp({})
  await expect(provider.wrap({ ...key, role: 'deploy' }, dataKey)).rejects.toMatchObject({ code: 'KEY_INVALID' })
  expect(kms.calls).toHaveLength(0)
})

test('uses the profile that the file names', async () => {
  const { kms, provider } = await setUp({
    env: {},
    files: { '.aws/credentials': `${credentialsOf('default', 'AKIAUNKNOWN')}${credentialsOf('prod')}` },
  })
  await provider.wrap({ ...key, profile: 'prod' }, dataKey)
  expect(kms.calls[0]?.caller).toBe(USER)
  await expect(provider.wrap(key, dataKey)).rejects.toThrow(
    'UnrecognizedClientException (AWS does not know the access key)',
  )
})

test('finds profiles where AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE say', async () => {
  const config = `[profile team]\nrole_arn = ${ROLE}\nsource_profile = me\nrole_session_name = own\n`
  const { kms, provider, home } = await setUp({ env: {}, files: { config, credentials: credentialsOf('me') } })
  vi.stubEnv('AWS_CONFIG_FILE', `${home}/config`)
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', `${home}/credentials`)
  await provider.wrap({ ...key, profile: 'team' }, dataKey)
  expect(kms.calls.map(({ caller }) => caller)).toEqual([USER, `${SESSION}/own`])
})

test('passes over a profile that only the machine of somebody else has', async () => {
  const { kms, provider } = await setUp({ env: ACCESS_KEYS })
  await provider.wrap({ ...key, profile: 'anas-prod' }, dataKey)
  expect(kms.calls[0]?.caller).toBe(USER)
})

test('says so if it then finds no credentials', async () => {
  const { provider } = await setUp({ env: {} })
  await expect(provider.wrap({ ...key, profile: 'anas-prod' }, dataKey)).rejects.toThrow(
    'no credentials (no profile anas-prod here, AWS_PROFILE, AWS_ACCESS_KEY_ID, SSO, web identity)',
  )
})

test('prefers the profile that it was told to use, and insists on it', async () => {
  const files = { '.aws/credentials': `${credentialsOf('file', 'AKIAUNKNOWN')}${credentialsOf('mine')}` }
  const { kms, provider } = await setUp({ env: {}, files }, { profileOf: ({ arn }) => (arn === ARN ? 'mine' : 'gone') })
  await provider.wrap({ ...key, profile: 'file' }, dataKey)
  expect(kms.calls[0]?.caller).toBe(USER)
  await expect(provider.wrap({ ...key, arn: OTHER_ARN, profile: 'mine' }, dataKey)).rejects.toThrow(
    'no credentials in profile gone',
  )
})

test('takes AWS_PROFILE before access keys in the environment', async () => {
  const files = { '.aws/credentials': credentialsOf('team') }
  const env = { AWS_ACCESS_KEY_ID: 'AKIAUNKNOWN', AWS_SECRET_ACCESS_KEY: 's', AWS_PROFILE: 'team' }
  const warn = vi.spyOn(console, 'warn').mockReturnValue()
  const { kms, provider } = await setUp({ env, files })
  await provider.wrap(key, dataKey)
  expect(kms.calls[0]?.caller).toBe(USER)
  // The SDK has an opinion about it, which is not for the users of kmsfile.
  expect(warn).not.toHaveBeenCalled()
})

test('asks for the code of an MFA device once, on the terminal', async () => {
  const questions: string[] = []
  const ask = async (question: string) => {
    questions.push(question)
    return ' 123456 '
  }
  const config = `[profile team]\nrole_arn = ${ROLE}\nsource_profile = me\nmfa_serial = arn:aws:iam::111122223333:mfa/me\n`
  const files = { '.aws/config': config, '.aws/credentials': credentialsOf('me') }
  const { provider } = await setUp({ env: {}, files, terminal: { ask, askHidden: ask } })
  const profile = 'team'
  await Promise.all([
    provider.wrap({ ...key, profile }, dataKey),
    provider.wrap({ ...key, profile }, dataKey),
    provider.wrap({ ...key, profile, arn: OTHER_ARN }, dataKey),
  ])
  expect(questions).toEqual(['code of arn:aws:iam::111122223333:mfa/me: '])
})

test('waits for whoever types the code longer than for a server, and asks one thing at a time', async () => {
  onTestFinished(() => void vi.useRealTimers())
  const asked: string[] = []
  const ask = async (question: string) => {
    asked.push(question)
    vi.advanceTimersByTime(600_000)
    await settled()
    asked.push('answered')
    return '123456'
  }
  const role = (n: number) => `[profile p${n}]\nrole_arn = ${ROLE}\nsource_profile = me\nmfa_serial = mfa${n}\n`
  const files = { '.aws/config': `${role(1)}${role(2)}`, '.aws/credentials': credentialsOf('me') }
  const { provider } = await setUp({ env: {}, files, terminal: { ask, askHidden: ask } })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  await Promise.all(['p1', 'p2'].map((profile) => provider.wrap({ ...key, profile }, dataKey)))
  expect(asked.map((text) => text.slice(0, 8))).toEqual(['code of ', 'answered', 'code of ', 'answered'])
})

test('says that a code is needed where nobody can be asked', async () => {
  const config = `[profile team]\nrole_arn = ${ROLE}\nsource_profile = me\nmfa_serial = arn:aws:iam::1:mfa/me\n`
  const { provider } = await setUp({
    env: {},
    files: { '.aws/config': config, '.aws/credentials': credentialsOf('me') },
  })
  await expect(provider.wrap({ ...key, profile: 'team' }, dataKey)).rejects.toThrow('MFA')
})

test('says where credentials could come from if there are none', async () => {
  const { kms, provider } = await setUp({ env: {} })
  await expect(provider.wrap(key, dataKey)).rejects.toMatchObject({
    code: 'KEY_UNAVAILABLE',
    message: 'no credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID, SSO, web identity)',
  })
  expect(kms.calls).toHaveLength(0)
})

test('says that an SSO session is over, and how to get a new one', async () => {
  const { provider } = await setUp({ env: {}, files: { '.aws/config': SSO_CONFIG } })
  await expect(provider.wrap({ ...key, profile: 'sso' }, dataKey)).rejects.toMatchObject({
    message: 'the SSO session has expired',
    hint: 'run "aws sso login --profile sso"',
  })
})

test('takes the credentials of an SSO session', async () => {
  const { kms, provider } = await setUp({ env: {}, files: { '.aws/config': SSO_CONFIG, ...ssoCache() } })
  await provider.wrap({ ...key, profile: 'sso' }, dataKey)
  expect(kms.calls.map(({ action, target, caller }) => [action, target, caller])).toEqual([
    ['GetRoleCredentials', 'dev', 'token-of-sso'],
    ['Encrypt', ARN, 'arn:aws:sts::111122223333:assumed-role/dev/sso'],
  ])
})

test('asks SSO and STS for a profile through the proxy, too', async () => {
  const proxy = await startProxy()
  onTestFinished(proxy.close)
  const config = `${SSO_CONFIG}[profile team]\nrole_arn = ${ROLE}\nsource_profile = sso\n`
  const { kms, provider } = await setUp({ env: {}, files: { '.aws/config': config, ...ssoCache() } })
  // Only the proxy can resolve the name.
  vi.stubEnv('AWS_ENDPOINT_URL', `http://kms.test:${kms.port}`)
  vi.stubEnv('HTTP_PROXY', proxy.url)
  await provider.wrap({ ...key, profile: 'team', role: `${ROLE}-2` }, dataKey)
  expect(kms.calls.map(({ action }) => action)).toEqual(['GetRoleCredentials', 'AssumeRole', 'AssumeRole', 'Encrypt'])
  expect(proxy.seen).toHaveLength(4)
})

test('tells nothing of what a credential process says', async () => {
  const process = `node -e "console.error('hunter2');console.log('hunter2');require('node:process').exit(1)"`
  const { provider } = await setUp({
    env: {},
    files: { '.aws/config': `[profile p]\ncredential_process = ${process}\n` },
  })
  const error = await provider.wrap({ ...key, profile: 'p' }, dataKey).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'KEY_UNAVAILABLE' })
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hunter2')
})

test('exchanges a web identity token for credentials, as CI does', async () => {
  const env = { AWS_ROLE_ARN: ROLE, AWS_ROLE_SESSION_NAME: 'ci' }
  const { kms, provider, home } = await setUp({ env, files: { token: 'token-of-ci' } })
  vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', `${home}/token`)
  await provider.wrap(key, dataKey)
  expect(kms.calls.map(({ action, caller }) => [action, caller])).toEqual([
    ['AssumeRoleWithWebIdentity', 'token-of-ci'],
    ['Encrypt', `${SESSION}/ci`],
  ])
})

test('asks KMS and STS where their own endpoint variables say', async () => {
  const { kms: sts } = await awsMachine()
  const { kms, provider } = await setUp({})
  vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.url)
  vi.stubEnv('AWS_ENDPOINT_URL_KMS', kms.url)
  vi.stubEnv('AWS_ENDPOINT_URL', undefined)
  await provider.wrap({ ...key, role: ROLE }, dataKey).catch(() => undefined)
  expect(sts.calls.map(({ action }) => action)).toEqual(['AssumeRole'])
  expect(kms.calls).toHaveLength(0)
})
