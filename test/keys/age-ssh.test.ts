import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { age } from '../../src/keys/age.ts'
import { wrapForSsh } from '../../src/keys/age-ssh.ts'
import { bcryptPbkdf } from '../../src/keys/age-ssh-bcrypt.ts'
import { parseSshKeyFile } from '../../src/keys/age-ssh-private-key.ts'
import { parseSshPublicKey, sshEd25519Key } from '../../src/keys/age-ssh-public-key.ts'
import { printStrings } from '../../src/keys/age-ssh-wire.ts'
import { FIXTURE_BYTES, fixture, machine } from './age-machine.ts'

const bytesOf = (bytes: Uint8Array) => Uint8Array.from(bytes)
const key = (recipient: string) => ({ type: 'age', recipient }) as const
const openKeys = ['id_ed25519', 'id_rsa', 'pem_rsa']
const lockedKeys = ['locked_ed25519', 'locked_rsa', 'pemlocked_rsa']

describe('an SSH key', () => {
  test.each(openKeys)('unwraps what age wrapped for it: %s', async (name) => {
    const { host, write } = machine()
    write('.ssh/id_ed25519', fixture(name))
    const dataKey = await age({ host }).unwrap(key(fixture(`${name}.pub`)), fixture(`${name}.age`))
    expect(bytesOf(dataKey)).toEqual(FIXTURE_BYTES)
  })

  test.each([...openKeys, ...lockedKeys])('unwraps what is wrapped for it here: %s', async (name) => {
    const { host, write } = machine({ answers: ['correct horse'] })
    write('.ssh/id_rsa', fixture(name))
    write('.ssh/id_rsa.pub', fixture(`${name}.pub`))
    const provider = age({ host })
    const wrapped = await provider.wrap(key(fixture(`${name}.pub`)), FIXTURE_BYTES)
    expect(bytesOf(await provider.unwrap(key(fixture(`${name}.pub`)), wrapped))).toEqual(FIXTURE_BYTES)
  })

  test.each(lockedKeys)('with a passphrase asks for it once: %s', async (name) => {
    const { host, write, asked } = machine({ answers: ['correct horse'] })
    write('.ssh/id_rsa', fixture(name))
    write('.ssh/id_rsa.pub', fixture(`${name}.pub`))
    const provider = age({ host })
    const unwrap = () => provider.unwrap(key(fixture(`${name}.pub`)), fixture(`${name}.age`))
    for (const dataKey of await Promise.all([unwrap(), unwrap()])) expect(bytesOf(dataKey)).toEqual(FIXTURE_BYTES)
    await unwrap()
    expect(asked).toEqual(['passphrase of ~/.ssh/id_rsa: '])
  })

  test.each(lockedKeys)('with a passphrase is not unlocked by another: %s', async (name) => {
    const { host, write, asked } = machine({ answers: ['wrong', 'Correct horse', 'correct horse '] })
    write('.ssh/id_rsa', fixture(name))
    write('.ssh/id_rsa.pub', fixture(`${name}.pub`))
    await expect(age({ host }).unwrap(key('ssh-rsa'), fixture(`${name}.age`))).rejects.toMatchObject({
      code: 'KEY_IDENTITY_INVALID',
      message: expect.stringContaining('~/.ssh/id_rsa: its passphrase is another one'),
    })
    expect(asked.length).toBe(3)
  })

  test('with a passphrase is not asked for where a stanza names another key', async () => {
    const { host, write, asked } = machine({ answers: ['correct horse'] })
    write('.ssh/id_ed25519', fixture('locked_ed25519'))
    await expect(age({ host }).unwrap(key('ssh-ed25519'), fixture('id_ed25519.age'))).rejects.toMatchObject({
      code: 'KEY_UNAVAILABLE',
    })
    expect(asked).toEqual([])
  })

  test('in the old locked format needs its public key beside it', async () => {
    const { host, write } = machine({ answers: ['correct horse'] })
    write('.ssh/id_rsa', fixture('pemlocked_rsa'))
    await expect(age({ host }).unwrap(key('ssh-rsa'), fixture('pemlocked_rsa.age'))).rejects.toMatchObject({
      code: 'KEY_IDENTITY_INVALID',
      message: expect.stringContaining('~/.ssh/id_rsa: its public key is needed'),
    })
  })

  test.each(['ed25519', 'rsa'] as const)('in PKCS #8 unwraps what is wrapped for it: %s', async (type) => {
    const { privateKey, publicKey } =
      type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519')
    const { host, write } = machine()
    write('key', privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())
    const provider = age({ host: { ...host, env: { SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'key' } } })
    const parsed = parseSshKeyFile(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())
    if (typeof parsed === 'string') throw new Error(parsed)
    const { blob } = parsed.publicKey!
    const recipient = `ssh-${type} ${Buffer.from(blob).toString('base64')}`
    if (type === 'ed25519') {
      const point = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
      expect(Buffer.from(blob).subarray(-32)).toEqual(point)
    }
    const wrapped = await provider.wrap(key(recipient), FIXTURE_BYTES)
    expect(bytesOf(await provider.unwrap(key(recipient), wrapped))).toEqual(FIXTURE_BYTES)
  })

  test('of another type is no identity', async () => {
    const { host, write } = machine()
    write('.ssh/id_ed25519', fixture('id_ecdsa'))
    await expect(age({ host }).unwrap(key('ssh-ed25519'), fixture('id_ed25519.age'))).rejects.toMatchObject({
      code: 'KEY_IDENTITY_INVALID',
      message: expect.stringContaining('~/.ssh/id_ed25519: not usable as an age identity'),
    })
  })

  test('whose halves do not belong together is no identity', async () => {
    // The public half outside of the private section is replaced, and with it the stanzas that the key would be tried on.
    const other = Buffer.from(fixture('locked_ed25519.pub').split(' ')[1]!, 'base64')
    const body = fixture('id_ed25519').split('\n').slice(1, -2).join('')
    const bytes = Buffer.from(body, 'base64')
    bytes.set(other, bytes.indexOf('ssh-ed25519') - 4)
    const pem = `-----BEGIN OPENSSH PRIVATE KEY-----\n${bytes.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`
    expect(parseSshKeyFile(pem)).toBeTypeOf('string')
  })

  test.each(['', 'text', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n'])(
    'is not %j',
    (text) => {
      expect(parseSshKeyFile(text)).toBe('it is not a private key as ssh-keygen writes it')
    },
  )

  test('is not a key file that is cut off anywhere', () => {
    const bytes = Buffer.from(fixture('id_ed25519').split('\n').slice(1, -2).join(''), 'base64')
    // The comment and padding at its end are of no consequence.
    for (let end = 0; end < bytes.length - 12; end++) {
      const pem = `-----BEGIN OPENSSH PRIVATE KEY-----\n${bytes.subarray(0, end).toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`
      expect(parseSshKeyFile(pem)).toBeTypeOf('string')
    }
  })
})

describe('an SSH public key', () => {
  const rsa = (bits: number) => {
    const { n = '' } = generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' })
    const modulus = Buffer.concat([Buffer.of(0), Buffer.from(n, 'base64url')])
    return `ssh-rsa ${Buffer.from(printStrings(Buffer.from('ssh-rsa'), Buffer.of(1, 0, 1), modulus)).toString('base64')}`
  }

  test.each([
    ['without a key', 'ssh-ed25519'],
    ['that is no base64', 'ssh-ed25519 !!!!'],
    ['of another type than it says', fixture('id_ed25519.pub').replace('ssh-ed25519', 'ssh-rsa')],
    ['with something behind it', fixture('id_ed25519.pub').replace(/^(\S+ \S+).*$/s, '$1AAAA')],
    ['with less than 2048 bits', rsa(1024)],
  ])('is refused %s', (_name, line) => {
    expect(parseSshPublicKey(line)).toBeTypeOf('string')
  })

  test('is refused where its bytes are no point of the curve, or one of low order', () => {
    // y = 2 is on no point of edwards25519; y = 1 and y = -1 are points of order 1 and 2.
    const minusOne = Uint8Array.from({ length: 32 }, (_, i) => [0xec, 0x7f][i === 0 ? 0 : i === 31 ? 1 : 2] ?? 0xff)
    for (const point of [Uint8Array.of(2), Uint8Array.of(1), minusOne]) {
      const padded = Uint8Array.from({ length: 32 }, (_, i) => point[i] ?? 0)
      expect(wrapForSsh(sshEd25519Key(padded), new Uint8Array(16), randomBytes)).toBeUndefined()
    }
  })
})

describe('bcrypt_pbkdf', () => {
  // From golang.org/x/crypto/ssh/internal/bcrypt_pbkdf and pyca/bcrypt, which had them from the one of OpenBSD.
  test.each([
    [12, 'password', '73616c74', '1ae42c05d487bc02f64921a4ebe4ea93bcacfe135fda99974c06b7b01fae149a'],
    [
      8,
      'секретное слово',
      Buffer.from('посолить немножко').toString('hex'),
      '8df43fc6fe131fc47f0c9e39224bd94c70b6fcc8ee8135faddf61156e6cb2733ea765f315a3e1e4afc35bf8687d189254c1e05a6fe80c0617f9183d67260d6a115c6c94e3603e2303fbb43a76a64523ffda686b1d4518543',
    ],
    [4, 'password', '73616c74', '5bbf0cc293587f1c3635555c27796598d47e579071bf427e9d8fbe842aba34d9'],
    [4, 'password', '00', 'c12b566235eee04c212598970a579a67'],
    [4, '\0', '73616c74', '6051be18c2f4f82cbf0efee5471b4bb9'],
    [
      8,
      'password',
      '73616c74',
      'e1367ec5151a33faac4cc1c144cd23fa15d5548493ecc99b9b5d9c0d3b27bec76227ea66088b849b20ab7aa478010246e74bba51723fefa9f9474d6508845e8d',
    ],
  ])('gives what OpenBSD gives (%i rounds, %j)', (rounds, passphrase, salt, expected) => {
    const derived = bcryptPbkdf(Buffer.from(passphrase), {
      salt: Buffer.from(salt, 'hex'),
      rounds,
      length: expected.length / 2,
    })
    expect(Buffer.from(derived).toString('hex')).toBe(expected)
  })
})
