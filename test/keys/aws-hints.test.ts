import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { awsHints } from '../../src/keys/aws-hints.ts'

function hints(env: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}) {
  const homeDir = mkdtempSync(join(tmpdir(), 'kmsfile-hints-'))
  onTestFinished(() => rmSync(homeDir, { recursive: true }))
  mkdirSync(join(homeDir, '.aws'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(homeDir, '.aws', name), text)
  return awsHints({ env, homeDir })
}

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'a-secret' }

test('a machine without anything for AWS has no credentials, and no problems', async () => {
  expect(await hints({})).toEqual({ credentials: undefined, profile: undefined, endpoint: undefined, problems: [] })
})

test.each([
  ['access keys in the environment', KEYS, {}],
  ['temporary access keys in the environment', { ...KEYS, AWS_SESSION_TOKEN: 'x' }, {}],
  ['profile default', {}, { credentials: '[default]\naws_access_key_id = x\n' }],
  ['profile default', {}, { config: '[default]\nregion = eu-central-1\n' }],
  ['profile work', { ...KEYS, AWS_PROFILE: 'work' }, { config: '[profile work]\nsso_session = x\n' }],
  ['a web identity token', { AWS_WEB_IDENTITY_TOKEN_FILE: '/dev/null', AWS_ROLE_ARN: 'arn' }, {}],
  ['the container', { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://localhost/' }, {}],
])('finds %s', async (credentials, env, files) => {
  expect(await hints(env, files)).toMatchObject({ credentials, problems: [] })
})

test.each([
  ['half of the access keys', { AWS_ACCESS_KEY_ID: 'x' }, /AWS_SECRET_ACCESS_KEY is not$/],
  ['a profile that is not configured', { AWS_PROFILE: 'gone' }, /AWS_PROFILE .*: gone$/],
  ['a token file that is not there', { AWS_WEB_IDENTITY_TOKEN_FILE: '/nonexistent' }, /AWS_WEB_IDENTITY_TOKEN_FILE/],
  ['certificates that are not there', { AWS_CA_BUNDLE: '/nonexistent' }, /AWS_CA_BUNDLE/],
])('finds that something is wrong with %s', async (_, env, problem) => {
  const { credentials, problems } = await hints(env)
  expect(credentials).toBeUndefined()
  expect(problems).toEqual([expect.stringMatching(problem)])
})

test('never says what a credential is', async () => {
  const found = await hints({ ...KEYS, AWS_SESSION_TOKEN: 'a-token' }, { credentials: '[default]\nx = a-secret\n' })
  expect(JSON.stringify(found)).not.toMatch(/a-secret|a-token|AKIA/)
})

test('the endpoint of KMS goes before that of all services', async () => {
  const env = { AWS_ENDPOINT_URL: 'http://all', AWS_ENDPOINT_URL_KMS: 'http://kms' }
  expect(await hints(env)).toMatchObject({ endpoint: 'http://kms' })
  expect(await hints({ AWS_ENDPOINT_URL: 'http://all' })).toMatchObject({ endpoint: 'http://all' })
})
