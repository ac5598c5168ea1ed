import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { type KeyProvider, openSession, parsePath, providersOf } from '../src/index.ts'
import { generateIdentity } from '../src/keys/age-identity.ts'

const { identity, recipient } = generateIdentity(randomBytes)
const flags = { keys: [{ type: 'age', recipient }] } as const
const about = { fileName: 'values.yaml' }

test('a text goes through encryption and back byte for byte', async () => {
  const session = openSession({ env: { KMSFILE_AGE_KEY: identity }, flags })
  const plaintext = '# who\nuser:   "app"\npassword: s3cr3t # soon\n'

  const encrypted = await session.encryptText(plaintext, about)

  expect(encrypted).not.toMatch(/s3cr3t|soon|app|who/)
  expect(await session.decryptText(encrypted, about)).toBe(plaintext)
  expect(await session.decryptText(encrypted, { ...about, extract: parsePath('password') })).toBe('s3cr3t')
  await session.close()
})

test('a key service of somebody else is one object', async () => {
  const calls: string[] = []
  const rot: KeyProvider = {
    type: 'age',
    network: false,
    async wrap(_key, bytes) {
      calls.push('wrap')
      return Buffer.from(bytes).toString('hex')
    },
    async unwrap(_key, wrapped) {
      calls.push('unwrap')
      return new Uint8Array(Buffer.from(wrapped, 'hex'))
    },
  }
  const session = openSession({ env: {}, flags, providers: providersOf(rot) })
  const encrypted = await session.encryptText('a: 1\n', about)

  expect(await session.decryptText(encrypted, about)).toBe('a: 1\n')
  expect(await session.decryptText(encrypted, about)).toBe('a: 1\n')
  expect(calls).toEqual(['wrap', 'unwrap'])
})

test('without a key it says which were tried', async () => {
  const encrypted = await openSession({ env: {}, flags }).encryptText('a: 1\n', about)

  await expect(openSession({ env: { HOME: '/nonexistent' } }).decryptText(encrypted, about)).rejects.toMatchObject({
    code: 'KEY_UNAVAILABLE',
    file: 'values.yaml',
    attempts: [{ key: recipient }],
  })
})
