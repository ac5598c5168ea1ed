import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { configFinder } from '../../src/config/find.ts'
import { toDataKey } from '../../src/core/data-key.ts'
import type { AwsKmsKey, MasterKey, WrappedKey } from '../../src/core/master-key.ts'
import { type TrustOptions, trustedWorkspace } from '../../src/git/trust/trusted-keys.ts'
import { noteUsedKeys } from '../../src/git/trust/used-keys.ts'
import type { Host } from '../../src/host/host.ts'
import { unwrapDataKey, wrapDataKey } from '../../src/keys/keyring.ts'
import type { DataKeyCache } from '../../src/keys/keyring-session.ts'
import { providersOf } from '../../src/keys/providers.ts'
import type { Workspace } from '../../src/operations/workspace.ts'
import type { Repository } from '../../src/vcs/repository.ts'
import { hostIn, scratch } from '../host/scratch.ts'
import { ALIAS, ARN, OTHER_ARN } from '../keys/aws-machine.ts'
import { type Answer, ageKey, DATA_KEY, fakeKeys, wrappedBy } from '../keys/fake-keys.ts'

const kms: AwsKmsKey = { type: 'aws-kms', arn: ARN }

type Place = Pick<Repository, 'commonDir'>

interface Setting {
  readonly answers?: Readonly<Record<string, Answer>>
  readonly cache?: DataKeyCache
  readonly host?: Host
}

/** A workspace with key services in memory, and the folders of two repositories. */
function setting({ answers = { [ARN]: DATA_KEY, ana: DATA_KEY }, cache, host = hostIn(scratch()) }: Setting = {}) {
  const [here, elsewhere] = ['shop', 'other'].map((name) => ({ commonDir: join(host.homeDir, name) }))
  if (here === undefined || elsewhere === undefined) throw new Error('no folders')
  for (const { commonDir } of [here, elsewhere]) mkdirSync(commonDir, { recursive: true })
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
  const unwrap = (wrapped: readonly WrappedKey[], place: Place | 'none' = here, options: TrustOptions = {}) => {
    const { providers, keyring } = trustedWorkspace(workspace, place === 'none' ? undefined : place, options)
    return unwrapDataKey([wrapped], providers, keyring)
  }
  const open = (keys: readonly MasterKey[], ...rest: [place?: Place | 'none', options?: TrustOptions]) =>
    unwrap(
      keys.map((key) => wrappedBy(key)),
      ...rest,
    )
  return { host, workspace, asked, open, unwrap, here, elsewhere }
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
    expect((await open([{ ...kms, encryptionContext: { app: 'shop' } }], 'none')).dataKey).toEqual(DATA_KEY)
  })

  test('asks for a key that the user has used in this repository, with the same role and profile alone', async () => {
    const { open, host, here, elsewhere } = setting()
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

  test('asks for the trusted ones among the keys of a file, and for no other', async () => {
    const stranger = { ...kms, arn: OTHER_ARN }
    const { open, host, here, asked } = setting({ answers: { [ARN]: DATA_KEY, [OTHER_ARN]: DATA_KEY } })
    await noteUsedKeys(host, here, [kms])
    expect((await open([stranger, { ...kms, profile: 'theirs' }, kms])).dataKey).toEqual(DATA_KEY)
    expect(asked).toEqual([ARN])
  })

  test('wraps for no key that nobody trusts', async () => {
    const { workspace, asked, host, here } = setting()
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
    // One that does not even listen to being aborted.
    const answers = { [ARN]: () => new Promise<never>(() => {}) }
    const { open, host, here, asked } = setting({ answers })
    await noteUsedKeys(host, here, [kms, { ...kms, arn: ALIAS }])
    await expect(open([kms], here, { limitMs: 20 })).rejects.toMatchObject({
      code: 'KEY_UNAVAILABLE',
      attempts: [{ reason: expect.stringContaining('did not answer within') }],
    })
    // Another key of the same service, in another process.
    const other = setting({ host })
    await expect(other.open([{ ...kms, arn: ALIAS }], here, { limitMs: 20 })).rejects.toMatchObject({
      attempts: [{ reason: expect.stringContaining('a short while ago') }],
    })
    expect([...asked, ...other.asked].filter((name) => !name.startsWith('-'))).toEqual([ARN])
  })

  test('asks again where it can wait longer', async () => {
    const { open, host, here } = setting({ answers: { [ARN]: () => new Promise<never>(() => {}) } })
    await noteUsedKeys(host, here, [kms])
    await expect(open([kms], here, { limitMs: 20 })).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' })
    expect((await setting({ host }).open([kms], here, { limitMs: 5000 })).dataKey).toEqual(DATA_KEY)
  })

  test('does not repeat in the next process what a key service has refused, until it is asked for something else', async () => {
    const { open, host, here, asked } = setting({ answers: { [ARN]: new Error('access denied') } })
    await noteUsedKeys(host, here, [kms])
    for (let i = 0; i < 2; i++) await expect(open([kms])).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' })
    expect(asked).toEqual([ARN])

    const next = setting({ host })
    await expect(next.open([kms])).rejects.toMatchObject({
      attempts: [{ reason: expect.stringContaining('a short while ago') }],
    })
    expect(next.asked).toEqual([])
    expect((await next.unwrap([wrappedBy(kms, 'of another file')])).dataKey).toEqual(DATA_KEY)
  })

  test('opens a file with an identity although its key service is not asked', async () => {
    const { open, asked } = setting({ answers: { [ARN]: DATA_KEY, ana: new Error('not this one'), ben: DATA_KEY } })
    expect((await open([ageKey('ana'), kms, ageKey('ben')])).dataKey).toEqual(DATA_KEY)
    expect(asked).toEqual(['ana', 'ben'])
  })

  test('does not count as use by a person', async () => {
    const { workspace, host, here } = setting()
    await noteUsedKeys(host, here, [kms])
    const { keyring } = trustedWorkspace({ ...workspace, keyring: { onAnswer: () => {} } }, here)
    expect(keyring.onAnswer).toBeUndefined()
  })
})
