import { expect, test } from 'vitest'
import { FILE, mergeRepository } from './merge-repository.ts'

const BASE = Array.from({ length: 9 }, (_, i) => `key${i}: value${i}\n`).join('')

test('lets git merge what is not encrypted, with the exit code and the marks of git', () => {
  const repository = mergeRepository()
  repository.commit({ [FILE]: BASE })
  repository.git('branch', 'feature')
  repository.commit({ [FILE]: BASE.replace('value1', 'ours') })
  repository.git('switch', '--quiet', 'feature')
  repository.commit({ [FILE]: BASE.replace('value7', 'theirs') })
  repository.git('switch', '--quiet', 'main')
  expect(repository.merge('feature')).toMatchObject({ code: 0, stderr: '' })
  expect(repository.read(FILE)).toBe(BASE.replace('value1', 'ours').replace('value7', 'theirs'))

  repository.git('branch', 'other')
  repository.commit({ [FILE]: BASE.replace('value1', 'one') })
  repository.git('switch', '--quiet', 'other')
  repository.commit({ [FILE]: BASE.replace('value1', 'two') })
  repository.git('switch', '--quiet', 'main')
  expect(repository.merge('other')).toMatchObject({ code: 1 })
  expect(repository.read(FILE)).toContain('<<<<<<< ours\nkey1: one\n=======\nkey1: two\n')
})

test('lets git merge a text that merely speaks of encrypted values', () => {
  const repository = mergeRepository()
  const text = `# a value looks like ENC[AES256_GCM,data:...]\n${BASE}`
  repository.commit({ [FILE]: text })
  repository.git('branch', 'feature')
  repository.commit({ [FILE]: text.replace('value1', 'ours') })
  repository.git('switch', '--quiet', 'feature')
  repository.commit({ [FILE]: text.replace('value7', 'theirs') })
  repository.git('switch', '--quiet', 'main')
  expect(repository.merge('feature')).toMatchObject({ code: 0, stderr: '' })
  expect(repository.read(FILE)).toBe(text.replace('value1', 'ours').replace('value7', 'theirs'))
})

test('leaves ours where one side is not encrypted', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  repository.git('branch', 'feature')
  await repository.saved(BASE.replace('value1', 'ours'))
  const ours = repository.read(FILE)
  repository.git('switch', '--quiet', 'feature')
  repository.commit({ [FILE]: BASE.replace('value7', 'theirs') })
  repository.git('switch', '--quiet', 'main')
  const { code, stderr } = repository.merge('feature')
  expect([code, stderr]).toEqual([1, expect.stringContaining('[FILE_NOT_ENCRYPTED]')])
  expect(repository.read(FILE)).toBe(ours)
})

test('merges what both sides encrypted since the version before', async () => {
  const repository = mergeRepository()
  repository.commit({ [FILE]: BASE })
  await repository.branch('feature', () => {
    repository.remove(FILE)
    return repository.saved(BASE.replace('value7', 'theirs'))
  })
  repository.remove(FILE)
  await repository.saved(BASE.replace('value1', 'ours'))
  expect(repository.merge('feature')).toMatchObject({ code: 0 })
  expect(repository.plain()).toBe(BASE.replace('value1', 'ours').replace('value7', 'theirs'))
})

test('leaves ours where a version holds a merge that nobody resolved', async () => {
  const repository = mergeRepository()
  await repository.saved('a: 1\nb: 2\n')
  await repository.branch('one', () => repository.saved('a: 3\nb: 2\n'))
  await repository.branch('two', () => repository.saved('a: 4\nb: 2\n'))
  repository.git('switch', '--quiet', 'one')
  repository.merge('two')
  repository.commit({}, 'past the hooks')
  repository.git('switch', '--quiet', 'main')
  await repository.saved('a: 1\nb: 5\n')
  const ours = repository.read(FILE)
  const { code, stderr } = repository.merge('one')
  expect([code, stderr]).toEqual([1, expect.stringContaining('[FILE_IN_CONFLICT]')])
  expect(repository.read(FILE)).toBe(ours)
})

test('leaves ours where a file cannot be taken apart', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', async () => {
    await repository.save(BASE.replace('value7', 'theirs'))
    repository.commit({ [FILE]: repository.read(FILE).replace('key3:', 'key3: [') })
  })
  await repository.saved(BASE.replace('value1', 'ours'))
  const ours = repository.read(FILE)
  expect(repository.merge('feature')).toMatchObject({ code: 1 })
  expect(repository.read(FILE)).toBe(ours)
})
