import { execFile } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { run } from '../../src/cli/run.ts'
import type { AwsKmsKey } from '../../src/core/master-key.ts'
import { noteUsedKeys, repositoryIdPath, usedKeys } from '../../src/git/trust/used-keys.ts'
import type { Host } from '../../src/host/host.ts'
import { findRepository } from '../../src/vcs/repository.ts'
import { hostIn, program, scratch } from '../host/scratch.ts'
import { ALIAS, ARN, awsMachine, OTHER_ARN } from '../keys/aws-machine.ts'
import { gitRepository } from '../vcs/git-repository.ts'

const kms: AwsKmsKey = { type: 'aws-kms', arn: ARN }

/** A machine with two repositories. */
function machine(overrides: Partial<Host> = {}) {
  const host = hostIn(scratch(), overrides)
  const place = (name: string) => {
    const commonDir = join(host.homeDir, name, '.git')
    mkdirSync(commonDir, { recursive: true })
    return { commonDir }
  }
  return { host, here: place('shop'), elsewhere: place('other'), state: join(host.homeDir, '.local/state/kmsfile') }
}

const filesIn = (folder: string) => readdirSync(folder, { recursive: true, withFileTypes: true })
const sizeOf = async (...args: Parameters<typeof usedKeys>) => (await usedKeys(...args)).size

describe('the record of keys that a person has used', () => {
  test('lies where the user alone can read it, and leaves no other file there', async () => {
    const { host, here, state } = machine()
    await noteUsedKeys(host, here, [kms])
    const folder = join(state, 'used-keys')
    const [record, ...others] = filesIn(folder)
    expect(others).toEqual([])
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, record?.name ?? '')).mode & 0o777).toBe(0o600)
  })

  test('grows, and leaves the encryption context out', async () => {
    const { host, here, elsewhere } = machine()
    await noteUsedKeys(host, here, [kms])
    await noteUsedKeys(host, here, [
      { ...kms, encryptionContext: { a: 'b' } },
      { ...kms, arn: ALIAS },
    ])
    expect(await sizeOf(host, here)).toBe(2)
    expect(await sizeOf(host, elsewhere)).toBe(0)
  })

  test.each(['', '[]', 'null', '{"keys":{}}', '{"keys":[1,null,{}]}', 'not JSON', '\u0000'])(
    'is empty where it says %j, and starts anew',
    async (text) => {
      const { host, here, state } = machine()
      await noteUsedKeys(host, here, [kms])
      const folder = join(state, 'used-keys')
      for (const { name } of filesIn(folder)) writeFileSync(join(folder, name), text)
      expect(await sizeOf(host, here)).toBe(0)
      await noteUsedKeys(host, here, [kms])
      expect(await sizeOf(host, here)).toBe(1)
    },
  )

  test('takes what several processes write at the same time', async () => {
    const { host, here } = machine()
    const source = `
      import { noteUsedKeys } from '#src/git/trust/used-keys.ts'
      import { randomBytes } from 'node:crypto'
      const [commonDir, arn] = process.argv.slice(2)
      const host = { env: process.env, platform: process.platform, homeDir: process.env.HOME, randomBytes, signal: new AbortController().signal }
      await noteUsedKeys(host, { commonDir }, [{ type: 'aws-kms', arn }])`
    const file = await program(host.homeDir, source)
    const arns = Array.from({ length: 8 }, (_, i) => `${ARN}${i}`)
    await Promise.all(arns.map((arn) => started(process.execPath, [file, here.commonDir, arn], host.env)))
    expect(await sizeOf(host, here)).toBe(arns.length)
  })

  test('has a limit, beyond which it stays as it is', async () => {
    const { host, here } = machine()
    await noteUsedKeys(host, here, [kms])
    await noteUsedKeys(
      host,
      here,
      Array.from({ length: 1001 }, (_, i) => ({ ...kms, arn: `${ARN}${i}` })),
    )
    expect(await sizeOf(host, here)).toBe(1)
  })
})

describe('it counts for nothing', () => {
  test('in a repository that takes the place of one that was deleted', async () => {
    const { host, here } = machine()
    await noteUsedKeys(host, here, [kms])
    rmSync(here.commonDir, { recursive: true })
    mkdirSync(here.commonDir)
    expect(await sizeOf(host, here)).toBe(0)
    // Nor once that one has a record of its own.
    await noteUsedKeys(host, here, [{ ...kms, arn: OTHER_ARN }])
    expect([...(await usedKeys(host, here))]).toEqual([expect.stringContaining(OTHER_ARN)])
  })

  test('in a copy of the repository, and after it was moved', async () => {
    const { host, here, elsewhere } = machine()
    await noteUsedKeys(host, here, [kms])
    cpSync(here.commonDir, elsewhere.commonDir, { recursive: true })
    expect(existsSync(repositoryIdPath(elsewhere))).toBe(true)
    expect(await sizeOf(host, elsewhere)).toBe(0)
    rmSync(elsewhere.commonDir, { recursive: true })
    renameSync(here.commonDir, elsewhere.commonDir)
    expect(await sizeOf(host, elsewhere)).toBe(0)
    renameSync(elsewhere.commonDir, here.commonDir)
    expect(await sizeOf(host, here)).toBe(1)
  })

  test('for another user', async () => {
    const { host, here } = machine()
    await noteUsedKeys(host, here, [kms])
    expect(await sizeOf({ ...host, homeDir: scratch() }, here)).toBe(0)
  })

  test.each([0o620, 0o602, 0o666])('where others may write it (mode %o)', async (mode) => {
    const { host, here, state } = machine()
    await noteUsedKeys(host, here, [kms])
    const [record] = filesIn(join(state, 'used-keys'))
    chmodSync(join(state, 'used-keys', record?.name ?? ''), mode)
    expect(await sizeOf(host, here)).toBe(0)
  })

  test.skipIf(process.getuid?.() !== 0)('where somebody else wrote it (where files can be given away)', async () => {
    const { host, here, state } = machine()
    await noteUsedKeys(host, here, [kms])
    const [record] = filesIn(join(state, 'used-keys'))
    chownSync(join(state, 'used-keys', record?.name ?? ''), 12345, 12345)
    expect(await sizeOf(host, here)).toBe(0)
  })

  test('behind a link', async () => {
    const { host, here, state } = machine()
    await noteUsedKeys(host, here, [kms])
    const [record] = filesIn(join(state, 'used-keys'))
    const path = join(state, 'used-keys', record?.name ?? '')
    renameSync(path, `${path}.real`)
    symlinkSync(`${path}.real`, path)
    expect(await sizeOf(host, here)).toBe(0)
  })

  test.each(['', 'x', '0'.repeat(31), '0'.repeat(33)])('where the repository calls itself %j', async (id) => {
    const { host, here, state } = machine()
    await noteUsedKeys(host, here, [kms])
    const [record] = filesIn(join(state, 'used-keys'))
    const path = join(state, 'used-keys', record?.name ?? '')
    // As one who could write here would have it.
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), id }))
    writeFileSync(repositoryIdPath(here), id)
    expect(await sizeOf(host, here)).toBe(0)
  })
})

describe('it is not written', () => {
  test.each([
    ['in a folder that the environment names relative to wherever we are', 'state'],
    ['in a folder without a name', ''],
  ])('%s', async (_, folder) => {
    const { host, here, state } = machine()
    const env = { ...host.env, XDG_STATE_HOME: folder }
    await noteUsedKeys({ ...host, env }, here, [kms])
    expect(filesIn(join(state, 'used-keys'))).toHaveLength(1)
  })

  test('where a file is in the way', async () => {
    const { host, here } = machine()
    writeFileSync(join(host.homeDir, '.local'), '')
    await expect(noteUsedKeys(host, here, [kms])).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
    expect(await sizeOf(host, here)).toBe(0)
  })

  test('where the repository has something odd in the place of its number, which stays', async () => {
    const { host, here } = machine()
    mkdirSync(join(here.commonDir, 'kmsfile'))
    symlinkSync('/dev/zero', repositoryIdPath(here))
    await expect(noteUsedKeys(host, here, [kms])).rejects.toMatchObject({ code: 'FILE_EXISTS' })
    expect(await sizeOf(host, here)).toBe(0)
  })

  test('where there is no repository', async () => {
    const { host } = machine()
    const nowhere = { commonDir: join(host.homeDir, 'nowhere') }
    await expect(noteUsedKeys(host, nowhere, [kms])).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
    expect(existsSync(nowhere.commonDir)).toBe(false)
  })
})

function started(file: string, args: readonly string[], env: Host['env']): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(file, [...args], { env }, (error) => (error === null ? resolve() : reject(error)))
  })
}

describe('a command', () => {
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
  ])('writes the record: %s', async (_, args) => {
    const { kmsfile, used } = await repositoryWithKms()
    expect(await kmsfile(args)).toBe(0)
    expect([...(await used())]).toEqual([expect.stringContaining(ARN)])
  })

  test('does not where the key service refuses', async () => {
    const { kmsfile, server, used } = await repositoryWithKms()
    server.misbehave('deny')
    expect(await kmsfile(['decrypt', 'secret.yaml'])).toBe(5)
    expect((await used()).size).toBe(0)
  })

  test('does what it should where the record cannot be written', async () => {
    const { kmsfile, used, top } = await repositoryWithKms()
    writeFileSync(join(top, '.local'), '')
    expect(await kmsfile(['decrypt', 'secret.yaml'])).toBe(0)
    expect((await used()).size).toBe(0)
  })

  test('writes it for the repository that the file lies in', async () => {
    const { kmsfile, used, top } = await repositoryWithKms()
    expect(await kmsfile(['decrypt', join(top, 'secret.yaml')], { cwd: scratch() })).toBe(0)
    expect((await used()).size).toBe(1)
  })

  test('writes none where the files lie in several repositories', async () => {
    const { kmsfile, used, top } = await repositoryWithKms()
    const other = gitRepository()
    other.write('secret.yaml', readFileSync(join(top, 'secret.yaml')))
    const files = [join(top, 'secret.yaml'), join(other.top, 'secret.yaml')]
    expect(await kmsfile(['decrypt', '--output-dir', join(scratch(), 'out'), ...files], { cwd: '/' })).toBe(0)
    expect((await used()).size).toBe(0)
  })
})
