import { expect, test } from 'vitest'
import { readSource } from '../../src/operations/secrets-file.ts'
import { planKeyUpdate, updateKeys } from '../../src/operations/update-keys.ts'
import { ana, ben, cat, recipientsIn } from '../operations/team.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

const BASE = 'a: first\nb: second\nc: third\n'
const A2 = BASE.replace('first', 'FIRST')
const B2 = BASE.replace('second', 'SECOND')

test('merges a file that two of three open, with the keys of two', async () => {
  const repository = await shared()
  await repository.branch('feature', () => repository.saved(A2))
  await repository.saved(B2)
  expect(repository.merge('feature')).toMatchObject({ code: 0, stderr: '' })
  expect(recipientsIn(repository.read(FILE))).toEqual([[ana.recipient], [ben.recipient], [cat.recipient]])
  expect(repository.plain()).toBe(A2.replace('second', 'SECOND'))
  repository.as(ana)
  expect(repository.kmsfile(['decrypt', FILE]).code).toBe(5)
})

test.each<[string, (text: string) => string]>([
  ['fewer of them', (text) => text.replace('shamir_threshold: 2', 'shamir_threshold: 1')],
  ['a group that somebody took out', (text) => text.replace(cat.recipient, ben.recipient)],
])('merges nothing where the other side asks, without a key, for %s', async (_what, forge) => {
  const repository = await shared()
  await repository.branch('feature', async () => {
    await repository.save(A2)
    expect(forge(repository.read(FILE))).not.toBe(repository.read(FILE))
    repository.commit({ [FILE]: forge(repository.read(FILE)) })
  })
  await repository.saved(B2)
  const ours = repository.read(FILE)
  expect(repository.merge('feature').code).toBe(1)
  expect(repository.read(FILE)).toBe(ours)
})

test('takes the groups of the side that changed them, all of them', async () => {
  const repository = await shared()
  await repository.branch('feature', async () => {
    groups(repository, '[[ana], [ben]]')
    const workspace = repository.workspace()
    const { text } = await updateKeys(workspace, await planKeyUpdate(workspace, await readSource(workspace, FILE)))
    repository.commit({ [FILE]: text })
  })
  await repository.saved(B2)
  const { code, stderr } = repository.merge('feature')
  expect([code, stderr]).toEqual([0, expect.stringContaining('kmsfile rotate')])
  expect(recipientsIn(repository.read(FILE))).toEqual([[ana.recipient], [ben.recipient]])
  expect(repository.plain()).toBe(B2)
})

/** A file that any two of three people open together; two are at hand. */
async function shared(): Promise<MergeRepository> {
  const repository = mergeRepository()
  groups(repository, '[[ana], [ben], [cat]]')
  repository.as(ana, ben)
  await repository.saved(BASE)
  return repository
}

function groups(repository: MergeRepository, list: string): void {
  const rules = repository.read('.kmsfile.yaml')
  repository.write(
    '.kmsfile.yaml',
    rules.replace(/^ {4}(?:keys|groups): .*\n(?: {4}threshold: .*\n)?/m, `    groups: ${list}\n    threshold: 2\n`),
  )
}
