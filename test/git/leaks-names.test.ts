import { beforeEach, expect, test } from 'vitest'
import { leaksIn } from './leak-search.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

const VALUE = 'x7Kp9qLm2V'
const IN_NAME = `password a secret of ${FILE} is readable in its name`

let repository: MergeRepository
beforeEach(async () => {
  repository = mergeRepository()
  await repository.saved(`password: ${VALUE}\n`)
})

/** What is found, after a look at whether the value itself was printed anywhere. */
function found(...options: string[]): readonly string[] {
  for (const format of ['--json', '--sarif', '--quiet']) {
    const { stdout, stderr } = repository.kmsfile(['git', 'check', '--leaks', format, ...options])
    expect(stdout + stderr).not.toContain(VALUE)
  }
  return leaksIn(repository, ...options)
}

test('finds a value in the name of a file or folder, and shows the name without it', () => {
  repository.write(`backup-${VALUE}.txt`, 'x')
  repository.write(`a/${VALUE}/${VALUE}/b`, VALUE)
  repository.write(`ä/${encodeURIComponent(VALUE)}ö`, 'x')
  expect(found()).toEqual([
    `refuse leak a/***/***/b ${IN_NAME}`,
    `refuse leak a/***/***/b:1 password a secret of ${FILE} is readable here`,
    `refuse leak backup-***.txt ${IN_NAME}`,
    `refuse leak ä/***ö ${IN_NAME}`,
  ])
})

test('finds it in the index and in commits as well', () => {
  const start = repository.git('rev-parse', 'HEAD').trim()
  const commit = repository.commit({ [`a-${VALUE}`]: 'x' })
  expect(found('--staged')).toEqual([`refuse leak a-*** password a secret of ${FILE} is readable in its name (staged)`])
  repository.git('rm', '--quiet', `a-${VALUE}`)
  repository.git('commit', '--quiet', '--message=x')
  expect(found()).toEqual([])
  expect(found('--range', `${start}..HEAD`)).toEqual([`refuse leak ${commit} a-*** ${IN_NAME}`])
  expect(found('--all-history')).toEqual([`refuse leak ${commit} a-*** ${IN_NAME}`])
})

test('finds it in names of branches and tags, and in the message of a tag', () => {
  repository.git('branch', `fix/${VALUE}`)
  repository.git('tag', `v-${VALUE}`)
  repository.git('tag', '-a', '-m', `with ${VALUE}`, 'noted')
  const names = [`refuse leak refs/heads/fix/*** ${IN_NAME}`, `refuse leak refs/tags/v-*** ${IN_NAME}`]
  expect(found()).toEqual(names)
  expect(found('--all-history')).toEqual([
    ...names,
    `refuse leak refs/tags/noted password a secret of ${FILE} is readable in its message`,
  ])
})

test('does not print it where the secrets file itself is called so', async () => {
  await repository.saved('key: n4meOfItsOwn-77\n', 'secrets/n4meOfItsOwn-77.yaml')
  repository.write('a', 'n4meOfItsOwn-77')
  const { stdout, stderr } = repository.kmsfile(['git', 'check', '--leaks'])
  expect(stdout.replaceAll(/ +/g, ' ').split('\n')).toEqual([
    'a:1 key a secret of secrets/***.yaml is readable here',
    'secrets/***.yaml key a secret of secrets/***.yaml is readable in its name',
    '',
  ])
  expect(stdout + stderr).not.toContain('n4meOfItsOwn')
})

test('takes no offence at a name that has only a part of a value in it', () => {
  repository.write(`backup-${VALUE.slice(1)}.txt`, 'x')
  expect(found()).toEqual([])
})
