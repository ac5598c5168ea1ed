import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { configFinder } from '../../src/config/find.ts'
import type { Host } from '../../src/host/host.ts'
import { createProviders } from '../../src/keys/providers.ts'
import { type DoctorOptions, doctor } from '../../src/operations/doctor.ts'
import type { Check } from '../../src/operations/doctor-check.ts'
import type { Workspace } from '../../src/operations/workspace.ts'
import { findRepository } from '../../src/vcs/repository.ts'
import { fakeHost } from '../fake-host.ts'
import { ALIAS, ARN, awsMachine, OTHER_ARN } from '../keys/aws-machine.ts'
import { USER } from '../kms-server.ts'
import { ana, ben, FILE, team } from './team.ts'

type About = Check['about']

/** What is said about one thing. */
async function said(
  workspace: Workspace,
  about: About,
  options: Partial<DoctorOptions> = {},
): Promise<readonly Check[]> {
  const checks = await doctor(workspace, { version: '1.2.3', ...options })
  return checks.filter((check) => check.about === about)
}

/** A folder with these files, and what a command there works with. */
function folder(files: Readonly<Record<string, string>>, changes: Partial<Host> = {}): Workspace {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'kmsfile-doctor-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text, { mode: 0o600 })
  }
  const host = fakeHost({ cwd: root, homeDir: root, env: { PATH: process.env['PATH'] }, ...changes })
  const providers = createProviders({ host })
  onTestFinished(() => providers.close())
  return {
    host,
    providers,
    config: configFinder({ host }),
    flags: {},
    keyring: { now: host.now },
    ignoreMac: false,
    repository: (path) => findRepository(host, path),
    warn: () => {},
  }
}

const rules = (...lines: readonly string[]) =>
  ['version: 1', 'rules:', ...lines.map((line) => `  - { ${line} }`), ''].join('\n')

describe('the machine', () => {
  test('has the versions that were asked about', async () => {
    expect(await said(folder({}), 'version')).toMatchObject([
      { message: expect.stringMatching(/^kmsfile 1\.2\.3 on Node \d/) },
    ])
  })

  test('has a clock that may be wrong', async () => {
    const now = () => new Date('1970-01-01T00:01:00Z')
    expect(await said(folder({}, { now }), 'clock')).toMatchObject([{ state: 'problem' }])
    expect(await said(folder({}), 'clock')).toMatchObject([{ state: 'ok' }])
  })

  test('is behind the files that were written elsewhere', async () => {
    const there = team()
    there.rule('keys: [ana]')
    await there.protect('a: b\n')
    const now = () => new Date('2026-01-02T02:00:00Z')
    const late = { ...there.as(), host: { ...there.as().host, now } }
    expect(await said(late, 'clock')).toMatchObject([
      { state: 'ok' },
      { state: 'warning', message: expect.stringContaining(FILE) },
    ])
  })

  test('needs no editor for anything but edit', async () => {
    const env = { PATH: '/nonexistent' }
    expect(await said(folder({}, { env }), 'editor')).toMatchObject([{ state: 'warning' }])
  })

  test('does not start the editor that a repository brings along', async () => {
    const there = team()
    there.write('vi', '#!/bin/sh\ntouch started\n')
    chmodSync(join(there.as().host.cwd, 'vi'), 0o755)
    await there
      .as()
      .repository('x')
      .then((repository) => repository?.git(['config', 'core.editor', './vi']))
    expect(await said(there.as(), 'editor')).toContainEqual(
      expect.objectContaining({ hint: expect.stringMatching(/KMSFILE_EDITOR/) }),
    )
    expect(existsSync(join(there.as().host.cwd, 'started'))).toBe(false)
  })

  test("has a user's configuration that may be malformed", async () => {
    const broken = folder({ '.config/kmsfile/config.yaml': 'editors: vim\n' })
    expect(await said(broken, 'config')).toMatchObject([
      { state: 'problem', message: expect.stringMatching(/^~\/\.config\/kmsfile\/config\.yaml:1:1: /) },
      { state: 'warning' },
    ])
  })
})

describe('the keys of the rules', () => {
  const check = (text: string, env: Readonly<Record<string, string>> = {}) =>
    said(folder({ '.kmsfile.yaml': text }, { env: { KMSFILE_AGE_KEY: ana.identity, ...env } }), 'key')

  test('are enough where one of them is here', async () => {
    expect(await check(rules(`files: [a], keys: [{ age: ${ana.recipient} }, { age: ${ben.recipient} }]`))).toEqual([
      { about: 'key', state: 'ok', message: '.kmsfile.yaml:3 (a): you have what opens its files' },
    ])
  })

  test('are a single point of loss where there is but one', async () => {
    expect(await check(rules(`files: [a], keys: [{ age: ${ana.recipient} }]`))).toMatchObject([{ state: 'warning' }])
  })

  test('are of no use where none is here', async () => {
    expect(await check(rules(`files: [a], keys: [{ age: ${ben.recipient} }]`))).toMatchObject([
      { state: 'problem', hint: expect.stringContaining(ana.recipient) },
    ])
  })

  test('are counted by groups where there are several', async () => {
    const groups = `[[{ age: ${ana.recipient} }], [{ age: ${ben.recipient} }]]`
    expect(await check(rules(`files: [a], groups: ${groups}`))).toMatchObject([
      { state: 'problem', message: expect.stringContaining('keys of 1 of its groups, and 2 are needed') },
    ])
    expect(await check(rules(`files: [a], groups: ${groups}`), { SOPS_AGE_KEY: ben.identity })).toMatchObject([
      { state: 'ok' },
    ])
  })

  test('may be of a kind for which nothing can be encrypted', async () => {
    const pgp = '85D77543B3D624B63CEA9E6DBC17301B491B3F21'
    expect(await check(rules(`files: [a], keys: [{ pgp: ${pgp} }, { age: ${ana.recipient} }]`))).toMatchObject([
      { state: 'problem', message: expect.stringContaining('pgp keys cannot be used yet') },
      { state: 'ok' },
    ])
  })

  test('are named where the configuration names them', async () => {
    const plugin = 'age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t'
    const text = `version: 1\nrecipients: { token: { age: ${plugin} } }\nrules: [{ files: [a], keys: [token] }]\n`
    expect(await check(text)).toMatchObject([
      { state: 'problem', message: expect.stringMatching(/token \(age1yubikey.*age-plugin-yubikey/) },
      { state: 'problem' },
    ])
  })
})

describe('the configuration', () => {
  test('is missing', async () => {
    expect(await said(folder({}), 'config')).toMatchObject([{ state: 'warning', hint: 'make one: kmsfile init' }])
  })

  test('is malformed, which is said once', async () => {
    expect(await said(folder({ '.kmsfile.yaml': 'version: 2\n' }), 'config')).toMatchObject([
      { state: 'problem', message: expect.stringMatching(/^\.kmsfile\.yaml:1:10: /) },
    ])
    const checks = await doctor(folder({ '.kmsfile.yaml': 'version: 2\n' }), { version: '' })
    expect(checks.filter(({ state }) => state === 'problem')).toHaveLength(1)
  })

  test('may have what is odd', async () => {
    const groups = `[[{ age: ${ana.recipient} }], [{ age: ${ana.recipient} }, { age: ${ben.recipient} }]]`
    expect(await said(folder({ '.kmsfile.yaml': rules(`files: [a], groups: ${groups}`) }), 'config')).toMatchObject([
      { state: 'ok', message: '.kmsfile.yaml: 1 rule' },
      { state: 'warning', message: expect.stringMatching(/^\.kmsfile\.yaml:3: a key stands in two groups/) },
    ])
  })
})

describe('AWS', () => {
  const config = rules(`files: [a], keys: [{ aws_kms: "${ALIAS}" }, { aws_kms: "${OTHER_ARN}" }]`)

  async function withAws(text = config) {
    const { kms, host } = await awsMachine()
    const env = { ...host.env, KMSFILE_USER_CONFIG: join(host.homeDir, 'config.yaml') }
    return { kms, homeDir: host.homeDir, workspace: folder({ '.kmsfile.yaml': text }, { ...host, env }) }
  }

  test('is not asked unless somebody wants it', async () => {
    const { kms, workspace } = await withAws()
    expect(await said(workspace, 'aws')).toMatchObject([
      { state: 'ok', message: 'AWS credentials: access keys in the environment' },
      { state: 'warning', message: expect.stringMatching(/^requests for AWS go to http/) },
    ])
    expect(kms.connections).toBe(0)
  })

  test('is of no interest where no rule has a key of it', async () => {
    const { workspace } = await withAws(rules(`files: [a], keys: [{ age: ${ana.recipient} }]`))
    expect(await said(workspace, 'aws', { online: true })).toEqual([])
  })

  test('wraps and unwraps with every key, if asked', async () => {
    const { kms, workspace } = await withAws()
    expect((await said(workspace, 'aws', { online: true })).slice(2)).toEqual([
      { about: 'aws', state: 'ok', message: `${ALIAS}: wraps and unwraps` },
      { about: 'aws', state: 'ok', message: `${OTHER_ARN}: wraps and unwraps` },
    ])
    expect(kms.calls.map(({ action }) => action).sort()).toEqual(['Decrypt', 'Decrypt', 'Encrypt', 'Encrypt'])
    expect(new Set(kms.calls.map(({ caller }) => caller))).toEqual(new Set([USER]))
  })

  test('says what it does not allow', async () => {
    const { kms, workspace } = await withAws(rules(`files: [a], keys: [{ aws_kms: "${ARN}" }]`))
    kms.misbehave('deny')
    expect((await said(workspace, 'aws', { online: true })).slice(2)).toMatchObject([
      {
        state: 'problem',
        message: expect.stringMatching(/kms:Encrypt failed: AccessDenied/),
        hint: expect.any(String),
      },
    ])
  })

  test("does not know a profile that the user's configuration names", async () => {
    const { homeDir, workspace } = await withAws()
    writeFileSync(join(homeDir, 'config.yaml'), 'aws: { profiles: { "111122223333": work } }\n')
    expect(await said(workspace, 'aws')).toContainEqual(
      expect.objectContaining({ state: 'problem', hint: 'make it: aws configure --profile work' }),
    )
  })
})

describe('the repository', () => {
  test('names managed files in its attributes, or is told how', async () => {
    const there = team()
    there.rule('keys: [ana]')
    const [, attributes] = await said(there.as(), 'git')
    expect(attributes).toMatchObject({ state: 'warning', hint: 'bring it up to date: kmsfile init' })
    there.write('.gitattributes', '# kmsfile-begin\nsecrets -text\nsecrets/** -text\n# kmsfile-end\n')
    expect((await said(there.as(), 'git')).map(({ state }) => state)).toContain('ok')
  })

  test('may change line endings by an attribute', async () => {
    const there = team()
    there.rule('keys: [ana]')
    await there.protect('a: b\n')
    there.write('.gitattributes', '*.yaml text=auto\n')
    expect(await said(there.as(), 'git')).toContainEqual(
      expect.objectContaining({
        state: 'warning',
        message: `.gitattributes says text, so git changes the line endings of ${FILE}`,
      }),
    )
    there.write('.gitattributes', '*.yaml text=auto\nsecrets/** -text\n')
    const messages = (await said(there.as(), 'git')).map(({ message }) => message)
    expect(messages.join('\n')).not.toContain('line endings')
  })

  test('has files that need attention', async () => {
    const there = team()
    there.rule('keys: [ana]')
    await there.protect('a: b\n')
    expect(await said(there.as(), 'files')).toMatchObject([{ state: 'ok', message: '1 secrets file' }])
    there.write('secrets/x.yaml', 'a: b\n')
    expect(await said(there.as(), 'files')).toMatchObject([{ state: 'warning', hint: 'see which: kmsfile status' }])
  })
})
