import { existsSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { age } from '../../src/keys/age.ts'
import { recipientOf } from '../../src/keys/age-identity.ts'
import { createIdentityFile } from '../../src/keys/age-identity-file.ts'
import { defaultIdentityPath } from '../../src/keys/age-sources.ts'
import { FIXTURE_BYTES, machine } from './age-machine.ts'

describe('createIdentityFile', () => {
  test('writes what age-keygen would, for its owner alone', async () => {
    const { host, homeDir } = machine()
    const { path, recipient } = await createIdentityFile(host)
    expect(path).toBe(join(homeDir, '.config/kmsfile/age/keys.txt'))
    expect(path).toBe(defaultIdentityPath(host))
    const [created, publicKey, identity, end, ...rest] = readFileSync(path, 'utf8').split('\n')
    expect(created).toBe('# created: 2026-11-25T07:00:00Z')
    expect(publicKey).toBe(`# public key: ${recipient}`)
    expect(recipientOf(identity!)).toBe(recipient)
    expect([end, ...rest]).toEqual([''])
    if (process.platform !== 'win32') {
      expect(statSync(path).mode & 0o777).toBe(0o600)
      expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
    }
  })

  test('makes an identity that unwraps', async () => {
    const { host } = machine()
    const { recipient } = await createIdentityFile(host)
    const provider = age({ host })
    const wrapped = await provider.wrap({ type: 'age', recipient }, FIXTURE_BYTES)
    expect(Uint8Array.from(await provider.unwrap({ type: 'age', recipient }, wrapped))).toEqual(FIXTURE_BYTES)
  })

  test('never overwrites', async () => {
    const { host } = machine()
    const { path } = await createIdentityFile(host)
    const before = readFileSync(path)
    await expect(createIdentityFile(host)).rejects.toMatchObject({ code: 'FILE_EXISTS', file: path })
    expect(readFileSync(path)).toEqual(before)
  })

  test('does not follow a link', async () => {
    const { host, homeDir, write } = machine()
    write('.config/kmsfile/age/other', '')
    symlinkSync(join(homeDir, 'elsewhere'), defaultIdentityPath(host))
    await expect(createIdentityFile(host)).rejects.toMatchObject({ code: 'FILE_EXISTS' })
    expect(existsSync(join(homeDir, 'elsewhere'))).toBe(false)
  })

  test('says where it cannot write', async () => {
    const { host, write } = machine()
    write('.config', 'a file where the folder should be')
    await expect(createIdentityFile(host)).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      file: defaultIdentityPath(host),
    })
  })
})

test.each([
  ['linux', {}, '/home/ana/.config/kmsfile/age/keys.txt'],
  ['linux', { XDG_CONFIG_HOME: '/xdg' }, '/xdg/kmsfile/age/keys.txt'],
  ['linux', { XDG_CONFIG_HOME: 'relative' }, '/home/ana/.config/kmsfile/age/keys.txt'],
  ['darwin', {}, '/home/ana/Library/Application Support/kmsfile/age/keys.txt'],
  ['darwin', { XDG_CONFIG_HOME: '/xdg' }, '/xdg/kmsfile/age/keys.txt'],
])('the default place on %s with %j is %s', (platform, env, path) => {
  expect(defaultIdentityPath({ platform, env, homeDir: '/home/ana', cwd: '/' })).toBe(path)
})
