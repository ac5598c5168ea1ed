import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { KmsfileError } from '../../src/errors.ts'
import { decrypt } from '../../src/operations/decrypt.ts'
import { type EditOptions, edit } from '../../src/operations/edit.ts'
import { readSource } from '../../src/operations/secrets-file.ts'
import { envelopesOf, type Workplace, withStranger, workplace } from './workplace.ts'

const FILE = 'secrets/prod.yaml'
const TEXT = '# a comment\nuser: app\npassword: hunter2\nlist: [one, "two"]\n'

test('an edit encrypts what changed and leaves every other envelope as it was', async () => {
  const place = await prepared('sed -i s/hunter2/hunter3/ "$1"')
  const before = envelopesOf(place.read(FILE))

  const result = await edit(place.workspace, FILE)

  expect(result).toMatchObject({ outcome: 'saved', changes: [{ kind: 'changed', path: ['password'] }] })
  expect(await plaintext(place, FILE)).toBe(TEXT.replace('hunter2', 'hunter3'))
  const after = envelopesOf(place.read(FILE))
  expect(after).toHaveLength(before.length)
  expect(after.filter((envelope) => !before.includes(envelope))).toHaveLength(1)
})

test.each([
  ['nothing', 'true'],
  ['the same text', 'cp "$1" "$1.new"; mv "$1.new" "$1"'],
])('a file is untouched where the editor writes %s', async (_, script) => {
  const place = await prepared(script)
  const before = place.read(FILE)
  expect(await edit(place.workspace, FILE)).toMatchObject({ outcome: 'unchanged' })
  expect(place.read(FILE)).toBe(before)
})

test('an editor that fails without a change leaves the file and nothing else', async () => {
  const place = await prepared('exit 3')
  const before = place.read(FILE)
  await expect(edit(place.workspace, FILE)).rejects.toMatchObject({ code: 'EDITOR_FAILED' })
  expect(place.read(FILE)).toBe(before)
  expect(readdirSync(join(place.root, 'secrets'))).toEqual(['prod.yaml'])
})

test('the plaintext lies in a private folder of its own, under its own name, and is removed', async () => {
  const place = await prepared(`echo "$1" > seen; ls -ld "$(dirname "$1")" "$1" | cut -c1-10 > modes`)
  await edit(place.workspace, FILE)
  const path = place.read('seen').trim()
  expect(path).toMatch(/\/kmsfile-[^/]+\/prod\.yaml$/)
  expect(place.read('modes')).toBe('drwx------\n-rw-------\n')
  expect(existsSync(join(path, '..'))).toBe(false)
})

// The text that somebody wrote is there after each of these, encrypted.
test.each<[string, string, string]>([
  ['is not valid', 'echo "user: twice" >> "$1"', 'FORMAT_DUPLICATE_KEY'],
  ['has a sops key of its own', 'echo "sops: {a: 1}" >> "$1"', 'FORMAT_UNSUPPORTED'],
  ['belongs to a file that changed', `echo "# new" >> ${FILE}; echo "user2: x" >> "$1"`, 'FILE_CHANGED'],
  ['belongs to a file that went away', `rm ${FILE}; echo "user2: x" >> "$1"`, 'FILE_CHANGED'],
  ['was written by an editor that failed', 'echo "user2: x" >> "$1"; exit 1', 'EDITOR_FAILED'],
])('an edit is kept where it %s', async (_, script, code) => {
  const place = await prepared(script)
  const error = await failure(edit(place.workspace, FILE))
  expect(error).toMatchObject({ code, hint: expect.stringContaining('secrets/prod.kmsfile-rescue.yaml') })
  const added = script.match(/"([^"]+)" >> "\$1"/)?.[1]
  expect(await plaintext(place, 'secrets/prod.kmsfile-rescue.yaml')).toBe(`${TEXT}${added}\n`)
  expect(place.read('secrets/prod.kmsfile-rescue.yaml')).not.toContain('user')
})

test('an edit is kept in the state folder where it cannot lie beside its file', async () => {
  const place = await prepared('rm -r secrets; touch secrets; echo "user2: x" >> "$1"')
  const error = await failure(edit(place.workspace, FILE))
  expect(error).toMatchObject({ hint: expect.stringContaining('~/.local/state/kmsfile/prod.kmsfile-rescue.yaml') })
  expect(await plaintext(place, 'home/.local/state/kmsfile/prod.kmsfile-rescue.yaml')).toBe(`${TEXT}user2: x\n`)
})

test('what was written until the program is told to end is kept', async () => {
  const stop = new AbortController()
  const place = workplace({ signal: stop.signal })
  await place.protect(FILE, TEXT)
  // A pipe that is read says that the editor has written.
  place.editor('echo "user2: x" >> "$1"; echo "$1" > written; mv written done; exec sleep 60')
  const edited = failure(edit(place.workspace, FILE))
  await expect.poll(() => existsSync(join(place.root, 'done'))).toBe(true)
  stop.abort()
  expect(await edited).toMatchObject({ code: 'INTERRUPTED' })
  expect(existsSync(place.read('done').trim())).toBe(false)
  const rescued = await decryptLater(place, 'secrets/prod.kmsfile-rescue.yaml')
  expect(rescued).toBe(`${TEXT}user2: x\n`)
})

test('an edit that is not valid goes back to the editor as it is', async () => {
  const place = await prepared(
    'if grep -q twice "$1"; then sed -i /twice/d "$1"; echo "user2: x" >> "$1"; else echo "user: twice" >> "$1"; fi',
  )
  const problems: KmsfileError[] = []
  const askAgain = async (problem: KmsfileError) => problems.push(problem) > 0
  expect(await edit(place.workspace, FILE, { askAgain })).toMatchObject({ outcome: 'saved' })
  expect(problems).toMatchObject([{ code: 'FORMAT_DUPLICATE_KEY', file: FILE, line: 5, column: 1 }])
  expect(await plaintext(place, FILE)).toBe(`${TEXT}user2: x\n`)
})

test('an edit that is not valid can be thrown away', async () => {
  const place = await prepared('echo "user: twice" >> "$1"')
  const before = place.read(FILE)
  expect(await edit(place.workspace, FILE, { askAgain: async () => false })).toEqual({ outcome: 'discarded' })
  expect(place.read(FILE)).toBe(before)
  expect(readdirSync(join(place.root, 'secrets'))).toEqual(['prod.yaml'])
})

test('a text that is not UTF-8 goes back to the editor', async () => {
  const place = await prepared(`printf 'user2: \\374\\n' >> "$1"`)
  const codes: string[] = []
  const askAgain: EditOptions['askAgain'] = async ({ code }) => codes.push(code) < 2
  expect(await edit(place.workspace, FILE, { askAgain })).toEqual({ outcome: 'discarded' })
  expect(codes).toEqual(['FORMAT_ENCODING', 'FORMAT_ENCODING'])
})

test('an editor that removes the file changes nothing', async () => {
  const place = await prepared('rm "$1"')
  await expect(edit(place.workspace, FILE)).rejects.toMatchObject({ code: 'EDITOR_FAILED' })
  expect(await plaintext(place, FILE)).toBe(TEXT)
})

test('values that were added by hand are encrypted with the edit', async () => {
  const place = await prepared('true')
  place.write(FILE, place.read(FILE).replace('user:', 'token: by hand\nuser:'))
  expect(await edit(place.workspace, FILE)).toMatchObject({ outcome: 'unchanged', added: [['token']] })
  place.editor('sed -i s/app/application/ "$1"')
  expect(await edit(place.workspace, FILE)).toMatchObject({ outcome: 'saved', added: [['token']] })
  expect(place.read(FILE)).not.toContain('by hand')
  expect(await plaintext(place, FILE)).toBe(TEXT.replace('user: app', 'token: by hand\nuser: application'))
})

test.each([
  ['secrets/new/app.yaml', 'database:\n'],
  ['secrets/app.json', '"database":'],
])('a new file %s starts from an example', async (name, start) => {
  const place = workplace()
  place.editor('cp "$1" example; sed -i "s/change me/changed/" "$1"')
  expect(await edit(place.workspace, name)).toMatchObject({ outcome: 'saved', created: true })
  expect(place.read('example')).toContain(start)
  expect(await plaintext(place, name)).toBe(place.read('example').replace('change me', 'changed'))
})

test('a new file is not made where its example stays as it is', async () => {
  const place = workplace()
  place.editor('true')
  expect(await edit(place.workspace, 'secrets/new/app.yaml')).toMatchObject({ outcome: 'unchanged', exists: false })
  expect(readdirSync(join(place.root, 'secrets'))).toEqual([])
})

test('a new file that somebody else makes meanwhile stays theirs', async () => {
  const place = workplace()
  place.editor('echo theirs > secrets/app.yaml; sed -i "s/change me/changed/" "$1"')
  await expect(edit(place.workspace, 'secrets/app.yaml')).rejects.toMatchObject({ code: 'FILE_CHANGED' })
  expect(place.read('secrets/app.yaml')).toBe('theirs\n')
  expect(await plaintext(place, 'secrets/app.kmsfile-rescue.yaml')).toContain('changed')
})

test('the editor does not open where the file could not be written', async () => {
  const place = await prepared('touch opened')
  const { workspace } = place
  await expect(edit(workspace, 'elsewhere.yaml')).rejects.toMatchObject({ code: 'CONFIG_NO_RULE' })

  const kms = { type: 'pgp', fingerprint: '0'.repeat(40) } as const
  const flags = { keys: [kms] }
  await expect(edit({ ...workspace, flags }, 'secrets/app.yaml')).rejects.toMatchObject({ code: 'KEY_WRAP_FAILED' })

  place.write(FILE, withStranger(place.read(FILE)))
  await expect(edit(workspace, FILE)).rejects.toMatchObject({ code: 'INTEGRITY_RECIPIENTS_CHANGED' })
  expect(existsSync(join(place.root, 'opened'))).toBe(false)
})

test('a file that is encrypted as one value is edited as it is', async () => {
  const place = await prepared('sed -i s/app/application/ "$1"')
  const text = '? [a, list, as, a, key]\n: app\n'
  await place.protect(FILE, text)
  expect(await edit(place.workspace, FILE)).toMatchObject({ outcome: 'saved', changes: undefined })
  expect(await plaintext(place, FILE)).toBe(text.replace('app', 'application'))
})

async function prepared(script: string): Promise<Workplace> {
  const place = workplace()
  await place.protect(FILE, TEXT)
  place.editor(script)
  return place
}

async function plaintext({ workspace }: Workplace, name: string): Promise<string> {
  return (await decrypt(workspace, await readSource(workspace, name))).text
}

/** Decrypts where the signal of the workplace has aborted. */
async function decryptLater(place: Workplace, name: string): Promise<string> {
  const { signal } = new AbortController()
  return plaintext({ ...place, workspace: { ...place.workspace, keyring: { signal } } }, name)
}

function failure(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    () => undefined,
    (error: unknown) => error,
  )
}
