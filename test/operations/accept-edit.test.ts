import { expect, test } from 'vitest'
import { planAcceptance } from '../../src/operations/accept-edit.ts'
import { plaintextOf } from '../../src/operations/read-secrets.ts'
import { type Sealing, seal } from '../../src/operations/seal-file.ts'
import { printPlace, type TreeChange } from '../../src/operations/tree-changes.ts'
import { allEnvelopes, ana, asSops, ben, cat, FILE, recipientsIn, type Team, team } from './team.ts'

const PLAIN = `# a comment
db:
  host_unencrypted: db.internal

  password: hunter2   # another
  port: 5432
list: [a, b]
flag_unencrypted: "no"
same_unencrypted: 0x1F
`

test.each<[string, (text: string) => string, string[], string]>([
  ['a changed value', (t) => t.replace('db.internal', 'db.new'), ['changed db.host_unencrypted'], ''],
  ['a readable value that is removed', (t) => t.replace(/flag_.*\n/, ''), ['removed flag_unencrypted'], ''],
  ['a secret value that is removed', (t) => t.replace(/ {2}port: .*\n/, ''), ['removed db.port'], ''],
  ['a null', (t) => `admins: null\n${t}`, ['added admins'], ''],
  ['an empty list', (t) => `acl: []\n${t}`, ['added acl'], ''],
  [
    'a secret value that became empty',
    (t) => t.replace(/ {2}password: \S+/, '  password: ""'),
    ['changed db.password'],
    '',
  ],
  ['a value of another type', (t) => t.replace('"no"', '0'), ['retyped flag_unencrypted'], ''],
  ['another spelling', (t) => `n: ~\n${t.replace('"no"', 'no')}`, ['added n', 'respelled flag_unencrypted'], ''],
  ['a renamed key', (t) => t.replace('flag_', 'flog_'), ['moved flog_unencrypted < flag_unencrypted'], ''],
  [
    'a value that moved to another map',
    (t) => t.replace(/flag_.*\n/, '').replace('  host_', '  flag_unencrypted: "no"\n  host_'),
    ['moved db.flag_unencrypted < flag_unencrypted'],
    '',
  ],
  ['another order of keys', (t) => t.replace(/(flag_.*\n)(same_.*\n)/, '$2$1'), ['reordered .'], ''],
  [
    'items that changed places',
    (t) => t.replace(/("ENC.*"), ("ENC.*")/, '$2, $1'),
    ['changed list[0]', 'changed list[1]'],
    '',
  ],
  [
    'a plaintext',
    (t) => t.replace('  port', '  pin: 1\n  port').replace('"no"', '0'),
    ['added db.pin', 'retyped flag_unencrypted'],
    'db.pin',
  ],
  ['only a plaintext', (t) => t.replace('  port', '  pin: 1\n  port'), ['added db.pin'], 'db.pin'],
  ['the loss of the MAC', (t) => t.replace(/ +mac: .*\n/, '    mac: ""\n'), [], ''],
])('%s is named, and accepted', async (_, edit, changes, added) => {
  const place = await prepared()
  const before = place.read()
  place.write(FILE, edit(before))

  const sealing = await run(place)

  expect(sealing.reason).toBe('edited')
  expect(sealing.changes?.map(changeText)).toEqual(changes)
  expect(sealing.added.map(printPlace).join()).toBe(added)
  const { file } = await place.open(ben)
  expect(file).toMatchObject({ integrity: 'sealed', recipients: 'confirmed', added: [] })
  // What is still encrypted has the bytes it had.
  const old = new Set(allEnvelopes(before))
  expect(allEnvelopes(place.read()).filter((envelope) => !old.has(envelope))).toHaveLength(added === '' ? 1 : 2)
})

test('tags, anchors and aliases that changed are named besides, by their place', async () => {
  const place = await prepared({
    plain:
      'a_unencrypted: &x {k: 1}\nb_unencrypted: &y {k: 1}\nc_unencrypted: *x\npassword: &z !tag hunter2\ncopy: *z\n',
  })
  const edited = place
    .read()
    .replace('*x', '*y')
    .replace('!tag', '!other')
    .replace(/&z|&__alias_z/g, (name) => name.replace(/z$/, 'zz'))
    .replace('b_unencrypted: &y {k: 1}', 'b_unencrypted: !new &y {k: 1, l: 2}')
  place.write(FILE, edited)
  const sealing = await run(place)
  expect(sealing.changes?.map(changeText)).toEqual([
    'added b_unencrypted.l',
    'added c_unencrypted.l',
    'retagged b_unencrypted',
    'realiased c_unencrypted',
    'retagged password',
    'reanchored password',
  ])
  expect((await plaintextOf((await place.open()).file)).text).toBe(
    'a_unencrypted: &x {k: 1}\nb_unencrypted: !new &y {k: 1, l: 2}\nc_unencrypted: *y\npassword: &zz !other hunter2\ncopy: *zz\n',
  )
})

test('an edit of nothing but the spelling can be accepted, also when it is committed', async () => {
  const place = await prepared({ plain: 'a_unencrypted: &x one\nb: 2\n' })
  place.write(FILE, place.read().replace('&x', '!t &x'))
  place.commit()
  expect((await plaintextOf((await place.open()).file)).exact).toBe(false)
  const sealing = await run(place)
  expect(sealing).toMatchObject({ reason: 'edited', isReprinted: false })
  expect(sealing.changes?.map(changeText)).toEqual(['retagged a_unencrypted'])
  expect(await plaintextOf((await place.open()).file)).toEqual({
    text: 'a_unencrypted: !t &x one\nb: 2\n',
    exact: true,
  })
  expect((await planAcceptance(place.as(), await place.source())).reason).toBeUndefined()
})

test('an edit of what stands for an alias is accepted as it is named', async () => {
  const place = await prepared({ plain: 'base: &b {n_unencrypted: 1, p: hunter2}\ncopy: *b\n' })
  place.write(FILE, place.read().replace('{"n_unencrypted": 1,', '{"n_unencrypted": 2,'))
  const sealing = await run(place)
  expect(sealing.changes?.map(changeText)).toEqual(['changed copy.n_unencrypted'])
  expect((await plaintextOf((await place.open()).file)).text).toContain('n_unencrypted: 2\n')
})

test('the layout stays', async () => {
  const place = await prepared()
  place.write(FILE, place.read().replace('db.internal', 'db.new'))
  expect((await run(place)).isReprinted).toBe(false)
  expect(await plaintextOf((await place.open()).file)).toEqual({
    text: PLAIN.replace('db.internal', 'db.new'),
    exact: true,
  })
})

test.each([
  ['no version is known', false, (t: string) => t],
  ['nothing authenticates its layout', true, (t: string) => t.replace(/ +mac: .*\n/, '    mac: ""\n')],
])('values are printed so that each reads the same to everybody where %s', async (_, committed, edit) => {
  const place = await prepared({ committed })
  place.write(FILE, edit(place.read()).replace('"no"', 'no').replace('db.internal', 'db.new'))
  const sealing = await run(place)
  expect(sealing.isReprinted).toBe(true)
  expect(sealing.changes === undefined).toBe(!committed)
  expect((await plaintextOf((await place.open()).file)).text).toContain('flag_unencrypted: "no"\n')
})

test('a file whose MAC and seal fit is not one that somebody edited', async () => {
  const place = await prepared({ committed: false })
  expect((await planAcceptance(place.as(), await place.source())).reason).toBeUndefined()
  place.write(FILE, await asSops(await place.open()))
  expect((await planAcceptance(place.as(), await place.source())).reason).toBe('sops')
})

test('the comparison is with the last version that verifies', async () => {
  const place = await prepared()
  place.write(FILE, place.read().replace('db.internal', 'db.new'))
  place.commit()
  place.write(FILE, `admins: null\n${place.read()}`)
  place.commit()
  expect((await run(place)).changes?.map(changeText)).toEqual(['added admins', 'changed db.host_unencrypted'])
})

test.each<[string, string, (text: string) => string]>([
  ['a secret value under another key', 'INTEGRITY_TAG_MISMATCH', (t) => t.replace('password:', 'passwort:')],
  [
    'a secret value whose bytes changed',
    'INTEGRITY_TAG_MISMATCH',
    (t) =>
      t.replace(
        /(password: ENC\[AES256_GCM,data:)./,
        (_, start: string) => `${start}${t.includes(`${start}A`) ? 'B' : 'A'}`,
      ),
  ],
  ['an ambiguous text', 'INTEGRITY_AMBIGUOUS', (t) => `admins: null # x\u2028y\n${t}`],
  [
    'a selector that leaves encrypted values out',
    'INTEGRITY_SELECTOR_CHANGED',
    (t) => t.replace('unencrypted_suffix: _unencrypted', 'encrypted_regex: ^password$'),
  ],
])('%s is not accepted', async (_, code, edit) => {
  const place = await prepared()
  place.write(FILE, edit(place.read()))
  await expect(planAcceptance(place.as(), await place.source())).rejects.toMatchObject({ code })
})

test('another selector is named, with that of the rule', async () => {
  const place = await prepared()
  place.write(FILE, place.read().replace('unencrypted_suffix: _unencrypted', 'unencrypted_regex: _unencrypted$'))
  const sealing = await run(place)
  expect(sealing).toMatchObject({
    selectorBefore: { kind: 'unencrypted-suffix' },
    selectorOfRule: { kind: 'unencrypted-suffix' },
    changes: [],
  })
  expect((await place.open()).file.envelope.selector.kind).toBe('unencrypted-regex')
})

test('recipients that nobody confirmed are not accepted with an edit: those of the rule take their place', async () => {
  const place = await prepared()
  place.write(FILE, place.read().replaceAll(ben.recipient, cat.recipient).replace('db.internal', 'db.new'))
  const sealing = await run(place)
  expect(sealing.target?.groups).toEqual([[ana.key, ben.key]])
  expect(recipientsIn(place.read())).toEqual([[ana.recipient, ben.recipient]])
  expect((await place.open(ben)).file.recipients).toBe('confirmed')
})

test('without a rule, recipients that were changed are refused, and those that are sealed stay', async () => {
  const place = await prepared()
  place.noRule()
  const edited = place.read().replace('db.internal', 'db.new')
  place.write(FILE, edited.replaceAll(ben.recipient, cat.recipient))
  await expect(run(place)).rejects.toMatchObject({ code: 'INTEGRITY_RECIPIENTS_CHANGED' })
  place.write(FILE, edited)
  expect((await run(place)).target).toBeUndefined()
  expect(recipientsIn(place.read())).toEqual([[ana.recipient, ben.recipient]])
})

test('recipients alone are for updatekeys', async () => {
  const place = await prepared()
  place.write(FILE, place.read().replaceAll(ben.recipient, cat.recipient))
  await expect(run(place)).rejects.toMatchObject({ code: 'INTEGRITY_RECIPIENTS_CHANGED' })
})

test('a time that somebody wrote into the file does not stay', async () => {
  const place = await prepared()
  place.write(FILE, place.read().replace('2026-01-02T', '2099-01-02T'))
  await run(place)
  expect((await place.open()).file.envelope.lastModified).toBe('2026-01-02T03:04:04Z')
})

async function prepared({ committed = true, plain = PLAIN } = {}): Promise<Team> {
  const place = team()
  place.rule('keys: [ana, ben]')
  await place.protect(plain)
  if (committed) place.commit()
  return place
}

async function run(place: Team): Promise<Sealing> {
  const sealing = await planAcceptance(place.as(), await place.source())
  place.write(FILE, (await seal(place.as(), sealing)).text)
  return sealing
}

function changeText(change: TreeChange): string {
  return `${change.kind} ${printPlace(change)}${change.kind === 'moved' ? ` < ${printPlace(change.from)}` : ''}`
}
