import { expect, test } from 'vitest'
import { parsePath, printPath } from '../../src/core/path.ts'
import { yaml } from '../../src/formats/yaml.ts'
import { decrypt } from '../../src/operations/decrypt.ts'
import { parseEncrypted, plaintextOf } from '../../src/operations/read-secrets.ts'
import { isNeeded, type KeyUpdate, planKeyUpdate, updateKeys } from '../../src/operations/update-keys.ts'
import {
  allEnvelopes,
  ana,
  asSops,
  ben,
  cat,
  FILE,
  type Person,
  recipientsIn,
  type Team,
  team,
  wrappedKeys,
} from './team.ts'

const PLAIN = `# a comment
db:
  host_unencrypted: db.internal

  password: hunter2   # another
  port: 5432
list: [a, "a", a]
`

test('whoever stays keeps the wrapped key, byte for byte, and values keep their envelopes', async () => {
  const place = await prepared('keys: [ana, ben]')
  const [before, old] = [place.read(), await place.open()]
  place.rule('keys: [cat, ana]')

  const update = await run(place)

  expect(update.recipients).toMatchObject({ added: [cat.key], removed: [ben.key] })
  const after = place.read()
  expect(recipientsIn(after)).toEqual([[cat.recipient, ana.recipient]])
  expect(wrappedKeys(after)[1]).toBe(wrappedKeys(before)[0])
  expect(values(after)).toEqual(values(before))
  expect((await place.open(cat)).file.dataKey).toEqual(old.file.dataKey)
  await expect(place.open(ben)).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' })
})

test('MAC and seal are made anew', async () => {
  const place = await prepared('keys: [ana, ben]')
  const before = place.read()
  place.rule('keys: [ana]')
  await run(place)
  expect(allEnvelopes(place.read()).at(-1)).not.toBe(allEnvelopes(before).at(-1))
  expect((await place.open()).file).toMatchObject({ integrity: 'sealed', recipients: 'confirmed' })
  expect(await plaintextOf((await place.open()).file)).toEqual({ text: PLAIN, exact: true })
})

test.each([
  ['keys', ['keys: [ana, ben]'], ['keys: [ben, ana]']],
  ['groups', ['groups: [[ana], [ben]]'], ['groups: [[ana], [ben]]', 'threshold: 2']],
])('nothing is to be done where the %s are the same in other words', async (_, before, after) => {
  const place = await prepared(...before)
  place.rule(...after)
  expect(isNeeded(await plan(place, ana, ben))).toBe(false)
})

test('a selector is that of the rule afterwards, and what it concerns is named', async () => {
  const place = await prepared('keys: [ana]')
  place.rule('keys: [ana]', 'encrypted_regex: "^(password|host_unencrypted)$"')

  const update = await run(place)

  expect(named(update)).toEqual({
    hidden: ['db.host_unencrypted'],
    revealed: ['db.port', 'list[0]', 'list[1]', 'list[2]'],
    revealedComments: 2,
    hiddenComments: 0,
  })
  expect(place.read()).toContain('port: 5432')
  expect(place.read()).not.toContain('db.internal')
  expect(await text(place, 'db.host_unencrypted')).toBe('db.internal')
  expect(isNeeded(await plan(place))).toBe(false)
})

test('comments that become encrypted are counted', async () => {
  const place = await prepared('keys: [ana]', 'encrypted_regex: "^password$"')
  place.rule('keys: [ana]')
  expect(named(await plan(place))).toMatchObject({ hiddenComments: 2, revealedComments: 0, revealed: [] })
})

test('a selector that goes by comments is followed too', async () => {
  const place = await prepared('keys: [ana]')
  place.rule('keys: [ana]', 'unencrypted_comment_regex: "^ another"')
  const update = await run(place)
  expect(named(update)).toEqual({
    hidden: ['db.host_unencrypted'],
    revealed: ['db.password'],
    hiddenComments: 0,
    revealedComments: 1,
  })
  expect(place.read()).toContain('hunter2')
  expect(isNeeded(await plan(place))).toBe(false)
})

test('readable values are left out of the MAC where the rule says so', async () => {
  const place = await prepared('keys: [ana]')
  place.rule('keys: [ana]', 'mac_only_encrypted: true')
  expect(await run(place)).toMatchObject({ macOnlyEncrypted: true, selector: undefined })
  place.write(FILE, place.read().replace('db.internal', 'db.external'))
  expect(await text(place, 'db.host_unencrypted')).toBe('db.external')
})

test('recipients that were changed by hand are named, replaced by those of the rule, and sealed', async () => {
  const place = await prepared('keys: [ana, ben]')
  place.write(FILE, place.read().replaceAll(ben.recipient, cat.recipient))
  const update = await run(place)
  expect(update).toMatchObject({ unconfirmed: true, unsealed: true })
  expect(update.recipients).toMatchObject({ added: [ben.key], removed: [cat.key] })
  expect(recipientsIn(place.read())).toEqual([[ana.recipient, ben.recipient]])
  expect((await place.open(ben)).file.recipients).toBe('confirmed')
})

test('a recipient that was added by hand is sealed where the rule has the same', async () => {
  const place = await prepared('keys: [ana, ben]')
  place.write(FILE, place.read().replaceAll(ben.recipient, cat.recipient))
  place.rule('keys: [ana, cat]')
  const update = await run(place)
  expect(update).toMatchObject({ unconfirmed: false, unsealed: true, recipients: { added: [], removed: [] } })
  expect((await place.open()).file.recipients).toBe('confirmed')
})

test.each([[[]], [['integrity: sealed']]])('a file that sops wrote is sealed (%s)', async (lines) => {
  const place = await prepared('keys: [ana]')
  const before = place.read()
  place.write(FILE, await asSops(await place.open()))
  place.rule('keys: [ana]', ...lines)
  expect(await run(place)).toMatchObject({ unsealed: true, recipients: { added: [], removed: [] } })
  expect(values(place.read())).toEqual(values(before))
  expect(wrappedKeys(place.read())).toEqual(wrappedKeys(before))
  expect((await place.open()).file).toMatchObject({ integrity: 'sealed', recipients: 'confirmed' })
})

test('a seal over recipients that sops dropped is made again', async () => {
  const place = await prepared('keys: [ana]')
  place.write(FILE, place.read().replace(/^ +kmsfile: .*\n/m, ''))
  expect((await place.open()).file.recipients).toBeUndefined()
  await run(place)
  expect((await place.open()).file.recipients).toBe('confirmed')
})

test('with a threshold of two of three groups, any two open the file', async () => {
  const place = await prepared('keys: [ana]')
  place.rule('groups: [[ana], [ben], [cat]]', 'threshold: 2')
  const { dataKey } = (await place.open()).file
  expect((await run(place)).recipients).toMatchObject({
    added: [ben.key, cat.key],
    quorum: { from: { needed: 1, groups: 1 }, to: { needed: 2, groups: 3 } },
  })
  for (const people of [
    [ana, ben],
    [ben, cat],
    [cat, ana],
    [ana, ben, cat],
  ]) {
    expect((await place.open(...people)).file).toMatchObject({ dataKey, integrity: 'sealed', recipients: 'confirmed' })
  }
  for (const person of [ana, ben, cat]) {
    await expect(place.open(person)).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' })
  }
})

test.each([
  ['threshold', ['groups: [[ana], [ben], [cat]]', 'threshold: 3']],
  ['members of a group', ['groups: [[ana], [ben, ana], [cat]]', 'threshold: 2']],
  ['groups of a key', ['groups: [[ben], [ana], [cat]]', 'threshold: 2']],
  ['number of groups', ['groups: [[ana], [ben]]']],
])('all shares are new where the %s change', async (_, after) => {
  const place = await prepared('groups: [[ana], [ben], [cat]]', 'threshold: 2')
  const before = new Set(wrappedKeys(place.read()))
  const { dataKey } = (await place.open(ana, ben)).file
  place.rule(...after)
  await run(place, ana, ben, cat)
  expect(wrappedKeys(place.read()).filter((wrapped) => before.has(wrapped))).toEqual([])
  expect((await place.open(ana, ben, cat)).file.dataKey).toEqual(dataKey)
  expect(isNeeded(await plan(place, ana, ben, cat))).toBe(false)
})

test('shares stay where only the selector changes', async () => {
  const place = await prepared('groups: [[ana], [ben], [cat]]', 'threshold: 2')
  const before = wrappedKeys(place.read())
  place.rule('groups: [[ana], [ben], [cat]]', 'threshold: 2', 'encrypted_regex: "^password$"')
  await run(place, ana, ben)
  expect(wrappedKeys(place.read())).toEqual(before)
})

test('a key that moves to another group is no new one', async () => {
  const place = await prepared('groups: [[ana], [ben]]')
  place.rule('groups: [[ben], [ana]]')
  expect((await plan(place, ana, ben)).recipients).toEqual({
    added: [],
    removed: [],
    quorum: undefined,
    regrouped: true,
  })
})

test('without a rule, named keys take the place of those of the file, and the selector stays', async () => {
  const place = await prepared('keys: [ana]', 'encrypted_regex: "^password$"', 'mac_only_encrypted: true')
  place.noRule()
  await expect(plan(place)).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' })

  const workspace = { ...place.as(), flags: { keys: [ana.key, cat.key] } }
  const update = await planKeyUpdate(workspace, await place.source())
  expect(update).toMatchObject({ selector: undefined, macOnlyEncrypted: undefined, recipients: { added: [cat.key] } })
  place.write(FILE, (await updateKeys(workspace, update)).text)
  expect((await place.open(cat)).file.envelope).toMatchObject({
    macOnlyEncrypted: true,
    selector: { text: '^password$' },
  })
})

test('a selector means nothing to a file that is one value', async () => {
  const place = team()
  place.rule('keys: [ana]')
  await place.protect('__root__: a\nb: 1\n')
  expect(place.read()).toContain('__whole__')
  place.rule('keys: [ana]', 'encrypted_regex: "^password$"')
  expect(isNeeded(await plan(place))).toBe(false)
})

test('a file whose document was changed by hand is not touched', async () => {
  const place = await prepared('keys: [ana]')
  place.write(FILE, `admins: null\n${place.read()}`)
  place.rule('keys: [ana, ben]')
  await expect(plan(place)).rejects.toMatchObject({ code: 'INTEGRITY_SEAL_MISMATCH' })
})

async function prepared(...rule: readonly string[]): Promise<Team> {
  const place = team()
  place.rule(...rule)
  await place.protect(PLAIN)
  return place
}

async function plan(place: Team, ...people: readonly Person[]): Promise<KeyUpdate> {
  return planKeyUpdate(place.as(...people), await place.source())
}

async function run(place: Team, ...people: readonly Person[]): Promise<KeyUpdate> {
  const update = await plan(place, ...people)
  place.write(FILE, (await updateKeys(place.as(...people), update)).text)
  return update
}

function named({ hidden, revealed, hiddenComments, revealedComments }: KeyUpdate) {
  const paths = (places: typeof hidden) => places.map(({ path }) => printPath(path))
  return { hidden: paths(hidden), revealed: paths(revealed), hiddenComments, revealedComments }
}

/** Envelopes of the values alone. */
function values(text: string): readonly string[] {
  const { mac } = parseEncrypted(yaml, text).envelope
  return allEnvelopes(text).filter((envelope) => envelope !== mac)
}

async function text(place: Team, path: string): Promise<string> {
  return (await decrypt(place.as(), await place.source(), { extract: parsePath(path) })).text
}
