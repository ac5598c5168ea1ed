import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DisableKeyCommand,
  ReplicateKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type AwsServer, hasPython, startMinistack, startMoto } from './aws-servers.ts'
import { ana } from './people.ts'
import { type Desk, hasSops, newDesk } from './sops.ts'
import { readSame } from './yaml-values.ts'

const YAML = 'database:\n  password: hunter2   # secret\n  port: 5432\n'
const CONTEXT = 'app:shop,env:prod'

/** Starts a server before the tests of a `describe`, and stops it after them. */
function server(start: (folder: string) => Promise<AwsServer>) {
  const folder = mkdtempSync(join(tmpdir(), 'kmsfile-interop-'))
  let running: AwsServer | undefined
  beforeAll(async () => {
    running = await start(folder)
  })
  afterAll(async () => {
    await running?.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  return () => {
    if (running === undefined) throw new TypeError('the server is not running')
    return running
  }
}

async function newKey(aws: AwsServer, input: CreateKeyCommandInput = {}, region?: string): Promise<string> {
  const { KeyMetadata } = await aws.client(region).send(new CreateKeyCommand(input))
  return String(KeyMetadata?.Arn)
}

function deskAt(aws: AwsServer): Desk {
  const desk = newDesk({ SOPS_AGE_KEY: '' })
  desk.write('plain.yaml', YAML)
  aws.forget()
  const withAws = (options: Parameters<Desk['sops']>[1]) => ({ ...options, env: { ...aws.env, ...options?.env } })
  return {
    ...desk,
    sops: (args, options) => desk.sops(args, withAws(options)),
    kmsfile: (args, options) => desk.kmsfile(args, withAws(options)),
  }
}

type Name = 'sops' | 'kmsfile'
const BOTH_WAYS: readonly (readonly [writer: Name, reader: Name])[] = [
  ['kmsfile', 'sops'],
  ['sops', 'kmsfile'],
]

async function encryptWith(desk: Desk, writer: Name, flags: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await desk[writer](['encrypt', ...flags, 'plain.yaml'])
  expect(code, stderr).toBe(0)
  desk.write('secret.yaml', stdout)
}

async function expectOpens(desk: Desk, reader: Name, file = 'secret.yaml'): Promise<void> {
  const { code, stdout, stderr } = await desk[reader](['decrypt', file])
  expect(code, stderr).toBe(0)
  expect(readSame(stdout, YAML)).toBe(true)
}

const needed = hasSops && hasPython

describe.skipIf(!needed).each([
  ['moto', startMoto],
  ['ministack', startMinistack],
] as const)('AWS KMS of %s, both ways', (_name, start) => {
  const aws = server(start)

  test.for(BOTH_WAYS)('a key, with an encryption context: %s to %s', async ([writer, reader]) => {
    const arn = await newKey(aws())
    const desk = deskAt(aws())
    await encryptWith(desk, writer, ['--kms', arn, '--encryption-context', CONTEXT])
    await expectOpens(desk, reader)

    expect(aws().asked).toEqual(['KMS Encrypt', 'KMS Decrypt'])
    const [entry] = parse(desk.read('secret.yaml')).sops.kms
    expect(entry).toMatchObject({ arn, aws_profile: '', context: { app: 'shop', env: 'prod' } })
  })

  test.for(BOTH_WAYS)('another context opens it with neither: %s', async ([writer]) => {
    const arn = await newKey(aws())
    const desk = deskAt(aws())
    await encryptWith(desk, writer, ['--kms', arn, '--encryption-context', CONTEXT])
    desk.write('secret.yaml', desk.read('secret.yaml').replace('env: prod', 'env: test'))

    expect((await desk.sops(['decrypt', 'secret.yaml'])).code).toBe(128)
    const { code, stderr } = await desk.kmsfile(['decrypt', 'secret.yaml'])
    expect(code).toBe(5)
    expect(stderr).toContain(arn)
    expect(stderr).toContain('InvalidCiphertextException')
  })

  test.for(BOTH_WAYS)('the ARN of an alias: %s to %s', async ([writer, reader]) => {
    const arn = await newKey(aws())
    const alias = `alias/for-${writer}`
    await aws()
      .client()
      .send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: arn }))
    const desk = deskAt(aws())
    await encryptWith(desk, writer, ['--kms', arn.replace(/key\/.*/, alias)])

    expect(parse(desk.read('secret.yaml')).sops.kms[0].arn).toMatch(new RegExp(`${alias}$`))
    await expectOpens(desk, reader)
  })

  test.for(BOTH_WAYS)('a role is assumed first: %s to %s', async ([writer, reader]) => {
    const arn = await newKey(aws())
    const role = arn.replace(/^arn:aws:kms:[^:]*:(\d+):.*$/, 'arn:aws:iam::$1:role/secrets')
    const desk = deskAt(aws())
    await encryptWith(desk, writer, ['--kms', `${arn}+${role}`])
    await expectOpens(desk, reader)

    expect(parse(desk.read('secret.yaml')).sops.kms[0]).toMatchObject({ arn, role })
    expect(aws().asked).toEqual(['STS AssumeRole', 'KMS Encrypt', 'STS AssumeRole', 'KMS Decrypt'])
  })

  test.for(BOTH_WAYS)('a share for a key and one for an identity: %s to %s', async ([writer, reader]) => {
    const arn = await newKey(aws())
    const desk = deskAt(aws())
    desk.write(
      '.sops.yaml',
      `creation_rules:\n  - shamir_threshold: 2\n    key_groups: [{kms: [{arn: "${arn}"}]}, {age: [${ana.recipient}]}]\n`,
    )
    await encryptWith(desk, writer, [])

    expect((await desk[reader](['decrypt', 'secret.yaml'])).code).not.toBe(0)
    await expectOpens({ ...desk, [reader]: (args: string[]) => desk[reader](args, { env: ana.env }) }, reader)
  })

  test('data_key: kms has the service make the data key', async () => {
    const arn = await newKey(aws())
    const desk = deskAt(aws())
    desk.write(
      '.kmsfile.yaml',
      `version: 1\nrules:\n  - files: ["*.yaml"]\n    keys: [{ aws_kms: "${arn}" }, { age: ${ana.recipient} }]\n    data_key: kms\n`,
    )
    await encryptWith(desk, 'kmsfile', [])
    expect(aws().asked).toEqual(['KMS GenerateDataKey'])

    await expectOpens(desk, 'sops')
    await expectOpens({ ...desk, sops: (args) => desk.sops(args, { env: ana.env }) }, 'sops')
  })
})

describe.skipIf(!needed)('keys of AWS KMS in every state', () => {
  const aws = server(startMinistack)

  test.for(BOTH_WAYS)('of two keys one is disabled: %s to %s', async ([writer, reader]) => {
    const arns = [await newKey(aws()), await newKey(aws())]
    const desk = deskAt(aws())
    await encryptWith(desk, writer, ['--kms', arns.join(',')])
    await aws()
      .client()
      .send(new DisableKeyCommand({ KeyId: arns[0] }))

    await expectOpens(desk, reader)
  })

  test('of disabled and deleted keys every attempt is listed', async () => {
    const [disabled, deleted] = [await newKey(aws()), await newKey(aws())]
    const desk = deskAt(aws())
    await encryptWith(desk, 'sops', ['--kms', `${disabled},${deleted}`])
    await aws()
      .client()
      .send(new DisableKeyCommand({ KeyId: disabled }))
    await aws()
      .client()
      .send(new ScheduleKeyDeletionCommand({ KeyId: deleted, PendingWindowInDays: 7 }))

    expect((await desk.sops(['decrypt', 'secret.yaml'])).code).toBe(128)
    const { code, stdout, stderr } = await desk.kmsfile(['decrypt', 'secret.yaml'])
    expect([code, stdout]).toEqual([5, ''])
    const line = (arn: string) => stderr.split('\n').find((each) => each.includes(arn))
    expect(line(disabled)).toContain('DisabledException')
    expect(line(deleted)).toContain('KMSInvalidStateException')
  })

  test('nothing is encrypted for a key that is disabled', async () => {
    const [arn, disabled] = [await newKey(aws()), await newKey(aws())]
    await aws()
      .client()
      .send(new DisableKeyCommand({ KeyId: disabled }))
    const desk = deskAt(aws())

    expect((await desk.sops(['encrypt', '--kms', `${arn},${disabled}`, 'plain.yaml'])).code).not.toBe(0)
    const { code, stderr } = await desk.kmsfile(['encrypt', '-i', '--kms', `${arn},${disabled}`, 'plain.yaml'])
    expect(code).toBe(5)
    expect(stderr).toContain(disabled)
    expect(desk.read('plain.yaml')).toBe(YAML)
  })

  test.for(BOTH_WAYS)(
    'a replica in another region opens what the primary key wrapped: %s to %s',
    async ([writer, reader]) => {
      const primary = await newKey(aws(), { MultiRegion: true })
      await aws()
        .client()
        .send(new ReplicateKeyCommand({ KeyId: primary, ReplicaRegion: 'eu-central-1' }))
      const replica = primary.replace('us-east-1', 'eu-central-1')
      const desk = deskAt(aws())
      await encryptWith(desk, writer, ['--kms', primary])
      desk.write('secret.yaml', desk.read('secret.yaml').replace(primary, replica))
      await aws()
        .client()
        .send(new DisableKeyCommand({ KeyId: primary }))

      await expectOpens(desk, reader)
    },
  )

  test('rotate and updatekeys of both go from one key to the next', async () => {
    const [old, next] = [await newKey(aws()), await newKey(aws())]
    const desk = deskAt(aws())
    const rule = (arn: string) => desk.write('.sops.yaml', `creation_rules:\n  - kms: "${arn}"\n`)
    rule(old)
    await encryptWith(desk, 'kmsfile', [])
    expect((await desk.sops(['rotate', '-i', 'secret.yaml'])).code).toBe(0)
    rule(next)
    expect((await desk.kmsfile(['updatekeys', '--yes', 'secret.yaml'])).code).toBe(0)
    await aws()
      .client()
      .send(new DisableKeyCommand({ KeyId: old }))

    await expectOpens(desk, 'sops')
    expect((await desk.kmsfile(['rotate', '-i', '--yes', 'secret.yaml'])).code).toBe(0)
    await expectOpens(desk, 'sops')
    await expectOpens(desk, 'kmsfile')
  })
})
