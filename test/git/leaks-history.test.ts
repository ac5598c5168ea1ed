import { beforeEach, expect, test } from 'vitest'
import { leaksIn } from './leak-search.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

const OLD = 'old-x7Kp9qLm2V'
const NEW = 'new-x7Kp9qLm2V'

let repository: MergeRepository
beforeEach(async () => {
  repository = mergeRepository()
  await repository.saved(`password: ${OLD}\n`)
})

const found = (commit: string, path: string, rest = 'here') =>
  `refuse leak ${commit} ${path} password a secret of ${FILE} is readable ${rest}`

test('finds in a range what a later commit takes out again, once, and names the first commit that has it', async () => {
  const start = repository.git('rev-parse', 'HEAD').trim()
  const first = repository.commit({ a: `x\n${OLD}\n` })
  repository.commit({ a: `x\ny\n${OLD}\n`, b: 'clean' })
  const third = repository.commit({ a: 'x\n', b: Buffer.from(`:${OLD}`).toString('base64') })
  repository.commit({ b: '' })
  expect(leaksIn(repository, '--range', `${start}..HEAD`)).toEqual([
    found(first, 'a:2'),
    found(third, 'b:1', 'here (base64)'),
  ])
  expect(leaksIn(repository, '--range', `${third}..HEAD`)).toEqual([])
  expect(leaksIn(repository)).toEqual([])
})

test('knows the values of all versions in a range, before and after it, and of today', async () => {
  const start = repository.git('rev-parse', 'HEAD').trim()
  await repository.saved(`password: ${NEW}\n`)
  await repository.saved('password: newer-x7Kp9qLm2V\n')
  const leak = repository.commit({ a: `${OLD}\n${NEW}\nnewer-x7Kp9qLm2V\nnewest-x7Kp9qLm2V\n` })
  await repository.save('password: newest-x7Kp9qLm2V\n')
  expect([...leaksIn(repository, '--range', `${start}..HEAD`)].sort()).toEqual(
    [1, 2, 3, 4].map((line) => found(leak, `a:${line}`)),
  )
})

test('finds a value in the message of a commit', () => {
  const start = repository.git('rev-parse', 'HEAD').trim()
  const commit = repository.commit({}, `use ${OLD} from now on`)
  expect(leaksIn(repository, '--range', `${start}..`)).toEqual([found(commit, '', 'in the commit message')])
  expect(leaksIn(repository, '--tree', 'HEAD')).toEqual([found(commit, '', 'in the commit message')])
})

test('finds what a merge alone brings, and says of what it takes from a side only where that came from', async () => {
  const start = repository.git('rev-parse', 'HEAD').trim()
  let side = ''
  await repository.branch('side', () => {
    side = repository.commit({ side: OLD })
  })
  repository.commit({ main: 'x' })
  repository.merge('--no-commit', 'side')
  const merge = repository.commit({ evil: OLD })
  const expected = [found(side, 'side:1'), found(merge, 'evil:1')]
  expect(leaksIn(repository, '--range', `${start}..HEAD`)).toEqual(expected)
  expect(leaksIn(repository, '--range', 'side..HEAD')).toEqual([found(merge, 'evil:1')])
})

test('looks through the files of one commit', () => {
  const commit = repository.commit({ a: OLD })
  repository.commit({ a: '' })
  expect(leaksIn(repository, '--tree', commit)).toEqual([found(commit, 'a:1')])
  expect(leaksIn(repository, '--tree', 'HEAD')).toEqual([])
})

test('looks through all history, with stashes, what the reflog has and cached diffs', () => {
  const first = repository.commit({ a: OLD })
  const reset = repository.commit({ b: OLD })
  repository.git('reset', '--hard', '--quiet', 'HEAD~1')
  repository.write('a', 'x')
  repository.write('c', OLD)
  repository.git('add', 'a', 'c')
  repository.git('stash', '--quiet')
  const blob = repository.tryGit(['hash-object', '-w', '--stdin'], { input: `password: ${OLD}\n` }).stdout.trim()
  repository.git('notes', '--ref=textconv/kmsfile', 'add', '-C', blob, blob)
  const lines = leaksIn(repository, '--all-history')
  expect(lines).toContain(found(first, 'a:1'))
  expect(lines).toContain(found(reset, 'b:1'))
  expect(lines.filter((line) => / (?:c|[0-9a-f]{40}):1 password/.test(line))).toHaveLength(2)
  expect(lines).toHaveLength(4)
})

test('needs no work tree', () => {
  const commit = repository.commit({ a: OLD })
  repository.git('clone', '--quiet', '--bare', '.', '../bare')
  const { stdout, code } = repository.kmsfile(['git', 'check', '--leaks', '--tree', 'HEAD', '--json'], {
    env: { GIT_DIR: '.' },
    cwd: '../bare',
  })
  expect(code).toBe(1)
  expect(JSON.parse(stdout).findings).toMatchObject([{ path: 'a', line: 1, commit }])
})

test('refuses a shallow clone, whose commits are not all there', () => {
  repository.commit({ a: 'x' })
  repository.git('clone', '--quiet', '--depth=1', `file://${repository.top}`, '../shallow')
  const { code } = repository.kmsfile(['git', 'check', '--leaks', '--all-history'], { cwd: '../shallow' })
  expect(code).toBe(7)
})
