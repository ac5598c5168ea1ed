import { expect, test } from 'vitest'
import { plaintextOf } from '../../src/operations/read-secrets.ts'
import { planRotation, type RotateOptions, rotate } from '../../src/operations/rotate.ts'
import type { Workspace } from '../../src/operations/workspace.ts'
import {
  allEnvelopes,
  ana,
  asSops,
  ben,
  cat,
  FILE,
  noncesOf,
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

test('nothing that is encrypted stays as it was, and everything reads the same', async () => {
  const { place, before, after } = await rotated()
  expect(after).not.toBe(before)
  for (const parts of [allEnvelopes, noncesOf, wrappedKeys]) {
    const old = new Set(parts(before))
    expect(parts(after).filter((part) => old.has(part))).toEqual([])
    expect(parts(after)).toHaveLength(parts(before).length)
  }
  const opened = await place.open(ben)
  expect(opened.file).toMatchObject({ integrity: 'sealed', recipients: 'confirmed' })
  expect(await plaintextOf(opened.file)).toEqual({ text: PLAIN, exact: true })
})

test('the new data key is for the recipients of the rule, whoever the file was for', async () => {
  const place = await prepared()
  const old = await place.open()
  place.rule('keys: [ana, cat]')

  const plan = await planRotation(place.as(), await place.source())
  expect(plan.recipients).toMatchObject({ added: [cat.key], removed: [ben.key] })
  const { text } = await rotate(place.as(), plan)

  expect(recipientsIn(text)).toEqual([[ana.recipient, cat.recipient]])
  place.write(FILE, text)
  await expect(place.open(ben)).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' })
  expect((await place.open(cat)).file.dataKey).not.toEqual(old.file.dataKey)
})

test('a recipient that somebody put into the file gets nothing where a rule says who may have it', async () => {
  const place = await prepared()
  place.write(FILE, place.read().replaceAll(ben.recipient, cat.recipient))
  const { text, plan } = await run(place)
  expect(plan.recipients).toMatchObject({ added: [ben.key], removed: [cat.key] })
  expect(recipientsIn(text)).toEqual([[ana.recipient, ben.recipient]])
})

test('a file without a rule keeps the recipients that are sealed', async () => {
  const place = await prepared()
  place.noRule()
  expect(recipientsIn((await run(place)).text)).toEqual([[ana.recipient, ben.recipient]])
})

test('keys are added to a file without a rule, and taken out', async () => {
  const place = await prepared()
  place.noRule()
  const { text } = await run(place, { add: [cat.key, ana.key], remove: [ben.key] })
  expect(recipientsIn(text)).toEqual([[ana.recipient, cat.recipient]])
})

test.each<[string, string, RotateOptions]>([
  ['take out whom the file is not for', 'USAGE', { remove: [cat.key] }],
  ['leave nobody', 'USAGE', { remove: [ana.key, ben.key] }],
])('a rotation does not %s', async (_, code, options) => {
  const place = await prepared()
  place.noRule()
  await expect(run(place, options)).rejects.toMatchObject({ code })
})

test('keys cannot be added beside a rule', async () => {
  const place = await prepared()
  await expect(run(place, { add: [cat.key] })).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('.kmsfile.yaml:7'),
  })
  const workspace = { ...place.as(), flags: { keys: [ana.key] } }
  await expect(run(place, { add: [cat.key] }, workspace)).rejects.toMatchObject({ code: 'USAGE' })
})

test('recipients that were changed by hand are not taken over where no rule says who they should be', async () => {
  const place = await prepared()
  place.noRule()
  place.write(FILE, place.read().replaceAll(ben.recipient, cat.recipient))
  await expect(run(place)).rejects.toMatchObject({ code: 'INTEGRITY_RECIPIENTS_CHANGED' })
})

test('recipients that sops wrote are not taken over where no rule says who they should be, but named ones are', async () => {
  const place = await prepared()
  place.write(FILE, await asSops(await place.open()))
  place.noRule()
  await expect(run(place)).rejects.toMatchObject({ code: 'CONFIG_NO_RULE' })

  const { text } = await run(place, {}, { ...place.as(), flags: { keys: [cat.key] } })
  expect(recipientsIn(text)).toEqual([[cat.recipient]])
})

test('a file that sops wrote is not rotated where its rule asks for a seal', async () => {
  const place = await prepared()
  place.write(FILE, await asSops(await place.open()))
  expect((await run(place)).text).toContain('kmsfile:')
  place.rule('keys: [ana, ben]', 'integrity: sealed')
  await expect(run(place)).rejects.toMatchObject({ code: 'INTEGRITY_NOT_SEALED' })
})

test('a threshold of the rule splits the new data key', async () => {
  const place = await prepared()
  place.rule('groups: [[ana], [ben], [cat]]', 'threshold: 2')
  const { text, plan } = await run(place)
  expect(plan.recipients.quorum).toEqual({ from: { needed: 1, groups: 1 }, to: { needed: 2, groups: 3 } })
  place.write(FILE, text)
  await expect(place.open(ana)).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' })
  expect((await place.open(cat, ben)).file.recipients).toBe('confirmed')
})

test('the selector stays that of the file', async () => {
  const place = await prepared()
  place.rule('keys: [ana, ben]', 'encrypted_regex: "^port$"')
  place.write(FILE, (await run(place)).text)
  expect((await place.open()).file.envelope.selector).toEqual({ kind: 'unencrypted-suffix', text: '_unencrypted' })
})

async function prepared(): Promise<Team> {
  const place = team()
  place.rule('keys: [ana, ben]')
  await place.protect(PLAIN)
  return place
}

async function run(place: Team, options: RotateOptions = {}, workspace: Workspace = place.as()) {
  const plan = await planRotation(workspace, await place.source(), options)
  return { plan, text: (await rotate(workspace, plan)).text }
}

async function rotated() {
  const place = await prepared()
  const before = place.read()
  const { text: after } = await run(place)
  place.write(FILE, after)
  return { place, before, after }
}
