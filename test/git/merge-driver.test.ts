import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { hostIn } from '../host/scratch.ts'
import { FILE, type MergeRepository, mergeRepository } from './merge-repository.ts'

test('says by its exit code that there is a conflict, also to a reader who has left', async () => {
  const repository = await diverged('a: 2\nb: 1\n', 'a: 3\nb: 1\n')
  const { code } = repository.tryGit([
    '-c',
    'alias.x=!f() { { git merge feature >/dev/null; echo $? >code; } 2>&1 | true; }; f',
    'x',
  ])
  expect([code, repository.read('code')]).toEqual([0, '1\n'])
  expect(repository.git('status', '--porcelain', '--untracked-files=no')).toBe(`UU ${FILE}\n`)
})

test.each([
  ['without arguments', []],
  ['with too few arguments', ['a', 'b', 'c', '7']],
  ['with files that are not there', ['a', 'b', 'c', '7', FILE]],
  ['with folders', ['.', '.', '.', '7', FILE]],
  ['with what looks like options', ['--help', '-h', '--version', '7', FILE]],
])('ends with 1 %s', (_name, args) => {
  const repository = mergeRepository()
  const { code, stdout } = repository.kmsfile(['git', 'merge-driver', ...args])
  expect([code, stdout]).toEqual([1, ''])
})

test('ends with 1 when it is stopped, and leaves our version', async () => {
  const repository = await diverged('a: 2\nb: 1\n', 'a: 1\nb: 3\n')
  const files = await versions(repository)
  const host = hostIn(repository.top, { env: repository.env })
  host.abort()
  expect(await run(['git', 'merge-driver', ...files, '7', FILE], host)).toBe(1)
  expect(repository.read('ours')).toBe(repository.git('show', `HEAD:${FILE}`))
})

test('leaves nothing but the result beside our version', async () => {
  const repository = await diverged('a: 2\nb: 1\n', 'a: 1\nb: 3\n')
  const files = await versions(repository)
  const before = readdirSync(repository.top)
  expect(repository.kmsfile(['git', 'merge-driver', ...files, '7', FILE])).toMatchObject({
    code: 0,
    stdout: '',
    stderr: '',
  })
  expect(readdirSync(repository.top)).toEqual(before)
  expect(readFileSync(join(repository.top, 'theirs'), 'utf8')).toBe(repository.git('show', `feature:${FILE}`))
})

test('calls the versions what git calls them, where git says so', async () => {
  const repository = await diverged('a: 2\nb: 1\n', 'a: 3\nb: 1\n')
  const files = await versions(repository)
  const labels = ['parent of 1234', 'HEAD', '1234 (--a\tsubject\x1b[0m)']
  expect(repository.kmsfile(['git', 'merge-driver', ...files, '7', FILE, ...labels]).code).toBe(1)
  expect(repository.read('ours')).toMatch(/^ +ours: HEAD\n +theirs: 1234 \(--a subject \[0m\)\n/m)
})

test.each([
  ['git before 2.44', ['%S', '%X', '%Y']],
  ['a call without names', []],
  ['empty names', ['', '', '']],
])('calls the versions ours and theirs for %s', async (_name, labels) => {
  const repository = await diverged('a: 2\nb: 1\n', 'a: 3\nb: 1\n')
  const files = await versions(repository)
  expect(repository.kmsfile(['git', 'merge-driver', ...files, '7', FILE, ...labels]).code).toBe(1)
  expect(repository.read('ours')).toMatch(/^ +ours: ours\n +theirs: theirs\n/m)
})

test('never asks anybody, neither on the terminal nor on stdin', async () => {
  const repository = await diverged('a: 2\nb: 1\n', 'a: 1\nb: 3\n')
  const files = await versions(repository)
  const host = hostIn(repository.top, {
    env: { ...repository.env, KMSFILE_AGE_KEY: '' },
    terminal: { ask: () => Promise.reject(new Error('asked')), askHidden: () => Promise.reject(new Error('asked')) },
  })
  host.stdin.on('data', () => {
    throw new Error('read')
  })
  expect(await run(['git', 'merge-driver', ...files, '7', FILE], host)).toBe(1)
  expect(repository.read('ours')).toContain('mac: pending-mac')
})

async function diverged(ours: string, theirs: string): Promise<MergeRepository> {
  const repository = mergeRepository()
  await repository.saved('a: 1\nb: 1\n')
  await repository.branch('feature', () => repository.saved(theirs))
  await repository.saved(ours)
  return repository
}

/** Puts the versions where git would: the names of the files. */
async function versions(repository: MergeRepository): Promise<readonly string[]> {
  for (const [name, revision] of [
    ['base', 'HEAD~1'],
    ['ours', 'HEAD'],
    ['theirs', 'feature'],
  ]) {
    repository.write(String(name), repository.git('show', `${revision}:${FILE}`))
  }
  return ['base', 'ours', 'theirs']
}
