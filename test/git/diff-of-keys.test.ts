import { describe, expect, test } from 'vitest'
import { installedRepository, plain } from './installed-repository.ts'
import { FILE, type MergeRepository } from './merge-repository.ts'

/** What differs, as git shows it, and as kmsfile does: lines that came or went. */
function changes(repository: MergeRepository, ...args: string[]): readonly string[] {
  const changed = (text: string) => text.split('\n').filter((line) => /^[-+](?![-+])/.test(line))
  const git = changed(repository.git(...args))
  const { code, stdout, stderr } = repository.kmsfile(['git', ...args])
  expect({ code, stderr, lines: changed(stdout) }).toEqual({ code: 0, stderr: '', lines: git })
  return git
}

describe('what changed of how a file is encrypted, is all that is shown', () => {
  test('where it got a new data key', async () => {
    const repository = await installedRepository()
    expect(repository.kmsfile(['rotate', '-i', FILE])).toMatchObject({ code: 0 })
    const lines = [
      expect.stringMatching(/^-# kmsfile: encrypted by kmsfile, data key [0-9a-f]{8}$/),
      expect.stringMatching(/^\+# kmsfile: encrypted by kmsfile, data key [0-9a-f]{8}$/),
    ]
    expect(changes(repository, 'diff')).toEqual(lines)
    expect(changes(repository, 'diff', '-U0', '--', FILE)).toEqual(lines)
    repository.commit({}, 'rotated')
    expect(changes(repository, 'log', '-p', '-1')).toEqual(lines)
  })

  test('where somebody may read it who could not, and somebody may not any more', async () => {
    const repository = await installedRepository()
    repository.rule('ana', 'cat')
    expect(repository.kmsfile(['updatekeys', '--yes', FILE])).toMatchObject({ code: 0 })
    const lines = [expect.stringMatching(/^-# kmsfile: for age1/), expect.stringMatching(/^\+# kmsfile: for age1/)]
    expect(changes(repository, 'diff', '--', FILE)).toEqual(lines)
    expect(changes(repository, 'diff', '-U0', '--', FILE)).toEqual(lines)
  })
})

test('where a value changed, its line is all that is shown', async () => {
  const repository = await installedRepository()
  expect(repository.kmsfile(['set', FILE, 'password', '"third"'])).toMatchObject({ code: 0 })
  expect(changes(repository, 'diff')).toEqual(['-password: n3w-and-s3cret', '+password: third'])
  await repository.save(plain('third').replace('db.internal', 'db2.internal'))
  expect(changes(repository, 'diff')).toEqual([
    '-host: db.internal',
    '-password: n3w-and-s3cret',
    '+host: db2.internal',
    '+password: third',
  ])
})
