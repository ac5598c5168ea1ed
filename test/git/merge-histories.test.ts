import { expect, test } from 'vitest'
import { expectNoLeak } from './leaks.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

const BASE = 'a: secret-1\nb: secret-2\nc: secret-3\nd: secret-4\n'
const [A2, B2, C2, D2] = ['a', 'b', 'c', 'd'].map(
  (key) => (text: string) => text.replace(new RegExp(`^${key}: .*$`, 'm'), `${key}: secret-of-${key}`),
) as [Change, Change, Change, Change]
type Change = (text: string) => string

test('reports a conflict of opposite decisions in a history that crosses over', async () => {
  const repository = mergeRepository()
  await repository.saved('a: base\nb: x\n')
  await repository.branch('left', () => repository.saved('a: left\nb: x\n'))
  await repository.branch('right', () => repository.saved('a: right\nb: x\n'))
  // Each side merges the other, and decides for its own.
  for (const [side, other] of [
    ['left', 'right~0'],
    ['right', 'left~1'],
  ] as const) {
    repository.git('switch', '--quiet', side)
    expect(repository.merge(other).code).toBe(1)
    expect(repository.kmsfile(['git', 'resolve', '--ours', FILE]).code).toBe(0)
    repository.commit({})
  }
  expect(repository.git('merge-base', '--all', 'left', 'right').trim().split('\n')).toHaveLength(2)
  const { code, stderr } = repository.merge('left')
  expect([code, stderr]).toEqual([1, expect.stringContaining('conflict (a)')])
  expect(repository.kmsfile(['git', 'resolve', '--theirs', FILE]).code).toBe(0)
  expect(repository.plain()).toBe('a: left\nb: x\n')
})

test.each([
  ['cherry-pick', ['cherry-pick', 'feature']],
  ['rebase', ['rebase', 'feature']],
  ['a merge without fast-forward', ['merge', '--no-edit', '--no-ff', 'feature']],
  ['a merge that prefers ours', ['merge', '--no-edit', '-X', 'ours', 'feature']],
  ['a merge that prefers theirs', ['merge', '--no-edit', '-X', 'theirs', 'feature']],
  ['a squash', ['merge', '--squash', 'feature']],
] as const)('merges by value in %s', async (_name, command) => {
  const repository = await diverged(B2, C2)
  expect(repository.tryGit(command)).toMatchObject({ code: 0 })
  expect(repository.plain()).toBe(B2(C2(BASE)))
  expectNoLeak(repository.top, ['secret-1', 'secret-of-b', 'secret-of-c'], [repository.home])
})

test('merges by value when a commit is taken back', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.saved(B2(BASE))
  await repository.saved(C2(B2(BASE)))
  expect(repository.tryGit(['revert', '--no-edit', 'HEAD~1'])).toMatchObject({ code: 0 })
  expect(repository.plain()).toBe(C2(BASE))
})

test('merges by value when a stash comes back', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.save(B2(BASE))
  repository.git('stash')
  await repository.saved(C2(BASE))
  expect(repository.tryGit(['stash', 'pop'])).toMatchObject({ code: 0 })
  expect(repository.plain()).toBe(B2(C2(BASE)))
})

test('merges by value when a branch is changed with work at hand', async () => {
  const repository = await diverged(B2, C2)
  await repository.save(D2(B2(BASE)))
  expect(repository.tryGit(['checkout', '--merge', 'feature']).code).toBe(0)
  // What was not committed comes along: b is not, d is.
  expect(repository.plain()).toBe(D2(C2(BASE)))
})

test('merges by value when a patch is applied with three versions', async () => {
  const repository = await diverged(B2, C2)
  const patch = repository.git('format-patch', '--stdout', '--no-textconv', '--full-index', '--binary', '-1', 'feature')
  expect(repository.tryGit(['am', '--3way'], { input: patch })).toMatchObject({ code: 0 })
  expect(repository.plain()).toBe(B2(C2(BASE)))
})

test('merges picks one after the other, of which each changes another value', async () => {
  const repository = mergeRepository()
  const many = Array.from({ length: 12 }, (_, i) => `key${i}: value${i}\n`)
  await repository.saved(many.join(''))
  await repository.branch('feature', async () => {
    for (let i = 0; i < 10; i++) {
      many[i] = `key${i}: changed${i}\n`
      await repository.saved(many.join(''))
    }
  })
  await repository.saved(many.map((_, i) => `key${i}: ${i === 11 ? 'ours' : `value${i}`}\n`).join(''))
  repository.git('switch', '--quiet', 'feature')
  expect(repository.tryGit(['rebase', 'main'])).toMatchObject({ code: 0 })
  expect(repository.plain()).toBe(many.map((line, i) => (i === 11 ? 'key11: ours\n' : line)).join(''))
}, 60_000)

test('is asked by git where nothing is checked out, and where a merge is only looked at', async () => {
  const repository = await diverged(B2, C2)
  const tree = repository.git('merge-tree', '--write-tree', 'HEAD', 'feature').trim()
  repository.git('read-tree', '--reset', '-u', tree)
  expect(repository.plain()).toBe(B2(C2(BASE)))
  repository.git('reset', '--hard', '--quiet')

  expect(repository.merge('feature').code).toBe(0)
  const shown = repository.tryGit(['show', '--remerge-diff', '--format='])
  expect(shown.code).toBe(0)
  // The same values; only what is drawn anew differs.
  expect(shown.stdout.match(/^[-+] .*/gm)?.filter((line) => !/ (mac|lastmodified|kmsfile): /.test(line))).toEqual([])
  expect(repository.git('status', '--porcelain')).toBe('')
})

test('follows a file that one side moved', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', async () => {
    repository.git('mv', FILE, 'secrets/moved.yaml')
    repository.commit({})
  })
  await repository.saved(B2(BASE))
  await repository.branch('other', () => repository.saved(C2(BASE), 'secrets/moved.yaml'), 'feature')
  expect(repository.merge('other')).toMatchObject({ code: 0 })
  expect(repository.plain('secrets/moved.yaml')).toBe(B2(C2(BASE)))
})

test('is not asked about a file that one side removed, nor by strategies that know no drivers', async () => {
  const repository = await diverged(B2, C2)
  const ours = repository.read(FILE)
  await repository.branch(
    'gone',
    () => {
      repository.git('rm', '--quiet', FILE)
      repository.commit({})
    },
    'HEAD~1',
  )
  expect(repository.merge('gone').code).toBe(1)
  expect(repository.git('status', '--porcelain')).toBe(`UD ${FILE}\n`)
  expect(repository.read(FILE)).toBe(ours)
  repository.git('merge', '--abort')
  expect(repository.merge('-s', 'ours', 'feature').code).toBe(0)
  expect(repository.read(FILE)).toBe(ours)
  repository.git('reset', '--hard', '--quiet', 'HEAD~1')
  expect(repository.merge('-s', 'resolve', 'feature').code).toBe(1)
  expect(repository.read(FILE)).toMatch(/^<<<<<<< /m)
  expect(repository.kmsfile(['git', 'resolve', FILE])).toMatchObject({ code: 0 })
  expect(repository.plain()).toBe(B2(C2(BASE)))
})

test('refuses to commit by way of several branches at once what they all changed', async () => {
  const repository = await diverged(B2, C2)
  await repository.branch('third', () => repository.saved(D2(BASE)), 'HEAD~1')
  const head = repository.git('rev-parse', 'HEAD')
  expect(repository.merge('feature', 'third').code).not.toBe(0)
  expect(repository.git('rev-parse', 'HEAD')).toBe(head)
  expectNoLeak(repository.top, ['secret-1', 'secret-of-b', 'secret-of-c'], [repository.home])
})

test('stops a rebase at a conflict, and goes on when it is resolved', async () => {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => repository.saved(A2(BASE)))
  await repository.saved(C2(BASE.replace('secret-1', 'other')))
  expect(repository.tryGit(['rebase', 'feature']).code).toBe(1)
  expect(repository.kmsfile(['git', 'resolve', '--path', 'a=theirs', FILE])).toMatchObject({ code: 0 })
  repository.git('add', FILE)
  expect(repository.tryGit(['rebase', '--continue'])).toMatchObject({ code: 0 })
  expect(repository.plain()).toBe(C2(BASE.replace('secret-1', 'other')))
})

async function diverged(ours: Change, theirs: Change): Promise<MergeRepository> {
  const repository = mergeRepository()
  await repository.saved(BASE)
  await repository.branch('feature', () => repository.saved(theirs(BASE)))
  await repository.saved(ours(BASE))
  return repository
}
