import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'
import type { Rule } from '../../src/config/rules.ts'
import type { MasterKey } from '../../src/core/master-key.ts'
import { init } from '../../src/operations/init.ts'
import { nameKeys, userName } from '../../src/operations/init-keys.ts'
import type { Workspace } from '../../src/operations/workspace.ts'
import { findRepository } from '../../src/vcs/repository.ts'
import { fixture } from '../keys/age-machine.ts'
import { workplace } from './workplace.ts'

const ALICE = 'age1e6jfj38eg03495muvgqzgupr98g0ldyxcqnydtdczpqen7tpcpmsxwkpsg'

/** A repository in which nothing is set up, of a user who has no identity. */
function fresh({ env = {} }: { env?: Record<string, string> } = {}) {
  const place = workplace()
  rmSync(join(place.root, '.kmsfile.yaml'))
  execFileSync('git', ['init', '-q', place.root], { env: { PATH: process.env['PATH'] } })
  const host = { ...place.workspace.host, env: { PATH: process.env['PATH'], GIT_CONFIG_NOSYSTEM: '1', ...env } }
  const workspace: Workspace = { ...place.workspace, host, repository: (path) => findRepository(host, path) }
  const keyFile = join(place.root, 'home/.config/kmsfile/age/keys.txt')
  const firstRule = async (): Promise<Rule | undefined> =>
    (await parseConfig(place.read('.kmsfile.yaml'), { file: '.kmsfile.yaml' })).rules()[0]
  return { ...place, workspace, keyFile, firstRule }
}

describe('init', () => {
  test('makes an identity, a configuration for it, and attributes', async () => {
    const { workspace, keyFile, read, firstRule } = fresh()
    const result = await init(workspace)
    const recipient = /public key: (age1\w+)/.exec(readFileSync(keyFile, 'utf8'))?.[1]
    expect(result).toMatchObject({
      identity: { kind: 'found', made: true, recipient },
      config: { file: '.kmsfile.yaml', source: 'kmsfile', written: true },
      attributes: { file: '.gitattributes', written: true },
      openable: true,
    })
    expect(statSync(keyFile).mode & 0o777).toBe(0o600)
    expect((await firstRule())?.groups).toEqual([[{ type: 'age', recipient }]])
    expect(read('.gitattributes')).toContain('secrets/** kmsfile\n')
  })

  test('does nothing in a dry run', async () => {
    const { workspace, root, keyFile } = fresh()
    expect(await init(workspace, { dryRun: true })).toMatchObject({
      identity: { kind: 'missing', path: keyFile, made: true },
      config: { written: true },
      attributes: { written: true },
    })
    for (const path of [keyFile, join(root, '.kmsfile.yaml'), join(root, '.gitattributes')]) {
      expect(existsSync(path)).toBe(false)
    }
  })

  test('sets up the top of the repository from a folder below it', async () => {
    const { workspace, root } = fresh()
    const host = { ...workspace.host, cwd: join(root, 'secrets') }
    await init({ ...workspace, host })
    expect(existsSync(join(root, '.kmsfile.yaml'))).toBe(true)
    expect(existsSync(join(root, 'secrets/.kmsfile.yaml'))).toBe(false)
  })

  test('takes the identity of sops that is there', async () => {
    const { workspace, write, keyFile, firstRule } = fresh()
    write('home/.config/sops/age/keys.txt', fixture('x25519.txt'))
    const { identity } = await init(workspace)
    expect(identity).toMatchObject({ kind: 'found', made: false, source: '~/.config/sops/age/keys.txt' })
    expect(existsSync(keyFile)).toBe(false)
    expect((await firstRule())?.groups.flat()).toHaveLength(1)
  })

  test('takes an SSH key where there is no identity of age', async () => {
    const { workspace, write, firstRule } = fresh()
    write('home/.ssh/id_ed25519', fixture('id_ed25519'))
    expect(await init(workspace)).toMatchObject({ identity: { made: false, source: '~/.ssh/id_ed25519' } })
    expect((await firstRule())?.groups).toEqual([
      [{ type: 'age', recipient: expect.stringMatching(/^ssh-ed25519 \S+$/) }],
    ])
  })

  test.each([
    ['is malformed', 'AGE-SECRET-KEY-1NOT\n'],
    ['does not show its recipient', '# nothing yet\n'],
  ])('makes no identity beside one that %s', async (_, text) => {
    const { workspace, write, root, keyFile } = fresh()
    write('home/.config/sops/age/keys.txt', text)
    await expect(init(workspace)).rejects.toMatchObject({
      code: 'KEY_IDENTITY_INVALID',
      file: '~/.config/sops/age/keys.txt',
    })
    expect(existsSync(keyFile)).toBe(false)
    expect(existsSync(join(root, '.kmsfile.yaml'))).toBe(false)
  })

  test('makes an identity for somebody who has none of the keys that are configured', async () => {
    const { workspace, write, read, keyFile } = fresh()
    const config = `version: 1\nrules: [{ files: ["*.enc.yaml"], keys: [{ age: ${ALICE} }] }]\n`
    write('.kmsfile.yaml', config)
    expect(await init(workspace)).toMatchObject({
      identity: { made: true },
      config: { written: false },
      openable: false,
    })
    expect(existsSync(keyFile)).toBe(true)
    expect(read('.kmsfile.yaml')).toBe(config)
    expect(read('.gitattributes')).toContain('*.enc.yaml kmsfile\n')
  })

  test('makes no identity where a key service may open the files', async () => {
    const { workspace, write, keyFile } = fresh()
    write(
      '.kmsfile.yaml',
      'version: 1\nrules: [{ files: [x], keys: [{ aws_kms: "arn:aws:kms:eu-west-1:111122223333:alias/a" }] }]\n',
    )
    expect(await init(workspace)).toMatchObject({ identity: undefined, openable: true })
    expect(existsSync(keyFile)).toBe(false)
  })

  test('writes nothing through a link that lies where .gitattributes belongs', async () => {
    const { workspace, write, root, read, keyFile } = fresh()
    write('home/.profile', 'export A=1\n')
    symlinkSync('home/.profile', join(root, '.gitattributes'))
    await expect(init(workspace)).rejects.toMatchObject({ code: 'FILE_UNREADABLE', file: '.gitattributes' })
    expect(read('home/.profile')).toBe('export A=1\n')
    expect(existsSync(keyFile)).toBe(false)
    expect(existsSync(join(root, '.kmsfile.yaml'))).toBe(false)
  })

  test('leaves alone what has appeared meanwhile where the configuration belongs', async () => {
    const { workspace, root } = fresh()
    symlinkSync('nowhere', join(root, '.kmsfile.yaml'))
    await expect(init(workspace)).rejects.toMatchObject({ code: 'FILE_EXISTS' })
  })

  test('takes the attributes of every configuration in the repository, but for one that was deleted', async () => {
    const { workspace, write, read, root } = fresh()
    for (const folder of ['', 'shop/', 'gone/']) {
      write(`${folder}.kmsfile.yaml`, `version: 1\nrules: [{ files: ["x.yaml"], keys: [{ age: ${ALICE} }] }]\n`)
    }
    execFileSync('git', ['-C', root, 'add', '-A', 'gone'])
    rmSync(join(root, 'gone'), { recursive: true })
    await init(workspace)
    expect(read('.gitattributes').split('\n')).toEqual([
      '# kmsfile-begin',
      '[attr]kmsfile diff=kmsfile -merge -text',
      'x.yaml kmsfile',
      'shop/**/x.yaml kmsfile',
      '# kmsfile-end',
      '',
    ])
  })

  test('refuses keys for which nothing could be encrypted before it makes anything', async () => {
    const { workspace, root } = fresh()
    const keys: MasterKey[] = [{ type: 'age', recipient: `${ALICE.slice(0, -1)}q` }]
    await expect(init({ ...workspace, flags: { keys } })).rejects.toMatchObject({ code: 'KEY_INVALID' })
    expect(existsSync(join(root, '.kmsfile.yaml'))).toBe(false)
  })

  test('says so where it may not write', async () => {
    const { workspace, root } = fresh()
    if (process.geteuid?.() === 0) {
      // Root may write anywhere; a file where a folder should be stops him, too.
      mkdirSync(join(root, 'home/.config'))
      symlinkSync('/dev/null', join(root, 'home/.config/kmsfile'))
    } else chmodSync(join(root, 'home'), 0o500)
    await expect(init(workspace)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
  })
})

describe('names of recipients', () => {
  test.each([
    ['Ana Silva', 'ana-silva'],
    ['  Jörg  Müller-Lüdenscheidt (work)', 'jörg-müller-lüdenscheidt-work'],
    ['山田 太郎', '山田-太郎'],
    ['age1', 'ben'],
    ['!?', 'ben'],
  ])('%s is %s', async (name, expected) => {
    const { workspace, root } = fresh({ env: { USER: 'ben' } })
    execFileSync('git', ['-C', root, 'config', 'user.name', name])
    expect(await userName(workspace, await workspace.repository(root))).toBe(expected)
  })

  test('somebody without a name is me', async () => {
    const { workspace } = fresh()
    expect(await userName(workspace, undefined)).toBe('me')
  })

  test('come from who has the key, and from what the key itself says', () => {
    const aws = (resource: string): MasterKey => ({
      type: 'aws-kms',
      arn: `arn:aws:kms:eu-central-1:111122223333:${resource}`,
    })
    const keys: MasterKey[] = [
      { type: 'age', recipient: ALICE },
      { type: 'age', recipient: 'age1other' },
      { type: 'age', recipient: 'age1another' },
      { type: 'age', recipient: 'ssh-ed25519 AAAA ben@laptop' },
      aws('alias/shop/prod'),
      aws('key/11111111-1111-1111-1111-111111111111'),
      aws('alias/prod'),
    ]
    const named = nameKeys(keys, { user: 'ana', own: new Set([ALICE]) })
    const names = ['ana', 'recipient', 'recipient-2', 'ben-laptop', 'prod', 'kms', 'prod-2']
    expect([...named]).toEqual(names.map((name, i) => [name, keys[i]]))
  })
})
