import { describe, expect, test } from 'vitest'
import { json } from '../../src/formats/json.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { inspectText, mentionsEncryption } from '../../src/operations/inspect.ts'
import { protect, recipient } from './secrets.ts'

const PLAIN = 'db:\n  host: db.internal\n  password: hunter2\nport_unencrypted: 1\n'

describe('inspectText', () => {
  test('takes nothing but white space for empty', async () => {
    expect(await inspectText(yaml, '')).toMatchObject({ state: 'empty' })
    expect(await inspectText(yaml, ' \n\n')).toMatchObject({ state: 'empty' })
  })

  test('takes a text without encrypted values for plaintext, valid or not', async () => {
    expect(await inspectText(yaml, PLAIN)).toMatchObject({ state: 'plaintext' })
    expect(await inspectText(yaml, 'a: [')).toMatchObject({ state: 'plaintext' })
    expect(await inspectText(json, '{"sops": {}}')).toMatchObject({ state: 'plaintext' })
  })

  test('takes talk of encryption in a plaintext for what it is', async () => {
    expect(await inspectText(yaml, 'note: looks like ENC[AES256_GCM,data:...]\n')).toMatchObject({ state: 'plaintext' })
    expect(await inspectText(yaml, '# ENC[AES256_GCM,data:...]\na: 1\n')).toMatchObject({ state: 'plaintext' })
  })

  test('reads the envelope of an encrypted text', async () => {
    const { text } = await protect(PLAIN)
    const { state, envelope, whole, added, problem } = await inspectText(yaml, text)
    expect({ state, whole, added, problem }).toEqual({
      state: 'encrypted',
      whole: false,
      added: [],
      problem: undefined,
    })
    expect(envelope?.groups.flat().map(({ masterKey }) => masterKey)).toEqual([{ type: 'age', recipient }])
  })

  test('knows a file that is one value', async () => {
    const { text } = await protect('? [complex]\n: 1\n')
    expect(await inspectText(yaml, text)).toMatchObject({ state: 'encrypted', whole: true })
  })

  test('finds what somebody added by hand, by the selector of the file', async () => {
    const { text } = await protect(PLAIN)
    const added = `token: abc\nnote_unencrypted: x\nempty: ""\nnothing: null\n${text}`
    expect(await inspectText(yaml, added)).toMatchObject({ state: 'partly', added: [['token']] })
  })

  test('finds encrypted values that have lost their envelope', async () => {
    const { text } = await protect(PLAIN)
    const lost = text.slice(0, text.indexOf('sops:'))
    expect(await inspectText(yaml, lost)).toMatchObject({
      state: 'partly',
      problem: { code: 'FILE_PARTLY_ENCRYPTED' },
    })
  })

  test('knows what a merge leaves behind', async () => {
    const { text } = await protect(PLAIN)
    const marked = `<<<<<<< ours\n${text}=======\n${text}>>>>>>> theirs\n`
    expect(await inspectText(yaml, marked)).toMatchObject({ state: 'conflict' })
    const unresolved = text.replace(/lastmodified: .*/, 'lastmodified: "unresolved: run kmsfile git resolve"')
    expect(await inspectText(yaml, unresolved)).toMatchObject({
      state: 'conflict',
      problem: { code: 'FILE_IN_CONFLICT' },
    })
  })

  test.each([
    ['a syntax error', (text: string) => `${text}\n a: [`, 'FORMAT_SYNTAX'],
    ['no time', (text: string) => text.replace(/lastmodified: .*/, 'lastmodified: yesterday'), 'ENVELOPE_INVALID'],
    ['no master key', (text: string) => text.replace(/ +age:\n(?: +(?:- )?enc[\s\S]*?)recipient: .*\n/, ''), undefined],
    ['two envelopes', (text: string) => text + text.slice(text.indexOf('sops:')), 'FORMAT_DUPLICATE_KEY'],
  ])('says why an encrypted text cannot be read: %s', async (_, change, code) => {
    const { text } = await protect(PLAIN)
    const { state, problem } = await inspectText(yaml, change(text))
    expect(state).toBe('unreadable')
    expect(problem?.code).toBe(code ?? problem?.code)
  })
})

test('bytes mention encryption wherever it stands in them', () => {
  const bytes = Buffer.from(`xx${'a'.repeat(70_000)}ENC[AES256_GCM,data:x]`)
  expect(mentionsEncryption(bytes.subarray(2))).toBe(true)
  expect(mentionsEncryption(bytes.subarray(2, -10))).toBe(false)
})
