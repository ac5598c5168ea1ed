import { expect, test } from 'vitest'
import { readSource } from '../../src/operations/secrets-file.ts'
import { planKeyUpdate, updateKeys } from '../../src/operations/update-keys.ts'
import { asSops } from '../operations/team.ts'
import { expectNoLeak } from './leaks.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

const BASE = 'a: first-secret\nkeep: kept-secret\n'

test.each([
  ['sealed', async () => {}],
  ['written by sops', bySops],
] as const)('keeps a new secret of ours encrypted though they change which values are: %s', async (_name, write) => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await write(repository, '2098-01-01T00:00:00Z')
  await repository.branch('feature', async () => {
    await selectorBecomes(repository, 'unencrypted_suffix: _open')
    await write(repository, '2098-01-02T00:00:00Z')
  })
  await repository.saved(`${BASE}new_open: new-secret\n`)
  const { code, stderr } = repository.merge('feature')
  expect([code, stderr]).toEqual([0, expect.stringContaining('they stay encrypted')])
  expect(repository.plain()).toBe(`${BASE}new_open: new-secret\n`)
  expectNoLeak(repository.top, ['new-secret'], [repository.top])
})

test('believes a selector no more that somebody changed without any key, in a file that sops wrote', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await bySops(repository, '2098-01-01T00:00:00Z')
  await repository.branch('feature', async () => {
    // Under the MAC as it is: sops binds no rules.
    repository.commit({
      [FILE]: repository.read(FILE).replace('unencrypted_suffix: _unencrypted', 'unencrypted_regex: ^new'),
    })
    expect(repository.plain()).toBe(BASE)
  })
  await repository.save(`${BASE}new_token: new-secret\n`)
  repository.commit({})
  expect(repository.merge('feature').code).toBe(1)
  expect(repository.read(FILE)).not.toContain('new-secret')
  expectNoLeak(repository.top, ['new-secret'], [repository.top])
})

test('asks about keys that one side renamed so that a value of the other would be readable', async () => {
  const repository = mergeRepository()
  const base = 'db:\n  x: 1\n  y: 2\n  password: first-secret\nq: 1\n'
  await repository.saved(base)
  await repository.branch('feature', () => repository.saved(base.replace('db:', 'db_unencrypted:')))
  await repository.saved(base.replace('first', 'second'))
  const { code, stderr } = repository.merge('feature')
  expect([code, stderr]).toEqual([1, expect.stringContaining('1 conflict (db)')])
  expectNoLeak(repository.top, ['second-secret'], [repository.top])
  expect(repository.kmsfile(['git', 'resolve', '--ours', FILE]).code).toBe(0)
  expectNoLeak(repository.top, ['second-secret'], [repository.top])
})

test('merges no value under a comment by which one side makes it readable', async () => {
  const repository = mergeRepository()
  const rules = repository.read('.kmsfile.yaml')
  repository.commit({ '.kmsfile.yaml': `${rules}    unencrypted_comment_regex: public\n` })
  await repository.saved('password: first-secret\nb: 1\n')
  await repository.branch('feature', () => repository.saved('# public\npassword: first-secret\nb: 1\n'))
  await repository.saved('password: second-secret\nb: 1\n')
  const ours = repository.read(FILE)
  const { code, stderr } = repository.merge('feature')
  expect([code, stderr]).toEqual([1, expect.stringContaining('[INTEGRITY_SELECTOR_CHANGED]')])
  expect(repository.read(FILE)).toBe(ours)
  expectNoLeak(repository.top, ['second-secret'], [repository.top])
})

test('has less under the MAC only where both sides say so, or our rule', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => selectorBecomes(repository, 'mac_only_encrypted: true'))
  await repository.saved(`${BASE}b: 1\n`)
  expect(repository.merge('feature').code).toBe(0)
  expect((await repository.open()).file.envelope.macOnlyEncrypted).toBe(false)
})

test('leaves readable what their side has readable, where nothing of ours becomes so', async () => {
  const repository = mergeRepository()
  await repository.saved(`${BASE}c_open: not a secret\n`)
  await repository.branch('feature', () => selectorBecomes(repository, 'unencrypted_suffix: _open'))
  await repository.saved(`${BASE.replace('first', 'second')}c_open: not a secret\n`)
  expect(repository.merge('feature')).toMatchObject({ code: 0, stderr: '' })
  expect(repository.read(FILE)).toMatch(/^c_open: not a secret$/m)
  expectNoLeak(repository.top, ['second-secret'], [repository.top])
})

async function selectorBecomes(repository: MergeRepository, line: string): Promise<void> {
  repository.write('.kmsfile.yaml', `${repository.read('.kmsfile.yaml')}    ${line}\n`)
  const workspace = repository.workspace()
  const { text } = await updateKeys(workspace, await planKeyUpdate(workspace, await readSource(workspace, FILE)))
  repository.commit({ [FILE]: text })
}

async function bySops(repository: MergeRepository, lastModified: string): Promise<void> {
  repository.commit({ [FILE]: await asSops(await repository.open(), { lastModified }) })
}
