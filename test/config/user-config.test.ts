import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  addTrustedKey,
  awsProfileOf,
  isTrusted,
  loadUserConfig,
  parseUserConfig,
} from '../../src/config/user-config.ts'
import { userConfigPath } from '../../src/config/user-config-path.ts'
import type { AwsKmsKey, MasterKey } from '../../src/core/master-key.ts'

const TEXT = readFileSync(new URL('../../fixtures/config/user/config.yaml', import.meta.url), 'utf8')
const file = 'config.yaml'
const prod: AwsKmsKey = {
  type: 'aws-kms',
  arn: 'arn:aws:kms:eu-central-1:111122223333:alias/prod',
  role: 'arn:aws:iam::111122223333:role/deploy',
  profile: 'prod',
}

describe("the user's own configuration", () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kmsfile-user-'))
  })
  afterEach(() => rm(folder, { recursive: true }))
  const host = (env: Record<string, string> = {}) => ({ env, platform: 'linux', homeDir: folder })

  test('stands in the folder for that, or where KMSFILE_USER_CONFIG says', () => {
    expect(userConfigPath(host())).toBe(join(folder, '.config/kmsfile/config.yaml'))
    expect(userConfigPath(host({ XDG_CONFIG_HOME: '/xdg' }))).toBe('/xdg/kmsfile/config.yaml')
    expect(userConfigPath(host({ KMSFILE_USER_CONFIG: '/else.yaml' }))).toBe('/else.yaml')
  })

  test('is empty where there is none', async () => {
    expect(await loadUserConfig(host())).toEqual({ awsProfiles: new Map(), trust: [] })
  })

  test('has an editor, the agent, profiles and trusted keys', async () => {
    await mkdir(join(folder, '.config/kmsfile'), { recursive: true })
    await writeFile(userConfigPath(host()), TEXT)
    const config = await loadUserConfig(host())
    expect(config).toMatchObject({
      editor: 'code --wait',
      agent: { enabled: true },
      trust: [prod, { type: 'vault-transit' }],
    })
    expect(awsProfileOf({ ...prod, profile: 'of the file' }, config)).toBe('prod')
    expect(awsProfileOf({ ...prod, arn: prod.arn.replace('111122223333', '012345678901') }, config)).toBe('sandbox')
    expect(awsProfileOf({ ...prod, arn: prod.arn.replace('111122223333', '999999999999') }, config)).toBeUndefined()
  })

  test('is named with its place where it is wrong', async () => {
    await mkdir(join(folder, '.config/kmsfile'), { recursive: true })
    await writeFile(userConfigPath(host()), 'editor: vi\nagnet: true\n')
    await expect(loadUserConfig(host())).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      file: '~/.config/kmsfile/config.yaml',
      line: 2,
      column: 1,
    })
  })
})

describe('a trusted key', () => {
  test('is trusted with its role, profile and address, whatever the encryption context', async () => {
    const config = await parseUserConfig(TEXT, { file })
    expect(isTrusted(prod, config)).toBe(true)
    expect(isTrusted({ ...prod, encryptionContext: { app: 'shop' } }, config)).toBe(true)
    expect(isTrusted({ ...prod, role: undefined }, config)).toBe(false)
    expect(isTrusted({ ...prod, profile: 'other' }, config)).toBe(false)
    const vault: MasterKey = {
      type: 'vault-transit',
      address: 'https://vault.example.com:8200',
      enginePath: 'transit',
      keyName: 'shop',
    }
    expect(isTrusted(vault, config)).toBe(true)
    expect(isTrusted({ ...vault, address: 'https://vault.example.org:8200' }, config)).toBe(false)
  })

  test.each([
    ['nothing', ''],
    ['no line break at the end', 'editor: vi'],
    ['a list', TEXT],
    ['an empty list', 'trust: []\n'],
    ['a list on one line', 'trust: [{ age: age1e6jfj38eg03495muvgqzgupr98g0ldyxcqnydtdczpqen7tpcpmsxwkpsg }] # mine\n'],
    ['a map on one line', '{ editor: vi }\n'],
    ['CRLF', 'editor: vi\r\n# end\r\n'],
  ])('is added to a text with %s, once', async (_, text) => {
    const key: AwsKmsKey = { ...prod, arn: `${prod.arn}-2`, encryptionContext: { app: 'shop' } }
    const added = await addTrustedKey(text, key, { file })
    const before = await parseUserConfig(text, { file })
    const after = await parseUserConfig(added, { file })
    expect(after).toEqual({ ...before, trust: [...before.trust, { ...prod, arn: `${prod.arn}-2` }] })
    expect(await addTrustedKey(added, key, { file })).toBe(added)
  })
})
