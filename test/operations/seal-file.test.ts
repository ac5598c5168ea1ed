import { expect, test } from 'vitest'
import { printPath } from '../../src/core/path.ts'
import { planRotation, rotate } from '../../src/operations/rotate.ts'
import { planSeal, type Sealing, seal } from '../../src/operations/seal-file.ts'
import { changeValue } from '../../src/operations/set.ts'
import { planKeyUpdate } from '../../src/operations/update-keys.ts'
import type { Workspace } from '../../src/operations/workspace.ts'
import { findRepository } from '../../src/vcs/repository.ts'
import { allEnvelopes, ana, asSops, ben, cat, FILE, type Team, team, wrappedKeys } from './team.ts'

const PLAIN = 'db:\n    host_unencrypted: db.internal\n    password: hunter2\n    port: 5432\n'

test('a file that sops wrote is sealed, and nothing else of it changes', async () => {
  const place = await prepared()
  const before = place.read()
  place.write(FILE, await asSops(await place.open()))
  expect((await place.open()).file).toMatchObject({ integrity: 'sops', recipients: undefined })

  const sealing = await run(place)

  expect(sealing).toMatchObject({ reason: 'sops', changes: undefined, newDataKey: false, selectorOfRule: undefined })
  const after = place.read()
  expect((await place.open()).file).toMatchObject({ integrity: 'sealed', recipients: 'confirmed' })
  expect(allEnvelopes(after).slice(0, -1)).toEqual(allEnvelopes(before).slice(0, -1))
  expect(wrappedKeys(after)).toEqual(wrappedKeys(before))
  const differing = (text: string) => text.replace(/^ +(kmsfile|mac|lastmodified): .*\n/gm, '')
  expect(differing(after)).toBe(differing(before))
})

test('a sealed file is left alone', async () => {
  const place = await prepared()
  expect((await planSeal(place.as(), await place.source())).reason).toBeUndefined()
})

test('a file is sealed although its rule refuses it without a seal', async () => {
  const place = await prepared()
  place.write(FILE, await asSops(await place.open()))
  place.rule('keys: [ana, ben]', 'integrity: sealed')
  await expect(place.open()).rejects.toMatchObject({ code: 'INTEGRITY_NOT_SEALED' })
  await run(place)
  expect((await place.open()).file.integrity).toBe('sealed')
})

test.each([
  ['sops', async (place: Team) => asSops(await place.open())],
  ['kmsfile', async (place: Team) => place.read()],
])('recipients that differ from the rule are not sealed in a file by %s', async (_, written) => {
  const place = await prepared()
  place.write(FILE, (await written(place)).replaceAll(ben.recipient, cat.recipient))
  await expect(run(place)).rejects.toMatchObject({ code: 'INTEGRITY_RECIPIENTS_CHANGED' })
})

test('the recipients of the rule are sealed where sops dropped their seal', async () => {
  const place = await prepared()
  place.write(FILE, place.read().replace(/^ +kmsfile: .*\n/m, ''))
  expect((await run(place)).reason).toBe('recipients')
  expect((await place.open()).file.recipients).toBe('confirmed')
})

test('a selector that is not that of the rule is pointed out', async () => {
  const place = await prepared()
  place.write(FILE, await asSops(await place.open()))
  place.rule('keys: [ana, ben]', 'encrypted_regex: "^password$"')
  expect((await run(place)).selectorOfRule).toEqual({ kind: 'encrypted-regex', text: '^password$' })
})

test('what changed since the last sealed version in git is named', async () => {
  const place = await prepared()
  place.commit()
  place.wait(60)
  await changeValue(place.as(), FILE, { path: ['db', 'password'], value: 'hunter3' })
  await changeValue(place.as(), FILE, { path: ['db', 'new'], value: null })
  place.write(FILE, await asSops(await place.open()))
  place.commit()
  const { changes } = await run(place)
  expect(changes?.map(({ kind, path }) => `${kind} ${printPath(path)}`)).toEqual([
    'changed db.password',
    'added db.new',
  ])
})

test('a version of sops that was sealed over since is not sealed, updated or rotated', async () => {
  const place = await prepared()
  const old = await asSops(await place.open())
  place.write(FILE, old)
  place.wait(60)
  await run(place)
  place.commit()
  place.wait(60)
  place.write(FILE, old)
  const source = await place.source()
  for (const plan of [planSeal, planKeyUpdate, planRotation]) {
    await expect(plan(place.as(), source)).rejects.toMatchObject({ code: 'INTEGRITY_REPLAY' })
  }
  // With a later time it is one that sops wrote since.
  place.write(FILE, await asSops(await place.open(), { lastModified: '2026-01-02T04:00:00Z' }))
  expect((await run(place)).reason).toBe('sops')
})

test('where git cannot be asked, it is said that nothing was compared', async () => {
  const place = await prepared()
  place.commit()
  place.write(FILE, await asSops(await place.open(), { lastModified: '2026-01-02T04:00:00Z' }))
  const warnings: string[] = []
  const workspace = place.as()
  const host = { ...workspace.host, env: { ...workspace.host.env, PATH: '' } }
  const alone: Workspace = {
    ...workspace,
    repository: (path) => findRepository(host, path),
    warn: (message) => void warnings.push(message),
  }
  const sealing = await planSeal(alone, await place.source())
  expect(sealing).toMatchObject({ reason: 'sops', changes: undefined, newDataKey: false })
  expect(warnings).toEqual([expect.stringContaining('git cannot be started')])
})

test('a version of sops from before kmsfile is sealed, whatever lies between', async () => {
  const place = await prepared()
  place.write(FILE, await asSops(await place.open()))
  place.commit()
  place.write('other', 'x')
  place.commit()
  expect((await run(place)).reason).toBe('sops')
})

test('another data key than that of the last commit is named', async () => {
  const place = await prepared()
  place.commit()
  place.write(FILE, (await rotate(place.as(), await planRotation(place.as(), await place.source()))).text)
  place.write(FILE, await asSops(await place.open()))
  expect((await run(place)).newDataKey).toBe(true)
})

test('a file under a comment selector cannot be sealed', async () => {
  const place = team()
  place.rule('keys: [ana]', 'encrypted_comment_regex: "^ secret"')
  await place.protect(PLAIN)
  await expect(planSeal(place.as(ana), await place.source())).rejects.toMatchObject({ code: 'INTEGRITY_NOT_SEALED' })
})

async function prepared(): Promise<Team> {
  const place = team()
  place.rule('keys: [ana, ben]')
  await place.protect(PLAIN)
  return place
}

async function run(place: Team): Promise<Sealing> {
  const sealing = await planSeal(place.as(), await place.source())
  place.write(FILE, (await seal(place.as(), sealing)).text)
  return sealing
}
