import { createHash } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { toDataKey } from '../../src/core/data-key.ts'
import { recipient } from '../operations/secrets.ts'
import { check, encrypted, RULES, type ScratchRepository, scratchRepository, stage } from './scratch-repository.ts'

const FILE = 'secrets/x.yaml'
const PLAIN = 'db:\n  password: hunter2\n  user: app\nhost_public: example.com\n'
const STRANGER = 'age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq'

const selector = { kind: 'unencrypted-suffix', text: '_public' } as const
const earlier = new Date('2025-06-01T00:00:00Z')

let repository: ScratchRepository
let first: string

beforeEach(async () => {
  first = await encrypted(PLAIN, { selector, now: earlier })
  repository = scratchRepository({ rules: RULES.replace('keys:', 'unencrypted_suffix: _public\n    keys:') })
  repository.commit({ [FILE]: first })
})

test('finds nothing wrong with an edit, a new file and a file that is gone', async () => {
  stage(repository, {
    [FILE]: await encrypted(PLAIN.replace('hunter2', 'hunter3'), { selector }),
    'secrets/y.yaml': await encrypted('a: 1\n'),
  })
  expect(check(repository)).toEqual([])
  repository.git('rm', '--quiet', '--cached', FILE)
  expect(check(repository)).toEqual([])
})

test('takes no interest in white space and the order of the metadata', () => {
  const moved = first.replace(/( {4}lastmodified: .*\n)( {4}mac: .*\n)/, '$2$1')
  expect(moved).not.toBe(first)
  stage(repository, { [FILE]: `\n\n${moved.replace('db:', 'db:   ')}` })
  expect(check(repository)).toEqual([])
})

test.each([
  ['a key that is renamed', (text: string) => text.replace('password:', 'passwd:')],
  ['a key that is moved', (text: string) => text.replace(/( {2}password: .*\n)( {2}user: .*\n)/, '$2$1')],
  ['a value that is removed', (text: string) => text.replace(/ {2}user: .*\n/, '')],
  ['a value that is repeated', (text: string) => text.replace(/ {2}user: (.*\n)/, '  user: $1  admin: $1')],
  ['a readable value that is changed', (text: string) => text.replace('example.com', 'example.org')],
  ['a type that is changed', (text: string) => text.replace('type:str', 'type:int')],
  ['an empty value that is added', (text: string) => text.replace('db:', 'admin: null\ndb:')],
  ['a value that is added readable', (text: string) => text.replace('db:', 'admin_public: true\ndb:')],
])('refuses %s under an unchanged MAC', (_, change) => {
  stage(repository, { [FILE]: change(first) })
  expect(check(repository)).toEqual([`refuse structure-changed ${FILE}`])
})

test('lets readable values be edited where the MAC binds encrypted ones alone', async () => {
  const options = { selector, macOnlyEncrypted: true, now: earlier }
  const text = await encrypted(PLAIN, options)
  repository.commit({ [FILE]: text })
  stage(repository, { [FILE]: text.replace('example.com', 'example.org') })
  expect(check(repository)).toEqual([])
  stage(repository, { [FILE]: text.replace('password:', 'passwd:') })
  expect(check(repository)).toEqual([`refuse structure-changed ${FILE}`])
})

test('names another data key, and other recipients', async () => {
  const dataKey = toDataKey(createHash('sha256').update('another').digest())
  const wrapped = '-----BEGIN AGE ENCRYPTED FILE-----\nanother\n-----END AGE ENCRYPTED FILE-----\n'
  const groups = [
    [recipient, STRANGER].map((each) => ({ masterKey: { type: 'age', recipient: each } as const, wrapped })),
  ]
  stage(repository, { [FILE]: await encrypted(PLAIN, { selector, dataKey, groups }) })
  expect(check(repository)).toEqual([`note data-key-changed ${FILE}`, `note recipients-changed ${FILE}`])
  expect(repository.kmsfile(['git', 'check']).stdout).toContain(`can now be opened by ${STRANGER}`)
  stage(repository, { [FILE]: await encrypted(PLAIN, { selector, groups: [groups[0]!.slice(1)] }) })
  expect(repository.kmsfile(['git', 'check']).stdout).toContain(`no longer lists ${recipient}`)
})

test('names a data key that sops changed, where nothing but the wrapped keys tells', async () => {
  const ofSops = (text: string) => text.replace(/ {4}kmsfile: .*\n/, '')
  repository.commit({ [FILE]: ofSops(first) })
  const next = await encrypted(PLAIN, { selector })
  stage(repository, { [FILE]: ofSops(next) })
  expect(check(repository)).toEqual([])
  stage(repository, { [FILE]: ofSops(next).replace('bm90IG9uZQ', 'bm90IHRoZSBvbmU') })
  expect(check(repository)).toEqual([`note data-key-changed ${FILE}`])
})

test('refuses a nonce that encrypts two texts under one data key, but not under two', async () => {
  const randomBytes = (size: number) => new Uint8Array(size).fill(7)
  const one = { selector, randomBytes, now: earlier }
  repository.commit({ [FILE]: await encrypted('a: hunter2\n', one) })
  stage(repository, { [FILE]: await encrypted('a: hunter3\n', { ...one, now: new Date() }) })
  expect(check(repository)).toEqual([`refuse nonce-reused ${FILE}`])
  const dataKey = toDataKey(createHash('sha256').update('another').digest())
  stage(repository, { [FILE]: await encrypted('a: hunter3\n', { selector, randomBytes, dataKey }) })
  expect(check(repository)).toEqual([`note data-key-changed ${FILE}`])
})

test('refuses one that encrypts two texts in a new file', async () => {
  const text = await encrypted('a: hunter2\nb: hunter3\n')
  const [nonce = ''] = text.match(/iv:[^,]*/) ?? []
  stage(repository, { 'secrets/y.yaml': text.replace(/(\nb: .*)iv:[^,]*/, `$1${nonce}`) })
  expect(check(repository)).toEqual(['refuse nonce-reused secrets/y.yaml'])
})

test('refuses another selector that reveals what was encrypted, and names one that does not', async () => {
  const revealing = { kind: 'unencrypted-regex', text: '^(host_public|user)$' } as const
  const text = await encrypted(PLAIN, { selector: revealing })
  stage(repository, { [FILE]: text })
  expect(check(repository)).toEqual([
    `refuse partly-encrypted ${FILE}:3 db.user`,
    `refuse selector-changed ${FILE}:3 db.user`,
  ])
  stage(repository, { [FILE]: await encrypted(PLAIN, { selector: { kind: 'unencrypted-suffix', text: '_nothing' } }) })
  expect(check(repository)).toEqual([`note selector-changed ${FILE}`])
})

test('does not let a rule and its files reveal values in one change', async () => {
  const revealing = { kind: 'unencrypted-suffix', text: 'user' } as const
  const rules = RULES.replace('keys:', 'unencrypted_suffix: user\n    keys:')
  stage(repository, {
    '.kmsfile.yaml': rules,
    [FILE]: await encrypted(PLAIN.replace('_public', ''), { selector: revealing }),
  })
  expect(check(repository).filter((found) => found.startsWith('refuse'))).toEqual([
    `refuse partly-encrypted ${FILE}:3 db.user`,
    `refuse selector-changed ${FILE}:3 db.user`,
  ])
})

test('names a version that says it is older', async () => {
  stage(repository, { [FILE]: await encrypted(PLAIN, { selector, now: new Date('2025-01-01T00:00:00Z') }) })
  expect(check(repository)).toEqual([`note rolled-back ${FILE}`])
})

test('names what changes in the rules', () => {
  const rules = repository.read('.kmsfile.yaml')
  stage(repository, {
    '.kmsfile.yaml': `${rules.replace('"secrets/**"', '"secrets/*.yaml"').replace(recipient, STRANGER)}exempt:\n  - { path: a, reason: b }\n`,
  })
  expect(check(repository)).toEqual([
    'note exemption-added .kmsfile.yaml:7',
    'note recipients-changed .kmsfile.yaml',
    'note rule-removed .kmsfile.yaml',
  ])
  const { stdout } = repository.kmsfile(['git', 'check'])
  expect(stdout).toContain(`a new recipient: ${STRANGER}`)
  expect(stdout).toContain('no rule for secrets/** any more')
})
