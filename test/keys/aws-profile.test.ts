import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { caBundleOf } from '../../src/keys/aws-profile.ts'

interface Machine {
  readonly config?: string
  readonly env?: Readonly<Record<string, string>>
  readonly profile?: string
}

async function pathFor({ config, env = {}, profile }: Machine): Promise<string | undefined> {
  const homeDir = mkdtempSync(join(tmpdir(), 'kmsfile-profile-'))
  onTestFinished(() => rmSync(homeDir, { recursive: true }))
  mkdirSync(join(homeDir, '.aws'))
  if (config !== undefined) writeFileSync(join(homeDir, '.aws/config'), config)
  return (await caBundleOf(profile, { env, homeDir }))?.path
}

const TWO = '[default]\nca_bundle = /a\n\n[profile work]\nregion = x\nca_bundle = /b\n'

test.each<[string, Machine, string | undefined]>([
  ['there is no configuration', {}, undefined],
  ['no profile is named', { config: TWO }, '/a'],
  ['AWS_PROFILE names one', { config: TWO, env: { AWS_PROFILE: 'work' } }, '/b'],
  ['one is named', { config: TWO, profile: 'work', env: { AWS_PROFILE: 'default' } }, '/b'],
  ['the profile has none', { config: `${TWO}[profile other]\nregion = x\n`, profile: 'other' }, undefined],
  ['the profile is not there', { config: TWO, profile: 'gone' }, undefined],
  ['AWS_CA_BUNDLE is set', { config: TWO, env: { AWS_CA_BUNDLE: '/c' } }, '/c'],
  ['AWS_CA_BUNDLE is empty', { config: TWO, env: { AWS_CA_BUNDLE: '' } }, '/a'],
  ['the section is in quotes', { config: '[profile "my work"]\nca_bundle=/a\n', profile: 'my work' }, '/a'],
  ['the section is spelled in full', { config: '[ profile default ]\nca_bundle=/a\n' }, '/a'],
  [
    'a section is no profile',
    { config: '[work]\nca_bundle=/a\n[sso-session x]\nca_bundle=/b\n', profile: 'work' },
    undefined,
  ],
  ['settings are indented', { config: '[default]\n  region = x\n  ca_bundle = /a b\n' }, '/a b'],
  ['it belongs to another setting', { config: '[default]\ns3 =\n  ca_bundle = /a\nregion = x\n' }, undefined],
  ['there are comments', { config: '# x\r\n[default] ; x\r\n; ca_bundle = /b\r\nCA_Bundle = /a#b # x\r\n' }, '/a#b'],
  ['it is empty', { config: '[default]\nca_bundle =\n' }, undefined],
  ['it stands there twice', { config: '[default]\nca_bundle = /a\nca_bundle = /b\n' }, '/b'],
])('where %s, the bundle is the right one', async (_, machine, expected) => {
  expect(await pathFor(machine)).toBe(expected)
})

test('AWS_CONFIG_FILE says where the configuration is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kmsfile-profile-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'config'), '[default]\nca_bundle = /z\n')
  expect(await pathFor({ config: TWO, env: { AWS_CONFIG_FILE: join(folder, 'config') } })).toBe('/z')
})
