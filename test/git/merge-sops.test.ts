import { expect, test } from 'vitest'
import { asSops } from '../operations/team.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

const BASE = 'a: first\nb: second\nc: third\n'
const A2 = BASE.replace('first', 'FIRST')
const B2 = BASE.replace('second', 'SECOND')
const BOTH = A2.replace('second', 'SECOND')

test('takes no version by sops for new that is older than the sealed one it comes from', async () => {
  const repository = mergeRepository()
  await repository.save(A2)
  const opened = await repository.open()
  const bySops = await asSops(opened, { lastModified: '2020-01-01T00:00:00Z' })
  repository.write(FILE, bySops)
  repository.commit({})
  await repository.saved(BASE)
  await repository.branch('feature', () => void repository.commit({ [FILE]: bySops }))
  await repository.saved(B2)
  await expectReplay(repository)
})

test('merges what sops wrote', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', async () => {
    await repository.save(A2)
    repository.commit({ [FILE]: await asSops(await repository.open(), { lastModified: '2099-01-01T00:00:00Z' }) })
  })
  await repository.saved(B2)
  expect(repository.merge('feature')).toMatchObject({ code: 0 })
  expect(repository.plain()).toBe(BOTH)
  const { file } = await repository.open()
  expect(file.integrity).toBe('sealed')
})

test('takes no MAC of sops from our history for one of theirs, with other keys around its values', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await bySops(repository, '2098-01-01T00:00:00Z')
  repository.git('branch', 'feature')
  await repository.save(A2)
  const later = await bySops(repository, '2098-01-02T00:00:00Z')
  await repository.saved(BOTH)
  repository.git('switch', '--quiet', 'feature')
  // What has no value has no place in a MAC of sops: it verifies all the same.
  repository.commit({ [FILE]: `admin: null\n${later}` })
  expect(repository.plain()).toContain('admin: null')
  repository.git('switch', '--quiet', 'main')
  await expectReplay(repository)
})

test('merges what sops wrote on both sides', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await bySops(repository, '2098-01-01T00:00:00Z')
  await repository.branch('feature', async () => {
    await repository.save(A2)
    await bySops(repository, '2098-01-02T00:00:00Z')
  })
  await repository.save(B2)
  await bySops(repository, '2098-01-03T00:00:00Z')
  expect(repository.merge('feature')).toMatchObject({ code: 0 })
  expect(repository.plain()).toBe(BOTH)
})

async function bySops(repository: MergeRepository, lastModified: string): Promise<string> {
  const text = await asSops(await repository.open(), { lastModified })
  repository.commit({ [FILE]: text })
  return text
}

async function expectReplay(repository: MergeRepository): Promise<void> {
  const ours = repository.read(FILE)
  const ran = repository.merge('feature')
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('[INTEGRITY_REPLAY]')])
  expect(repository.read(FILE)).toBe(ours)
}
