import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { installedRepository, plain, SECRETS } from './installed-repository.ts'
import { expectNoLeak } from './leaks.ts'
import { FILE } from './merge-repository.ts'

test('whatever git and kmsfile show of values, nothing of it stays', async () => {
  const repository = await installedRepository()
  const { git, home, kmsfile, top, tryGit } = repository
  await repository.branch('other', () => repository.saved(plain('of-the-other-branch')))
  await repository.saved(plain('of-this-branch'))
  repository.merge('other')
  repository.commit({}, 'a conflict')
  await repository.branch('again', () => {
    repository.git('reset', '--quiet', '--hard', 'HEAD~2')
  })
  git('checkout', '--quiet', 'HEAD~', '--', FILE)
  await repository.save(plain('only-here'))
  const reading = [
    ['diff'],
    ['diff', 'HEAD~'],
    ['diff', 'HEAD~', '-m'],
    ['log', '-p', '--all', '-m'],
    ['log', '-p', '--cc'],
    ['show', 'HEAD~'],
    ['whatchanged', '-p'],
    ['reflog', '-p'],
    ['blame', FILE],
    ['grep', '--textconv', 'only-here'],
    ['cat-file', '--textconv', `HEAD~:${FILE}`],
    ['log', '-S', 'n3w-and', '--oneline', '-p', 'other'],
    ['log', '-G', 'n3w.and', '--oneline', '-p', 'other'],
    ['range-diff', 'HEAD~2..HEAD~', 'HEAD~2..other'],
    ['status', '-v', '-v'],
  ]
  const secrets = [...SECRETS, 'of-the-other-branch', 'of-this-branch', 'only-here']
  for (const args of reading) {
    const { code, stdout, stderr } = tryGit(args)
    expect({ args, code, stderr: stderr.replace(/^.*whatchanged.*\n/gm, '') }).toEqual({ args, code: 0, stderr: '' })
    expect({ args, shows: secrets.some((secret) => stdout.includes(secret)) }).toEqual({ args, shows: true })
  }
  for (const args of [
    ['diff'],
    ['diff', '--values'],
    ['log', '-p', '--all'],
    ['log', '-p', '--values', '-c'],
    ['show'],
  ]) {
    expect({ args, ...kmsfile(['git', ...args]), stdout: '' }).toEqual({ args, code: 0, stderr: '', stdout: '' })
  }
  expect(git('for-each-ref', 'refs/notes')).toBe('')
  expect(readdirSync(join(home, 'tmp'))).toEqual([])
  expectNoLeak(top, secrets, [home])
})
