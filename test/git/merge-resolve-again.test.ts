import { expect, test } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { hostIn } from '../host/scratch.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

const BASE = 'db:\n  user: base\n  password: base\nkeep: kept\n'
const OURS = BASE.replaceAll('base', 'ours')
const THEIRS = BASE.replaceAll('base', 'theirs')

test('writes nothing over what somebody changed while it asked', async () => {
  const repository = await conflicting()
  const host = hostIn(repository.top, {
    env: { ...repository.env },
    terminal: {
      async ask() {
        repository.git('checkout', '--ours', '--', FILE)
        return 't'
      },
      askHidden: async () => '',
    },
  })
  expect(await run(['git', 'resolve', FILE], host)).toBe(4)
  expect(repository.plain()).toBe(OURS)
})

test('resolves once more what is resolved, where somebody says so', async () => {
  const repository = await conflicting()
  expect(repository.kmsfile(['git', 'resolve', '--ours', FILE]).code).toBe(0)
  const resolved = repository.read(FILE)
  const { code, stderr } = repository.kmsfile(['git', 'resolve', '--theirs', FILE])
  expect([code, stderr]).toEqual([2, expect.stringContaining('--yes')])
  expect(repository.read(FILE)).toBe(resolved)
  expect(repository.kmsfile(['git', 'resolve', '--yes', '--theirs', FILE]).code).toBe(0)
  expect(repository.plain()).toBe(THEIRS)
  repository.git('add', FILE)
  expect(repository.kmsfile(['git', 'resolve', '--theirs', FILE])).toMatchObject({
    code: 0,
    stderr: `${FILE}: not in conflict\n`,
  })
})

test('leaves a file of which one question has no answer as it is, and begins anew', async () => {
  const repository = await conflicting()
  const before = repository.read(FILE)
  expect(repository.kmsfile(['git', 'resolve', '--path', 'db.user=theirs', FILE]).code).toBe(2)
  expect(repository.read(FILE)).toBe(before)
  const args = ['--path', 'db.user=theirs', '--path', 'db.password=ours']
  expect(repository.kmsfile(['git', 'resolve', ...args, FILE]).code).toBe(0)
  expect(repository.plain()).toBe(OURS.replace('user: ours', 'user: theirs'))
})

test.each([
  [['--path', 'db=ours', '--path', 'db.user=theirs']],
  [['--path', 'db.user=theirs', '--path', 'db=ours']],
  [['--path', '.=ours', '--path', '["db"]["user"]=theirs']],
])('heeds the path that says most exactly what is meant: %j', async (args) => {
  const repository = await conflicting()
  expect(repository.kmsfile(['git', 'resolve', ...args, FILE]).code).toBe(0)
  expect(repository.plain()).toBe(OURS.replace('user: ours', 'user: theirs'))
})

test.each([
  ['that say two things', ['--path', 'db.user=ours', '--path', 'db["user"]=theirs']],
  ['without a side', ['--path', 'db.user']],
  ['with another side', ['--path', 'db.user=mine']],
  ['of a part of a key', ['--path', 'db.us=ours']],
  ['that are none', ['--path', '=ours']],
  ['beside both sides', ['--ours', '--theirs']],
])('refuses answers %s, and leaves the file', async (_what, args) => {
  const repository = await conflicting()
  const before = repository.read(FILE)
  expect(repository.kmsfile(['git', 'resolve', ...args, FILE]).code).toBe(2)
  expect(repository.read(FILE)).toBe(before)
})

/** Both sides change two values. */
async function conflicting(): Promise<MergeRepository> {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => repository.saved(THEIRS))
  await repository.saved(OURS)
  expect(repository.merge('feature').code).toBe(1)
  return repository
}
