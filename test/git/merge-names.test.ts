import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FILE, mergeRepository } from './merge-repository.ts'

const NAMES = [
  `x$(touch P)'"y.yaml`,
  'a b.yaml',
  '-x.yaml',
  '--help.yaml',
  'ä\u0308.yaml',
  'line\nbreak.yaml',
  '`touch P`;touch P.yaml',
  '%O%A.yaml',
  '\x1b]0;title\x07.yaml',
]

test.each(NAMES)('merges a file of any name, and runs nothing that is in it: %j', async (name) => {
  const repository = mergeRepository()
  repository.write('.gitattributes', '[attr]kmsfile diff=kmsfile -merge -text\n*.yaml kmsfile\n')
  repository.write('.kmsfile.yaml', repository.read('.kmsfile.yaml').replace('secrets/**', '*.yaml'))
  const path = `./${name}`
  await repository.saved('a: 1\nb: 2\n', path)
  await repository.branch('feature', () => repository.saved('a: 1\nb: 3\n', path))
  await repository.saved('a: 2\nb: 2\n', path)
  expect(repository.merge('feature')).toMatchObject({ code: 0, stderr: '' })
  expect(repository.plain(path)).toBe('a: 2\nb: 3\n')

  await repository.branch('other', () => repository.saved('a: 2\nb: 4\n', path))
  await repository.saved('a: 2\nb: 5\n', path)
  const { code, stderr } = repository.merge('other')
  expect([code, stderr]).toEqual([1, expect.stringContaining('1 conflict (b)')])
  expect(stderr).not.toMatch(/[\x1b\x07]/)
  expect(repository.kmsfile(['git', 'resolve', '--theirs', path])).toMatchObject({ code: 0 })
  expect(repository.plain(path)).toBe('a: 2\nb: 4\n')
  expect(existsSync(join(repository.top, 'P'))).toBe(false)
})

test('runs nothing, and keeps ours, where kmsfile is not on the PATH; with it, git merges the file anew', async () => {
  const repository = mergeRepository()
  const name = `secrets/x$(touch P)'"y.yaml`
  await repository.saved('a: 1\nb: 2\n', name)
  await repository.branch('feature', () => repository.saved('a: 1\nb: 3\n', name))
  await repository.saved('a: 2\nb: 2\n', name)
  const ours = repository.read(name)
  const PATH = (repository.env['PATH'] ?? '').split(':').slice(1).join(':')
  const { code, stderr } = repository.tryGit(['merge', '--no-edit', 'feature'], { env: { PATH } })
  expect([code, stderr]).toEqual([1, expect.stringContaining('kmsfile not on PATH')])
  expect(repository.read(name)).toBe(ours)
  expect(existsSync(join(repository.top, 'P'))).toBe(false)
  repository.git('checkout', '--merge', '--', name)
  expect(repository.plain(name)).toBe('a: 2\nb: 3\n')
})

test('keeps the mode of a file, and takes a change of it from the other side', async () => {
  const repository = mergeRepository()
  await repository.saved('a: 1\nb: 2\n')
  await repository.branch('feature', async () => {
    await repository.save('a: 1\nb: 3\n')
    repository.git('add', FILE)
    repository.git('update-index', '--chmod=+x', FILE)
    repository.git('commit', '--quiet', '--message=x')
    repository.git('reset', '--hard', '--quiet')
  })
  await repository.saved('a: 2\nb: 2\n')
  expect(repository.merge('feature')).toMatchObject({ code: 0 })
  expect(repository.git('ls-files', '--stage', FILE)).toMatch(/^100755 /)
  expect(repository.plain()).toBe('a: 2\nb: 3\n')
})
