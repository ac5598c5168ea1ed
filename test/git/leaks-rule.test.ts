import { describe, expect, test } from 'vitest'
import type { Path } from '../../src/core/tree.ts'
import { partsOf } from '../../src/git/leaks/leaks-rule.ts'
import { PEM, PEM_LINES } from './leak-search.ts'

function isTelling(text: string, keys: Path): boolean {
  return partsOf(text, keys).length > 0
}

describe('what is not worth looking for', () => {
  test.each([
    'true',
    'hunter2',
    'postgres',
    'us-east-1',
    'eu-central-1a',
    'db1.prod.eu',
    '192.168.100.200',
    'my-database.cluster-x.eu-central-1.rds.amazonaws.com',
    'https://login.example.com/oauth2/token',
    'admin@example.com',
    '20240101',
    '2024-01-02',
    'arn:aws:kms:eu-central-1:111122223333:alias/prod',
    '/etc/ssl/certs/ca.pem',
    'Welcome to the shop',
    'xxxxxxxxxxxx',
    'node:20-alpine',
    'myServiceName',
    'SOME_ENV_NAME',
  ])('%s', (text) => expect(isTelling(text, ['value'])).toBe(false))

  test.each(['postgres', 'password', '12345678', 'https://login.example.com/oauth2/token', 'aaaaaaaaaaaaa'])(
    '%s, even under a key that says password',
    (text) => expect(isTelling(text, ['db', 'password'])).toBe(false),
  )
})

describe('what is worth it', () => {
  test.each([
    'x7Kp9qLm2V',
    'f47ac10b-58cc-4372-a567-0e02b2c3d479',
    'd41d8cd98f00b204e9800998ecf8427e',
    'postgres://app:s3cr3tPw9@db.internal/app',
    'Tr0ub4dor&3',
    'S3cret!pass',
    'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
    '4111111111111112345',
  ])('%s', (text) => expect(isTelling(text, ['value'])).toBe(true))

  test.each(['correct-horse-battery-staple', 'Summer2024', 'swordfishswordfish'])(
    '%s under a key that says password',
    (text) => {
      expect(isTelling(text, ['value'])).toBe(false)
      expect(isTelling(text, ['db', 'password'])).toBe(true)
      // A list of passwords.
      expect(isTelling(text, ['passwords', 0])).toBe(true)
    },
  )
})

describe('a value of several lines', () => {
  test('is looked for as a whole, and by its lines that say something', () => {
    expect(partsOf(PEM, ['key'])).toEqual([PEM.trim(), PEM_LINES[1], PEM_LINES[2]])
    expect(partsOf(PEM.replaceAll('\n', '\r\n'), ['key']).slice(1)).toEqual([PEM_LINES[1], PEM_LINES[2]])
  })

  test('is looked for as a whole alone where its lines say nothing, and not at all where nothing does', () => {
    expect(
      partsOf('"type": "service_account"\n"auth_uri": "https://accounts.google.com/o/oauth2/auth"\n', ['x']),
    ).toEqual([])
    expect(partsOf('x7Kp9q\nLm2V-9\n1a2b3c\n', ['x'])).toEqual(['x7Kp9q\nLm2V-9\n1a2b3c'])
    expect(partsOf('a\nb\n', ['password'])).toEqual([])
  })
})
