import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { configFinder } from '../../src/config/find.ts'
import { toDataKey } from '../../src/core/data-key.ts'
import type { AwsKmsKey, MasterKey } from '../../src/core/master-key.ts'
import { type TrustOptions, trustedWorkspace } from '../../src/git/trusted-keys.ts'
import { noteUsedKeys, usedKeys } from '../../src/git/used-keys.ts'
import type { Host } from '../../src/host/host.ts'
import { unwrapDataKey, wrapDataKey } from '../../src/keys/keyring.ts'
import type { DataKeyCache } from '../../src/keys/keyring-session.ts'
import { providersOf } from '../../src/keys/providers.ts'
import type { Workspace } from '../../src/operations/workspace.ts'
import { findRepository } from '../../src/vcs/repository.ts'
import { hostIn, scratch } from '../host/scratch.ts'
import { ALIAS, ARN, awsMachine, OTHER_ARN } from '../keys/aws-machine.ts'
import { type Answer, ageKey, DATA_KEY, fakeKeys, wrappedBy } from '../keys/fake-keys.ts'
import { gitRepository } from '../vcs/git-repository.ts'

const kms: AwsKmsKey = { type: 'aws-kms', arn: ARN }
const [here, elsewhere] = [{ commonDir: '/code/shop/.git' }, { commonDir: '/code/other/.git' }]

interface Setting {
  readonly answers?: Readonly<Record<string, Answer>>
  readonly cache?: DataKeyCache
  readonly host?: Host
}

/** A workspace with key services in memory. */
function setting({ answers = { [ARN]: DATA_KEY, ana: DATA_KEY }, cache, host = hostIn(scratch()) }: Setting = {}) {
  const { age, kms: service, asked } = fakeKeys(answers)
  const workspace: Workspace = {
    host,
    providers: providersOf(age, service),
    config: configFinder({ host }),
    flags: {},
    keyring: { ...(cache && { cache }) },
    ignoreMac: false,
    repository: async () => undefined,
    warn: () => {},
  }
  const open = (keys: readonly MasterKey[], place: typeof here | undefined = here, options: TrustOptions = {}) => {
    const { providers, keyring } = trustedWorkspace(workspace, place, options)
    return unwrapDataKey([keys.map((key) => wrappedBy(key))], providers, keyring)
  }
  return { host, workspace, asked, open }
}

function trust(host: Host, text: string): void {
  mkdirSync(join(host.homeDir, '.config/kmsfile'), { recursive: true })
  writeFileSync(join(host.homeDir, '.config/kmsfile/config.yaml'), text)
}

describe('what git starts', () => {
  test('uses identities of this machine, and reads nothing for that', async () => {
    const { open, host } = setting()
    trust(host, 'not: [a configuration')
    expect((await open([ageKey('ana')])).dataKey).toEqual(DATA_KEY)
  })

  test('asks no key service for a key that nobody trusts, and says what to do', async () => {
    const { open, asked } = setting()
    await expect(open([kms])).rejects.toMatchObject({
      code: 'KEY_UNAVAILABLE',
      attempts: [{ key: ARN, reason: expect.stringContaining('not asked for git') }],
      hint: expect.stringContaining('kmsfile decrypt FILE'),
    })
    expect(asked).toEqual([])
  })

  test("asks for a key that the user's configuration trusts, in any repository and in none", async () => {
    const { open, host } = setting()
    trust(host, `trust: [{ aws_kms: "${ARN}" }]\n`)
    expect((await open([kms])).dataKey).toEqual(DATA_KEY)
    expect((await open([{ ...kms, encryptionContext: { app: 'shop' } }], undefined)).dataKey).toEqual(DATA_KEY)
  })

  test('asks for a key that the user has used in this repository, with the same role and profile alone', async () => {
    const { open, host } = setting()
    await noteUsedKeys(host, here, [kms])
    expect((await open([kms])).dataKey).toEqual(DATA_KEY)
    for (const [key, place] of [
      [kms, elsewhere],
      [{ ...kms, role: 'arn:aws:iam::111122223333:role/admin' }, here],
      [{ ...kms, profile: 'admin' }, here],
      [{ ...kms, arn: OTHER_ARN }, here],
    ] as const) {
      const other = setting({ host })
      await expect(other.open([key], place)).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' })
      expect(other.asked).toEqual([])
    }
  })

  test('wraps for no key that nobody trusts', async () => {
    const { workspace, asked, host } = setting()
    const { providers, keyring } = trustedWorkspace(workspace, here)
    const wrapping = () => wrapDataKey(toDataKey(DATA_KEY.slice()), [[kms]], providers, keyring)
    await expect(wrapping()).rejects.toMatchObject({ code: 'KEY_WRAP_FAILED' })
    expect(asked).toEqual([])
    await noteUsedKeys(host, here, [kms])
    const again = trustedWorkspace(workspace, here)
    expect(await wrapDataKey(toDataKey(DATA_KEY.slice()), [[kms]], again.providers, again.keyring)).toHaveLength(1)
  })

  test('takes what the agent remembers, whatever the key', async () => {
    const cache = { get: async () => DATA_KEY.slice(), set: async () => {} }
    const { open, asked } = setting({ cache })
    expect((await open([kms])).dataKey).toEqual(DATA_KEY)
    expect(asked).toEqual([])
  })

  test('does not wait for a key service that does not answer, and does not ask it again', async () => {
    const noted: string[] = []
    const cache: DataKeyCache = {
      get: async () => undefined,
      set: async () => {},
      isSilent: async (service) => noted.includes(service),
      noteSilent: async (service) => void noted.push(service),
    }
    // One that does not even listen to being aborted.
    const answers = { [ARN]: () => new Promise<never>(() => {}) }
    const { open, host, asked } = setting({ answers, cache })
    await noteUsedKeys(host, here, [kms, { ...kms, arn: ALIAS }])
    await expect(open([kms], here, { limitMs: 20 })).rejects.toMatchObject({
      code: 'KEY_UNAVAILABLE',
      attempts: [{ reason: expect.stringContaining('did not answer within') }],
    })
    expect(noted).toHaveLength(1)
    // Another key of the same service, in another process.
    await expect(open([{ ...kms, arn: ALIAS }], here)).rejects.toMatchObject({
      attempts: [{ reason: expect.stringContaining('a short while ago') }],
    })
    expect(asked.filter((name) => !name.startsWith('-'))).toEqual([ARN])
  })

  test('opens a file with an identity although its key service is not asked', async () => {
    const { open, asked } = setting({ answers: { [ARN]: DATA_KEY, ana: new Error('not this one'), ben: DATA_KEY } })
    expect((await open([ageKey('ana'), kms, ageKey('ben')])).dataKey).toEqual(DATA_KEY)
    expect(asked).toEqual(['ana', 'ben'])
  })

  test('does not count as use by a person', async () => {
    const { workspace, host } = setting()
    await noteUsedKeys(host, here, [kms])
    const { keyring } = trustedWorkspace({ ...workspace, keyring: { onAnswer: () => {} } }, here)
    expect(keyring.onAnswer).toBeUndefined()
  })
})

describe('the record of keys that a person has used', () => {
  const files = (folder: string) => readdirSync(folder, { recursive: true, withFileTypes: true })

  test('lies where the user alone can read it', async () => {
    const host = hostIn(scratch())
    await noteUsedKeys(host, here, [kms])
    const folder = join(host.homeDir, '.local/state/kmsfile/used-keys')
    const [record] = files(folder)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, record?.name ?? '')).mode & 0o777).toBe(0o600)
  })

  test('grows, and leaves the encryption context out', async () => {
    const host = hostIn(scratch())
    await noteUsedKeys(host, here, [kms])
    await noteUsedKeys(host, here, [
      { ...kms, encryptionContext: { a: 'b' } },
      { ...kms, arn: ALIAS },
    ])
    expect((await usedKeys(host, here)).size).toBe(2)
    expect((await usedKeys(host, elsewhere)).size).toBe(0)
  })

  test.each(['', '[]', 'null', '{"keys":{}}', '{"keys":[1,null,{}]}', 'not JSON', '\u0000'])(
    'is empty where it says %j',
    async (text) => {
      const host = hostIn(scratch())
      await noteUsedKeys(host, here, [kms])
      const folder = join(host.homeDir, '.local/state/kmsfile/used-keys')
      for (const { name } of files(folder)) writeFileSync(join(folder, name), text)
      expect((await usedKeys(host, here)).size).toBe(0)
      await noteUsedKeys(host, here, [kms])
      expect((await usedKeys(host, here)).size).toBe(1)
    },
  )

  /** A repository with a file for a key of KMS, and a command line in it. */
  async function repositoryWithKms() {
    const { kms: server } = await awsMachine()
    const { top, write, host } = gitRepository()
    const own: Host = { ...host, env: { ...host.env, ...process.env, HOME: top, XDG_RUNTIME_DIR: top } }
    const kmsfile = (args: readonly string[], changes: Partial<Host> = {}) => run(args, { ...own, ...changes })
    write('plain.yaml', 'a: 1\n')
    expect(await kmsfile(['encrypt', '--kms', ARN, '--output', 'secret.yaml', 'plain.yaml'])).toBe(0)
    const repository = await findRepository(own, top)
    if (repository === undefined) throw new Error('no repository')
    rmSync(join(top, '.local'), { recursive: true })
    return { top, kmsfile, server, used: () => usedKeys(own, repository) }
  }

  test.each([
    ['decrypt', ['decrypt', 'secret.yaml']],
    ['get', ['get', 'secret.yaml', 'a']],
    ['set', ['set', 'secret.yaml', 'a', '2']],
    ['encrypt', ['encrypt', '--kms', ARN, 'plain.yaml']],
  ])('is written by %s', async (_, args) => {
    const { kmsfile, used } = await repositoryWithKms()
    expect(await kmsfile(args)).toBe(0)
    expect([...(await used())]).toEqual([expect.stringContaining(ARN)])
  })

  test('is not written where the key service refuses', async () => {
    const { kmsfile, server, used } = await repositoryWithKms()
    server.misbehave('deny')
    expect(await kmsfile(['decrypt', 'secret.yaml'])).toBe(5)
    expect((await used()).size).toBe(0)
  })

  test('is that of the repository that the file lies in', async () => {
    const { kmsfile, used, top } = await repositoryWithKms()
    expect(await kmsfile(['decrypt', join(top, 'secret.yaml')], { cwd: scratch() })).toBe(0)
    expect((await used()).size).toBe(1)
  })

  test('is written for no repository where the files lie in several', async () => {
    const { kmsfile, used, top } = await repositoryWithKms()
    const other = gitRepository()
    other.write('secret.yaml', readFileSync(join(top, 'secret.yaml')))
    const files = [join(top, 'secret.yaml'), join(other.top, 'secret.yaml')]
    expect(await kmsfile(['decrypt', '--output-dir', join(scratch(), 'out'), ...files], { cwd: '/' })).toBe(0)
    expect((await used()).size).toBe(0)
  })
})
