import { readdirSync, readFileSync } from 'node:fs'
import * as ageEncryption from 'age-encryption'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { age } from '../../src/keys/age.ts'
import { armor } from '../../src/keys/age-armor.ts'
import { sealFile } from '../../src/keys/age-file.ts'
import { generateIdentity } from '../../src/keys/age-identity.ts'
import { encodeBech32 } from '../../src/keys/bech32.ts'
import { hasSharedData, sharedData } from '../shared-data.ts'
import { FIXTURE_BYTES, fixture, machine } from './age-machine.ts'

const bytesOf = (bytes: Uint8Array) => Uint8Array.from(bytes)
const key = (recipient: string) => ({ type: 'age', recipient }) as const

function ownMachine() {
  const one = machine()
  const { identity, recipient } = generateIdentity(one.host.randomBytes)
  one.write('.config/kmsfile/age/keys.txt', `${identity}\n`)
  return { ...one, identity, recipient, provider: age({ host: one.host }) }
}

describe('a data key for an X25519 recipient', () => {
  test('comes back from what it is wrapped as, whatever its length', async () => {
    const { provider, recipient } = ownMachine()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 70 }), async (dataKey) => {
        expect(bytesOf(await provider.unwrap(key(recipient), await provider.wrap(key(recipient), dataKey)))).toEqual(
          dataKey,
        )
      }),
      { numRuns: 30 },
    )
  })

  test.each([32, 33])('is wrapped as an armored age file with one stanza (%i bytes)', async (size) => {
    const { provider, recipient } = ownMachine()
    const wrapped = await provider.wrap(key(recipient), new Uint8Array(size))
    expect(wrapped).toMatch(
      /^-----BEGIN AGE ENCRYPTED FILE-----\n([^\n]{64}\n)+[^\n]{1,64}\n-----END AGE ENCRYPTED FILE-----\n$/,
    )
    const header = Buffer.from(ageEncryption.armor.decode(wrapped)).toString('latin1')
    expect(header.match(/^-> /gm)).toEqual(['-> '])
    expect(header).toMatch(/^age-encryption.org\/v1\n-> X25519 [^ \n]{43}\n[^ \n]{43}\n--- [^ \n]{43}\n/)
  })

  test('is never wrapped twice alike', async () => {
    const { provider, recipient } = ownMachine()
    const [a, b] = [
      await provider.wrap(key(recipient), FIXTURE_BYTES),
      await provider.wrap(key(recipient), FIXTURE_BYTES),
    ]
    expect(a).not.toBe(b)
  })

  test('is unwrapped by age-encryption, and the other way round', async () => {
    const { provider, recipient, identity } = ownMachine()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 33 }), async (dataKey) => {
        const decrypter = new ageEncryption.Decrypter()
        decrypter.addIdentity(identity)
        const ours = await provider.wrap(key(recipient), dataKey)
        expect(bytesOf(await decrypter.decrypt(ageEncryption.armor.decode(ours)))).toEqual(dataKey)

        const encrypter = new ageEncryption.Encrypter()
        encrypter.addRecipient(recipient)
        const theirs = ageEncryption.armor.encode(await encrypter.encrypt(dataKey))
        expect(bytesOf(await provider.unwrap(key(recipient), theirs))).toEqual(dataKey)
      }),
      { numRuns: 20 },
    )
  })

  test('is unwrapped from what age wrote', async () => {
    const { host, write } = machine()
    write('.config/sops/age/keys.txt', fixture('x25519.txt'))
    const dataKey = await age({ host }).unwrap(key(fixture('x25519.pub').trim()), fixture('x25519.age'))
    expect(bytesOf(dataKey)).toEqual(FIXTURE_BYTES)
  })

  test('is wrapped for a recipient with white space around it', async () => {
    const { provider, recipient } = ownMachine()
    const wrapped = await provider.wrap(key(` ${recipient}\n`), FIXTURE_BYTES)
    expect(bytesOf(await provider.unwrap(key(recipient), wrapped))).toEqual(FIXTURE_BYTES)
  })

  test('is not wrapped for a point of low order', async () => {
    const { provider } = ownMachine()
    const zeros = encodeBech32('age', new Uint8Array(32))
    await expect(provider.wrap(key(zeros), FIXTURE_BYTES)).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: expect.stringContaining('everybody'),
    })
  })
})

describe('a post-quantum recipient', () => {
  const recipient = fixture('hybrid.pub').trim()

  test('has its data key unwrapped from what age wrote', async () => {
    const { host } = machine({ env: { SOPS_AGE_KEY: fixture('hybrid.txt') } })
    expect(bytesOf(await age({ host }).unwrap(key(recipient), fixture('hybrid.age')))).toEqual(FIXTURE_BYTES)
  })

  test('gets data keys that it can unwrap', async () => {
    const { host } = machine({ env: { SOPS_AGE_KEY: fixture('hybrid.txt') } })
    const provider = age({ host })
    const wrapped = await provider.wrap(key(recipient), FIXTURE_BYTES)
    expect(bytesOf(await provider.unwrap(key(recipient), wrapped))).toEqual(FIXTURE_BYTES)
  })
})

describe('recipients that need a plugin', () => {
  test('are not supported, and the plugin is named', async () => {
    const { provider } = ownMachine()
    const recipient = encodeBech32('age1yubikey', new Uint8Array(33))
    await expect(provider.wrap(key(recipient), FIXTURE_BYTES)).rejects.toMatchObject({
      code: 'KEY_UNSUPPORTED',
      message: expect.stringContaining('age-plugin-yubikey'),
    })
    const body = new Uint8Array(32)
    const file = sealFile(FIXTURE_BYTES, () => [{ type: 'piv-p256', args: ['abc'], body }], machine().host.randomBytes)
    await expect(provider.unwrap(key(recipient), armor(file))).rejects.toMatchObject({
      code: 'KEY_UNSUPPORTED',
      message: expect.stringContaining('age-plugin-yubikey'),
    })
    expect(await provider.canUnwrap?.(key(recipient))).toContain('age-plugin-yubikey')
  })

  test('of the tag kinds get data keys all the same, which need no plugin to wrap', async () => {
    const { provider } = ownMachine()
    const tag = 'age1tag1qt8lw0ual6avlwmwatk888yqnmdamm7xfd0wak53ut6elz5c4swx2yqdj4e'
    const wrapped = await provider.wrap(key(tag), FIXTURE_BYTES)
    expect(Buffer.from(ageEncryption.armor.decode(wrapped)).toString('latin1')).toMatch(/\n-> p256tag /)
    await expect(provider.unwrap(key(tag), wrapped)).rejects.toMatchObject({ code: 'KEY_UNSUPPORTED' })
  })

  test('are told from mistyped ones', async () => {
    const { provider } = ownMachine()
    const recipient = encodeBech32('age1yubikey', new Uint8Array(33)).replace(/.$/, (last) =>
      last === 'q' ? 'p' : 'q',
    )
    await expect(provider.wrap(key(recipient), FIXTURE_BYTES)).rejects.toMatchObject({ code: 'KEY_INVALID' })
  })
})

describe('what is no wrapped data key', () => {
  test.each([
    ['an empty text', ''],
    ['another text', 'hello'],
    ['a text without an end', fixture('x25519.age').slice(0, 200)],
    ['more than 64 KiB', `${'\n'.repeat(65_536)}${fixture('x25519.age')}`],
  ])('is refused: %s', async (_name, wrapped) => {
    const { provider, recipient } = ownMachine()
    await expect(provider.unwrap(key(recipient), wrapped)).rejects.toMatchObject({ code: 'ENVELOPE_INVALID' })
  })

  test('is refused where it is for a passphrase', async () => {
    const { provider, recipient } = ownMachine()
    await expect(provider.unwrap(key(recipient), fixture('x25519.txt.age'))).rejects.toMatchObject({
      code: 'KEY_UNSUPPORTED',
    })
  })
})

describe('what sops wrote', () => {
  const vectors = sharedData('vectors')
  const files = hasSharedData ? readdirSync(`${vectors}/out`).filter((name) => name.endsWith('.yaml')) : []

  describe.skipIf(!hasSharedData)('(where the corpora are at hand)', () => {
    test.each(files.length > 0 ? files : [''])('has its data keys unwrapped: %s', async (name) => {
      const { host } = machine({ env: { SOPS_AGE_KEY_FILE: `${vectors}/keys.txt` } })
      const provider = age({ host })
      const { sops } = parse(readFileSync(`${vectors}/out/${name}`, 'utf8'), { logLevel: 'silent' })
      const manifest = JSON.parse(readFileSync(`${vectors}/manifest.json`, 'utf8'))
      const groups: { age: { recipient: string; enc: string }[] }[] = sops.key_groups ?? [sops]
      const entries = groups.flatMap((group) => group.age)
      expect(entries.length).toBeGreaterThan(0)
      for (const { recipient, enc } of entries) {
        const dataKey = await provider.unwrap(key(recipient), enc)
        expect(manifest[name].data_key_hex_or_shares).toContain(Buffer.from(dataKey).toString('hex'))
        // The data key is new every time, the layout is not.
        const again = await provider.wrap(key(recipient), dataKey)
        expect(again.split('\n').map((line) => line.length)).toEqual(enc.split('\n').map((line) => line.length))
      }
    })
  })
})
