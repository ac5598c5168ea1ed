import { expect, test } from 'vitest'
import { cipherKey, decryptValue } from '../../src/core/cipher.ts'
import { parseEncryptedValue } from '../../src/core/encrypted-value.ts'
import { mergeVersions } from '../../src/operations/merge.ts'
import { readConflictNote } from '../../src/operations/merge-conflict-node.ts'
import { treePlace } from '../../src/operations/merge-notes.ts'
import { mergeSetting, repeatsNonce } from '../../src/operations/merge-versions.ts'
import { openSecrets, parseEncrypted } from '../../src/operations/read-secrets.ts'
import { openSource, rewrite } from '../../src/operations/secrets-file.ts'
import { planKeyUpdate, updateKeys } from '../../src/operations/update-keys.ts'
import { ana, FILE, type Team, team } from './team.ts'

const LABELS = { base: 'base', ours: 'HEAD', theirs: 'feature' }

test('goes neither behind the time of either side, nor behind its version of sops', async () => {
  const people = await teamWith('a: 1\nb: 1\n')
  const base = people.read()
  const ours = await change(people, base, 'a: 2\nb: 1\n')
  people.wait(86_400)
  const theirs = (await change(people, base, 'a: 1\nb: 2\n')).replace('version: 3.13.3', 'version: 3.14.0')
  people.wait(-86_000)
  const result = await merge(people, { base, ours, theirs })
  expect(result.text).toContain('lastmodified: "2026-01-03T03:04:04Z"')
  expect(result.text).toContain('version: 3.14.0')
})

test('names two contents under one nonce, and keeps but one of them', async () => {
  const people = await teamWith('a: 1\nb: 1\n')
  const base = people.read()
  const random = people.as().host.randomBytes
  const fixed = () => Uint8Array.from({ length: 64 * 32 }, (_, i) => Math.floor(i / 32) + 1)
  const ours = await change(people, base, 'a: 2\nb: 1\n', (size) =>
    size > 300 ? fixed().subarray(0, size) : random(size),
  )
  const theirs = await change(people, base, 'a: 1\nb: 2\n', (size) =>
    size > 300 ? fixed().subarray(0, size) : random(size),
  )
  const opened = await Promise.all([ours, theirs].map((text) => open(people, text)))
  expect(repeatsNonce(opened)).toBe(true)
  const warnings: string[] = []
  const result = await merge(people, { base, ours, theirs }, warnings)
  expect(warnings).toEqual([expect.stringContaining('one nonce')])
  const nonces = (result.text.match(/ENC\[[^\]]*\]/g) ?? []).map((envelope) => parseEncryptedValue(envelope)?.nonce)
  expect(new Set(nonces).size).toBe(nonces.length)
})

test('says so where their version is older than the one that it follows', async () => {
  const people = await teamWith('a: 1\nb: 1\n')
  const old = people.read()
  people.wait(60)
  const base = await change(people, old, 'a: 2\nb: 1\n')
  people.wait(60)
  const ours = await change(people, base, 'a: 2\nb: 3\n')
  const warnings: string[] = []
  const result = await merge(people, { base, ours, theirs: old }, warnings)
  expect(warnings).toEqual([expect.stringContaining('its values go back')])
  expect((await open(people, result.text)).file.values.map(({ text }) => text)).toEqual(['1', '3'])
  const others: string[] = []
  await merge(people, { base: old, ours: base, theirs: ours }, others)
  expect(others).toEqual([])
})

test('takes the selector of the side that changed it', async () => {
  const people = await teamWith('a: 1\nb_open: 1\n')
  const base = people.read()
  const ours = await change(people, base, 'a: 2\nb_open: 1\n')
  people.rule('keys: [ana, ben]', 'unencrypted_suffix: _open')
  people.write(FILE, base)
  const updated = await updateKeys(people.as(), await planKeyUpdate(people.as(), await people.source()))
  const theirs = await change(people, updated.text, 'a: 1\nb_open: 2\n')
  const result = await merge(people, { base, ours, theirs })
  expect(result).toMatchObject({ outcome: 'merged' })
  expect(result.text).toMatch(/^b_open: 2$/m)
  const { file } = await open(people, result.text)
  expect(file.envelope.selector.text).toBe('_open')
})

test('notes all versions of a conflict, in a file that nothing opens, not even without a look at its MAC', async () => {
  const people = await teamWith('a: {x: 1}\nb: "1"\nc: null\n')
  const base = people.read()
  const ours = await change(people, base, 'a: {x: 2}\nb: "2"\nc: 1\n')
  const theirs = await change(people, base, 'b: 3\nc: ""\n')
  const result = await merge(people, { base, ours, theirs })
  const { file } = await people.source().then((source) => ({ file: source }))
  const note = readConflictNote(file.format.scan(result.text))
  expect(note.labels).toEqual({ ours: 'HEAD', theirs: 'feature' })
  expect(
    note.conflicts.map(({ path, versions }) => [
      path,
      ...Object.values(versions).map((version) => version && (version.isScalar ? 'scalar' : 'tree')),
    ]),
  ).toEqual([
    ['a', 'tree', 'tree', undefined],
    ['b', 'scalar', 'scalar', 'scalar'],
    ['c', 'tree', 'scalar', 'tree'],
  ])
  const { dataKey } = (await open(people, base)).file
  const [tree] = note.conflicts
  const value = parseEncryptedValue(tree?.versions.ours?.envelope ?? '')
  expect(value && decryptValue(cipherKey(dataKey), value, treePlace('a:'))).toBe('x: 2\n')
  // Not as a value of the file.
  expect(() => value && decryptValue(cipherKey(dataKey), value, 'a:')).toThrow()
  const opening = openSecrets(parseEncrypted(file.format, result.text), dataKey, { ignoreMac: true })
  await expect(opening).rejects.toThrow(expect.objectContaining({ code: 'FILE_IN_CONFLICT' }))
})

test.each([
  [1, 1, 2, 2],
  [1, 2, 1, 2],
  [1, 2, 2, 2],
  [1, 2, 3, undefined],
  [undefined, 2, 2, 2],
  [undefined, 2, 3, undefined],
])('of a setting that was %j, is %j and is %j comes %j', (base, ours, theirs, merged) => {
  expect(mergeSetting({ base, ours, theirs })).toBe(merged)
})

async function teamWith(plaintext: string): Promise<Team> {
  const people = team()
  people.rule('keys: [ana, ben]')
  await people.protect(plaintext)
  return people
}

async function open(people: Team, text: string) {
  return openSource(people.as(ana), { ...(await people.source()), text })
}

async function change(
  people: Team,
  text: string,
  plaintext: string,
  randomBytes = people.as().host.randomBytes,
): Promise<string> {
  const workspace = people.as()
  const host = { ...workspace.host, randomBytes }
  return (await rewrite({ ...workspace, host }, await open(people, text), plaintext)).text
}

async function merge(
  people: Team,
  texts: { readonly base: string; readonly ours: string; readonly theirs: string },
  warnings: string[] = [],
) {
  const { text: _, ...file } = await people.source()
  const workspace = { ...people.as(), warn: (message: string) => void warnings.push(message) }
  return mergeVersions(workspace, { file, texts, labels: LABELS })
}
