import * as ageEncryption from 'age-encryption'
import { describe, expect, test } from 'vitest'
import { generateIdentity, recipientOf } from '../../src/keys/age-identity.ts'
import { isRecipient, parseRecipient } from '../../src/keys/age-recipient.ts'
import { encodeBech32 } from '../../src/keys/bech32.ts'
import { fixture, machine } from './age-machine.ts'

// c2sp.org/age
const RECIPIENT = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj'
const IDENTITY = 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX'

describe('parseRecipient', () => {
  test.each([
    ['x25519', RECIPIENT],
    ['x25519', ` ${RECIPIENT}\n`],
    ['hybrid', fixture('hybrid.pub')],
    ['tag', 'age1tag1qt8lw0ual6avlwmwatk888yqnmdamm7xfd0wak53ut6elz5c4swx2yqdj4e'],
    ['ssh', fixture('id_ed25519.pub')],
    ['ssh', fixture('id_rsa.pub')],
  ])('takes a recipient of the kind %s', (kind, text) => {
    expect(parseRecipient(text).kind).toBe(kind)
    expect(isRecipient(text)).toBe(true)
  })

  test.each([
    ['KEY_INVALID', ''],
    ['KEY_INVALID', 'ana'],
    ['KEY_INVALID', RECIPIENT.slice(0, -1)],
    ['KEY_INVALID', RECIPIENT.toUpperCase()],
    ['KEY_INVALID', encodeBech32('age', new Uint8Array(31))],
    ['KEY_INVALID', encodeBech32('age1pq', new Uint8Array(32))],
    ['KEY_INVALID', IDENTITY],
    ['KEY_INVALID', IDENTITY.toLowerCase()],
    ['KEY_INVALID', 'ssh-ed25519 AAAA'],
    ['KEY_UNSUPPORTED', fixture('id_ecdsa.pub')],
    ['KEY_UNSUPPORTED', 'sk-ssh-ed25519@openssh.com AAAA'],
    ['KEY_UNSUPPORTED', encodeBech32('age1yubikey', new Uint8Array(33))],
  ])('refuses with %s: %s', (code, text) => {
    expect(() => parseRecipient(text)).toThrow(expect.objectContaining({ code }))
    expect(isRecipient(text)).toBe(false)
  })

  test('never tells an identity that stands in its place', () => {
    for (const text of [IDENTITY, IDENTITY.toLowerCase(), `${IDENTITY}x`]) {
      const error = caught(() => parseRecipient(text))
      expect(JSON.stringify([error.message, error])).not.toMatch(/GFPYY/i)
    }
  })
})

describe('recipientOf', () => {
  test('knows the recipient of an identity', () => {
    expect(recipientOf(IDENTITY)).toBe(RECIPIENT)
  })

  test('agrees with age-encryption on new identities', async () => {
    for (let i = 0; i < 5; i++) {
      const { identity, recipient } = generateIdentity(machine().host.randomBytes)
      expect(identity).toMatch(/^AGE-SECRET-KEY-1[A-Z0-9]{58}$/)
      expect(recipientOf(identity)).toBe(recipient)
      expect(await ageEncryption.identityToRecipient(identity)).toBe(recipient)
    }
  })

  test.each([
    ['KEY_IDENTITY_INVALID', RECIPIENT],
    ['KEY_IDENTITY_INVALID', IDENTITY.toLowerCase()],
    ['KEY_IDENTITY_INVALID', IDENTITY.replace('GFPYY', 'GFPYQ')],
    ['KEY_IDENTITY_INVALID', encodeBech32('AGE-SECRET-KEY-', new Uint8Array(16))],
    ['KEY_IDENTITY_INVALID', encodeBech32('AGE-SECRET-KEY-NEW-', new Uint8Array(32))],
    ['KEY_UNSUPPORTED', fixture('hybrid.txt').trim()],
    ['KEY_UNSUPPORTED', 'AGE-PLUGIN-YUBIKEY-1QQQQQQ'],
  ])('refuses with %s and tells nothing of the text: %s', (code, text) => {
    const error = caught(() => recipientOf(text))
    expect(error).toMatchObject({ code })
    expect(error.message).not.toContain(text.slice(-20))
  })
})

function caught(action: () => unknown): Error {
  try {
    action()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}
